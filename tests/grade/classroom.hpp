#pragma once
// A whole class: many submissions, in parallel, resumable after a kill -9, and one submission for Gradescope.
#include "commands.hpp"

namespace gradus::grade {

struct ClassCommand {
  std::filesystem::path submissions;  ///< a folder; every folder or archive in it is a student, named by it
  std::filesystem::path out{};        ///< gradebook.csv, feedback/, mistakes.csv, journal.jsonl
  std::filesystem::path key_file{};
  std::string regrade{}, required = "L2", exercise{};
  bool accept_level = false;
  int jobs = 2;
  bool wants(const Exercise& one) const { return exercise.empty() || one.is_named(exercise); }
};

/// The journal has one line a student and exercise: what was found, with a checksum. A line that was cut off
/// is ignored, one whose submission has not changed is not graded again; all tables are made from it, so that
/// they do not depend on interruptions, and a run of one exercise keeps what earlier runs found of the
/// others.
int class_command(const Place& place, const ClassCommand& command);

/// Writes a valid results file at once, again after every exercise, and always ends with exit code 0.
int gradescope_command(const Place& place, const GradeCommand& command, const std::filesystem::path& key_file,
                       const std::filesystem::path& results);

/// Tries ten harmless escapes from the sandbox; the ones that worked. Empty when all walls hold.
std::vector<std::string> escapes(Level level);
/// The same from the inside: prints what works, one a line (gradus-grade escape).
int escape_command(const std::string& project_file);

}  // namespace gradus::grade
