#pragma once
// Compiles and links one source text in the sandbox. Results are not cached here; compiler.hpp caches them.
#include <filesystem>
#include <string>
#include <vector>

#include "compiler.hpp"

namespace gradus::grade {

/// Builds source texts that replace one file of the library.
class Attempt {
 public:
  /// Makes the library without that file if `cache` does not hold it. Throws Error when that fails.
  Attempt(const Toolchain& tools, const GradedFile& file, const std::filesystem::path& cache,
          const BuildOptions& options);

  /// Everything that the result for one text depends on.
  std::string key(const std::string& source) const;

  struct Result {
    Built built;
    bool doubtful = false;  ///< possibly caused by this machine: process stopped, or no space left
  };
  /// Compiles and links. The program is copied to `worker`, unless that is empty.
  Result run(const std::string& source, const std::filesystem::path& worker) const;

  const GradedFile& file() const { return file_; }

 private:
  std::vector<std::string> command_with(const std::string& flags, const std::string& extra) const;
  /// The precompiled header that this text can begin with; empty when there is none.
  std::filesystem::path precompiled_header(const std::string& source, const std::string& flags) const;
  Outcome compile(class Scratch& scratch, const std::filesystem::path& header, const std::string& flags,
                  const std::vector<std::string>& rest) const;
  Outcome compile_both(Scratch& scratch, const std::string& source, Built& built) const;
  Outcome link(Scratch& scratch, const std::filesystem::path& object) const;
  Outcome make_worker(Scratch& scratch, const std::filesystem::path& worker, Built& built) const;
  std::string forbidden_symbol(Scratch& scratch, const std::filesystem::path& object) const;

  const Toolchain& tools_;
  const GradedFile& file_;
  const std::filesystem::path& cache_;
  const BuildOptions& options_;
  std::string compiler_;
  bool clang_;
  std::filesystem::path slim_;  ///< the library without this file
};

}  // namespace gradus::grade
