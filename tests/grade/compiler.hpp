#pragma once
// Builds a worker from a student's file: compiles it alone in a sandbox,
// and links it with the library without that file.
#include <filesystem>
#include <string>

#include "course.hpp"
#include "sandbox.hpp"
#include "state.hpp"

namespace gradus::grade {

/// Result of building one file.
struct Built {
  State state = State::pass;       ///< pass, compile_error or banned_call
  std::filesystem::path worker{};  ///< set when it passed
  std::string sentence{};          ///< one plain sentence when it failed
  std::string compiler{};          ///< the compiler's output (errors or warnings)
  bool fresh = true;               ///< false: taken from the cache
  double seconds = 0;              ///< spent on this text, without work shared by all texts
};

/// How students' files are compiled, as written by CMake: grade.conf, one `name=value` per line,
/// lists with ';'.
struct Toolchain {
  std::string compiler, flags;
  /// Folders of a compiler outside the system's folders, and of its libraries.
  std::vector<std::filesystem::path> folders, runtime;
  std::vector<std::string> worker_objects, libraries;
  std::filesystem::path archive, include;
  /// Compiled for the students' copy: handed_out_float.dir/... and handed_out_double.dir/...
  std::vector<std::string> solutions;
  std::string system, gcc;  ///< target of `solutions`, "Linux-x86_64", and their GCC, "12"
  bool whole = true;        ///< false: a students' copy without compiled solutions for this system

  /// Throws Error when the file is missing or incomplete.
  static Toolchain read(const std::filesystem::path& file);
};

struct BuildOptions {
  Level level = Level::l1;
  std::string compiler{}, extra_flags{};  ///< replace and extend the toolchain's (proofs)
  int slot = 0;
  bool also_float = true;  ///< must also compile in the lectures' training precision
};

/// Compiles `source` in place of file.source of the library. Results are cached under `cache` by content.
/// Throws Error when the grader itself fails.
Built build(const Toolchain& tools, const GradedFile& file, const std::string& source,
            const std::filesystem::path& cache, const BuildOptions& options);

/// Reports a file that is not readable as source because it has zero bytes, as in UTF-16. Empty otherwise.
std::string no_plain_text(const std::string& source);

/// The compiler's output as one plain sentence if its pattern is known; empty otherwise.
std::string plain_words(const std::string& compiler_text);

/// SHA-256 in hexadecimal.
std::string digest(std::string_view text);
/// The first eight bytes of HMAC-SHA256(key, text).
std::uint64_t keyed_digest(std::string_view key, std::string_view text);

}  // namespace gradus::grade
