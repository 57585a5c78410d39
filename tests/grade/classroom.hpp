#pragma once
// Grades a whole class in parallel, resumable after kill -9, and single submissions for Gradescope.
#include <optional>

#include "commands.hpp"

namespace gradus::grade {

struct ClassCommand {
  std::filesystem::path submissions;  ///< a folder with one folder or archive per student, named by student
  std::filesystem::path out{};        ///< gradebook.csv, feedback/, mistakes.csv, journal.jsonl, parts/
  std::filesystem::path key_file{};
  std::string regrade{}, required = "L2", exercise{};
  std::optional<std::string> part{};  ///< "3/16": only this share of the students; no tables
  bool accept_level = false;
  int jobs = 2;
  bool wants(const Exercise& one) const { return exercise.empty() || one.is_named(exercise); }
};

/// The journal has one line per student and exercise: the result with a checksum. Truncated lines
/// are ignored, and unchanged submissions are not graded again. All tables are made from the journal,
/// so they do not depend on interruptions, and a run of one exercise keeps earlier results of the others.
int class_command(const Project& project, const ClassCommand& command);

/// The command with absolute folders; the results are beside the submissions unless another place is given.
ClassCommand with_folders(ClassCommand command);
/// Reserves the folder of results until this process ends. Throws Error when another run is using it.
void lock_folder(const std::filesystem::path& folder);

/// Writes a valid results file at once and after every exercise. Always ends with exit code 0.
int gradescope_command(const Project& project, const GradeCommand& command,
                       const std::filesystem::path& key_file, const std::filesystem::path& results);

/// Tries ten harmless escapes from the sandbox and returns those
/// that succeeded; empty when the sandbox holds.
std::vector<std::string> escapes(Level level);
/// The inner half of the same test: prints each escape that succeeds on its own line (gradus-grade escape).
int escape_command(const std::string& project_file);

}  // namespace gradus::grade
