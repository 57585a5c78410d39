#pragma once
// The students' copy of the project for a closed course: everything except the solutions,
// with checks as recorded numbers.
#include "commands.hpp"

namespace gradus::grade {

/// Writes the zip: the project without graded library files and without the sources of the checks,
/// mistakes, attacks and other tests, plus the unmodified exercise files (exercises/.original)
/// and recorded checks (exercises/recorded.json.gz). The same project gives the same bytes.
/// Throws Error when it contains a line of a solution.
int handout_command(const Project& project, const std::filesystem::path& file);

/// Writes the zip for Gradescope: setup.sh and run_autograder at the top level, then the whole project.
int autograder_command(const Project& project, const std::filesystem::path& file);

}  // namespace gradus::grade
