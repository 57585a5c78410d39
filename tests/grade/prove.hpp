#pragma once
// The grader graded: stubs, the reference, every known mistake, every known attack must meet the right
// verdict.
#include <filesystem>
#include <iosfwd>
#include <string>

#include "grading.hpp"

namespace gradus::grade {

struct ProveOptions {
  std::filesystem::path root, cache;
  Level level = Level::l1;
  std::string only{};  ///< an exercise, or empty for all
  int seeds = 5;       ///< of the reference
  bool quick = true;   ///< one compiler, one level
};

/// All parts, or the one that is named; prints a line each and the sum. Returns the exit code.
int prove_command(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options, const std::string& part);

/// Each prints what failed, and returns {passed, failed}.
struct Count {
  int passed = 0, failed = 0;
  Count& operator+=(const Count& other) {
    passed += other.passed, failed += other.failed;
    return *this;
  }
};
Count prove_stubs(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options);
Count prove_reference(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                      const ProveOptions& options);
Count prove_mistakes(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                     const ProveOptions& options);
Count prove_attacks(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                    const ProveOptions& options);

}  // namespace gradus::grade
