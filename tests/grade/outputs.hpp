#pragma once
// Machine-readable results and e-mail feedback: one writer per format, each with its own escaping.
#include <string>
#include <vector>

#include "grading.hpp"

namespace gradus::grade {

/// Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
/// `complete` false: a placeholder without a score, so that an interrupted run is not recorded as a grade.
std::string gradescope_json(const std::vector<ExerciseResult>& results, bool complete,
                            const std::vector<std::string>& notes);

/// JUnit XML: one suite per exercise, one case per check. A wrong answer is a failure;
/// every other outcome is an error with its type.
std::string junit_xml(const std::vector<ExerciseResult>& results);

/// GitHub Actions workflow commands, one per unfinished TODO, on its line.
/// Untrusted text cannot start a command.
std::string github_annotations(const std::vector<ExerciseResult>& results);
/// Markdown: a table for the job's summary page, and feedback for a student.
std::string markdown(const std::vector<ExerciseResult>& results, const std::string& title,
                     const std::vector<std::string>& notes);

/// One cell of a CSV line, quoted where needed.
/// A cell that a spreadsheet would evaluate (=, +, -, @) begins with an apostrophe.
std::string csv_cell(const std::string& text);

/// "91c4e07a"
std::string hexadecimal(std::uint64_t number);

}  // namespace gradus::grade
