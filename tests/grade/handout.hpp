#pragma once
// The students' copy of the project for a closed course: everything but the solutions, and checks as recorded
// numbers.
#include "commands.hpp"

namespace gradus::grade {

/// Writes the zip: the project without graded library files, the sources of the checks, mistakes, attacks and
/// the other tests; with the untouched exercise files (exercises/.original) and recorded checks
/// (exercises/recorded.json.gz). The same project gives the same bytes. Throws Error when a line of a
/// solution is found in it.
int handout_command(const Place& place, const std::filesystem::path& file);

/// Writes the zip that Gradescope asks for: setup.sh and run_autograder in front of the whole project.
int autograder_command(const Place& place, const std::filesystem::path& file);

}  // namespace gradus::grade
