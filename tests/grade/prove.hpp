#pragma once
// Tests the grader: stubs, reference, every known mistake and every known attack must get the right verdict.

#include <filesystem>
#include <iosfwd>
#include <string>

#include "grading.hpp"

namespace gradus::grade {

struct ProveOptions {
  std::filesystem::path root, cache;
  Level level = Level::l1;
  std::string only{};  ///< an exercise, or empty for all
  int seeds = 5;       ///< draws of the reference; half as many divisions of a class, between 2 and 20
  bool quick = true;   ///< one compiler, one sandbox level
  /// Only every sixth mistake of a TODO; mistakes of different TODOs share a build, so their effect on each
  /// other is not checked.
  bool sample = false;
  int jobs = 2;  ///< exercises in parallel
  int slot = 0;  ///< sandbox slot
};

/// Runs all parts, or the named one, with one process per exercise. Prints one line per part and exercise,
/// then the totals. Returns the exit code.
int prove_command(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options, const std::string& part);

struct Count {
  int passed = 0, failed = 0;
  Count& operator+=(const Count& other) {
    passed += other.passed, failed += other.failed;
    return *this;
  }
};

/// The parts. Each prints its failures.
Count prove_stubs(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options);
Count prove_reference(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                      const ProveOptions& options);
Count prove_mistakes(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                     const ProveOptions& options);
Count prove_attacks(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                    const ProveOptions& options);
/// Grades a class once undisturbed, once with kill -9 at random times, and in parts that are killed, run
/// again and merged: the tables must be byte-identical.
Count prove_class(std::ostream& out, const std::vector<Exercise>& exercises, const Toolchain& tools,
                  const ProveOptions& options);

/// Writes a class for trials: some students have finished, some have not begun, most have one known mistake,
/// some a file that does not compile; as folders and archives, with missing files and one invalid archive.
/// `alike`: equal texts recur, so a grader compiles few files; otherwise every file names its student.
void generate_class(const std::filesystem::path& folder, const std::vector<const Exercise*>& exercises,
                    const std::filesystem::path& root, std::size_t count, bool alike);

/// A student's lines in place of the library's: tests/grade/mistakes/exNN.txt.
///
///   @ kl.no_half 4.5           the mistake and its TODO: its check fails, and the id is named
///   @ one_too_far 4.5 reads past the end    not a known mistake: the report must contain these words
///   @ right.own_tape 8.1       another right answer, which must keep all points
///   - the library's line       one or more, found exactly once in one of the exercise's files,
///                              without leading blanks
///   + the student's line       none or more
struct Edit {
  std::string id, todo, words, place;
  bool is_right() const { return id.starts_with("right."); }
  std::vector<std::pair<std::string, std::string>> swaps;  ///< old text, new text
};
std::vector<Edit> read_edits(const std::filesystem::path& file);
/// The file with the mistake applied; empty unless the old lines occur exactly once in this file.
std::optional<std::string> with_mistake(const std::string& source, const Edit& edit);

}  // namespace gradus::grade
