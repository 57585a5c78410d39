#pragma once
// Results, written for machines and for e-mail: one writer a format, each with its own escaping.
#include <string>
#include <vector>

#include "grading.hpp"

namespace gradus::grade {

/// Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
/// `complete` false: a placeholder without any number, so that an interruption is no grade.
std::string gradescope_json(const std::vector<ExerciseResult>& results, bool complete,
                            const std::vector<std::string>& notes);

/// JUnit XML: a suite an exercise, a case a check; wrong is a failure, every other end an error with its
/// type.
std::string junit_xml(const std::vector<ExerciseResult>& results);

/// GitHub Actions: workflow commands, one an unfinished TODO, on its line. Text from outside cannot start a
/// command.
std::string github_annotations(const std::vector<ExerciseResult>& results);
/// A table for the job's summary page, and feedback for a student: Markdown.
std::string markdown(const std::vector<ExerciseResult>& results, const std::string& title,
                     const std::vector<std::string>& notes);

/// One cell of a CSV line: quoted where needed; a cell that a spreadsheet would compute (=, +, -, @) begins
/// with an apostrophe.
std::string csv_cell(const std::string& text);

/// "91c4e07a"
std::string hexadecimal(std::uint64_t number);

}  // namespace gradus::grade
