#pragma once
// The students' commands: list, grade, watch, hint, reset, submit, doctor.
// Each returns the program's exit code: 0 full marks, 1 graded with points missing, 2 wrong usage,
// 3 nothing to grade, 4 submission refused, 75 sandbox too weak.
#include <filesystem>
#include <string>
#include <vector>

#include "grading.hpp"

namespace gradus::grade {

struct Project {
  std::filesystem::path root;  ///< folder of the project
  std::vector<Exercise> exercises;
  Toolchain tools;
  std::filesystem::path cache() const { return root / "build/grade"; }
};

struct GradeCommand {
  std::string exercise{}, todo{};
  std::string seed{};                  ///< hexadecimal; empty: a new seed
  std::string level{}, required{};     ///< sandbox levels; empty: the highest available, and any
  std::string submission{};            ///< a folder or archive instead of exercises/
  std::string json{}, junit{};         ///< additional output files
  bool github = false, first = false;  ///< annotations; stop at the first TODO that fails
};

int list_command(const Project& project);
int grade_command(const Project& project, const GradeCommand& command);
int watch_command(const Project& project, const GradeCommand& command);
int hint_command(const Project& project, const std::string& exercise, const std::string& todo);
int reset_command(const Project& project, const std::string& exercise, const std::string& todo, bool yes);
int solution_command(const Project& project, const std::string& exercise);
int submit_command(const Project& project, const std::string& id);
int doctor_command(const Project& project);
/// Prints the started files that compile on stdout, joined by ';' for CMake,
/// and a sentence about them on stderr (make lecture4 MINE=1).
int mine_command(const Project& project);

/// The exercise with this name, or with this TODO; null when neither is given.
/// Throws Error for unknown names.
const Exercise* chosen(const Project& project, const std::string& exercise, const std::string& todo);
/// The exercise of the first unfinished TODO; null when all are finished.
const Exercise* first_open(const Project& project);

/// Parses a hexadecimal seed, or draws a new one. Throws Error for other text.
std::uint64_t seed_of(const std::string& text);

/// The unmodified exercise file.
std::string original_of(const Project& project, const GradedFile& file);

}  // namespace gradus::grade
