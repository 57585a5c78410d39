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
  std::string only{};   ///< an exercise, or empty for all
  int seeds = 5;        ///< of the reference
  bool quick = true;    ///< one compiler, one level
  bool sample = false;  ///< of the mistakes, every fourth of a TODO
  int jobs = 2;         ///< exercises at a time
  int slot = 0;         ///< of the sandbox
};

/// All parts, or the one that is named, an exercise at a time in a process of its own; prints a line each and
/// the sum. Returns the exit code.
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
/// A class is graded once undisturbed and once with kill -9 at random moments: the tables must be the same
/// bytes.
Count prove_class(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options);

/// What a student writes instead of the library's lines: tests/grade/mistakes/exNN.txt.
///
///   @ kl.no_half 4.5           the mistake and its TODO: its check fails, and the id is named
///   @ one_too_far 4.5 reads past the end    the same, for what is no known mistake: these words are said
///   @ right.own_tape 8.1       another right answer, which keeps all points
///   - the library's line       one or more, found exactly once in one of the exercise's files (leading
///   blanks aside)
///   + the student's            none or more
struct Edit {
  std::string id, todo, words, place;
  bool is_right() const { return id.starts_with("right."); }
  std::vector<std::pair<std::string, std::string>> swaps;  ///< old text, new text
};
std::vector<Edit> read_edits(const std::filesystem::path& file);
/// The file with the mistake in it; nothing when the old lines are not in this file exactly once.
std::optional<std::string> with_mistake(const std::string& source, const Edit& edit);

}  // namespace gradus::grade
