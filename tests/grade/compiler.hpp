#pragma once
// A student's file becomes a worker: compiled alone, in a sandbox, and linked with the library without that
// file.
#include <filesystem>
#include <string>

#include "course.hpp"
#include "sandbox.hpp"
#include "state.hpp"

namespace gradus::grade {

/// What became of one file.
struct Built {
  State state = State::pass;       ///< pass, compile_error, or banned_call
  std::filesystem::path worker{};  ///< when it passed
  std::string sentence{};          ///< one plain sentence, when it did not
  std::string compiler{};          ///< the compiler's own words (errors, or warnings)
  bool fresh = true;               ///< false: taken from the cache
  double seconds = 0;              ///< that this text took, without what is made once for all texts
};

/// How students' files are compiled; CMake wrote it down (grade.json).
struct Toolchain {
  std::string compiler, flags;
  std::vector<std::filesystem::path> folders,
      runtime;  ///< of a compiler that is not the system's, and its libraries'
  std::vector<std::string> worker_objects, libraries;
  std::filesystem::path archive, include;
  std::vector<std::string>
      solutions;  ///< compiled for the students' copy: handed_out_float.dir/... and handed_out_double.dir/...
  std::string system, gcc;  ///< that they were compiled for, "Linux-x86_64", and by which GCC, "12"
  bool whole = true;        ///< false: a students' copy without compiled solutions for this system

  /// Throws Error when the file is missing or incomplete.
  static Toolchain read(const std::filesystem::path& file);
};

struct BuildOptions {
  Level level = Level::l1;
  std::string compiler{}, extra_flags{};  ///< instead of, and besides, the toolchain's (proofs)
  int slot = 0;
  bool also_float = true;  ///< must compile in the precision that lectures train with, too
};

/// Compiles `source`, which stands for file.source of the library. Results are kept under `cache` by their
/// content. Throws Error when something of ours fails.
Built build(const Toolchain& tools, const GradedFile& file, const std::string& source,
            const std::filesystem::path& cache, const BuildOptions& options);

/// Why a file cannot be read as a source: it has zero bytes, as UTF-16 does. Empty when it can.
std::string no_plain_text(const std::string& source);

/// The compiler's words, told plainly where the pattern is known; empty where it is not.
std::string plain_words(const std::string& compiler_text);

/// SHA-256 in hexadecimal.
std::string digest(std::string_view text);
/// HMAC-SHA256(key, text), its first eight bytes.
std::uint64_t keyed_digest(std::string_view key, std::string_view text);

}  // namespace gradus::grade
