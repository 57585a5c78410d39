#pragma once
// What students do: list, grade, watch, hint, reset, submit, doctor. Each returns the program's exit code:
// 0 full marks, 1 graded with points missing, 2 wrong usage, 3 nothing to grade, 4 submission refused, 75
// sandbox too weak.
#include <filesystem>
#include <string>
#include <vector>

#include "grading.hpp"

namespace gradus::grade {

struct Place {
  std::filesystem::path root;  ///< of the project
  std::vector<Exercise> exercises;
  Toolchain tools;
  std::filesystem::path cache() const { return root / "build/grade"; }
};

struct GradeCommand {
  std::string exercise{}, todo{};
  std::string seed{};                  ///< hexadecimal; empty: a fresh one
  std::string level{}, required{};     ///< sandbox levels; empty: the best there is, and any
  std::string submission{};            ///< a folder or archive instead of exercises/
  std::string json{}, junit{};         ///< files to write as well
  bool github = false, first = false;  ///< annotations; only up to the first TODO that did not pass
};

int list_command(const Place& place);
int grade_command(const Place& place, const GradeCommand& command);
int watch_command(const Place& place, const GradeCommand& command);
int hint_command(const Place& place, const std::string& exercise, const std::string& todo);
int reset_command(const Place& place, const std::string& exercise, const std::string& todo, bool yes);
int solution_command(const Place& place, const std::string& exercise);
int submit_command(const Place& place, const std::string& id);
int doctor_command(const Place& place);
/// Files that were begun and compile, joined by ';' for CMake, on stdout; in words on stderr (make lecture4
/// MINE=1).
int mine_command(const Place& place);

/// The exercise that is named, or that has this TODO; null when neither is said. Throws Error for unknown
/// names.
const Exercise* chosen(const Place& place, const std::string& exercise, const std::string& todo);
/// The exercise of the first TODO that is not done; null when all are.
const Exercise* first_open(const Place& place);

/// A hexadecimal seed, or a fresh one. Throws Error for other text.
std::uint64_t seed_of(const std::string& text);

/// The untouched exercise file.
std::string original_of(const Place& place, const GradedFile& file);

}  // namespace gradus::grade
