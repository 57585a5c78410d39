#pragma once
// Makes exercise files from the library's: the code between `// [4.5]` and `// [end]` is replaced by the text
// of the task (tasks.md) and a call of todo("4.5").
//
//   // [4.5]     a region of TODO 4.5
//   code
//   // [end]
//
//   // [4]       a region without a TODO: helpers of the solution, removed entirely
#include <map>
#include <string>
#include <vector>

#include "course.hpp"

namespace gradus::grade {

/// Without spaces at both ends.
std::string trimmed(const std::string& line);
/// The same text with comments replaced by spaces.
std::string without_comments(std::string text);

/// The exercise file of a library file. Throws Error for an unclosed or nested region and for an unknown id.
std::string stub_of(const GradedFile& file, const std::string& source);

/// Line of the call todo("4.5") in a source, from 1; 0 when there is none outside comments.
int open_line(const std::string& source, const std::string& todo);
/// Line of the task's comment, TODO(4.5), or 0.
int task_line(const std::string& source, const std::string& todo);
/// The line after the last line before the task that begins with '}', where its function may begin; or 0.
/// If `source` lacks the task's comment, the function is found by its type and name in `original`, the
/// library's file or the exercise's.
int function_line(const std::string& source, const std::string& todo, const std::string& original = "");

/// The solution's own lines (trimmed, at least 12 characters), which must not appear in a hand-out.
std::vector<std::string> solution_lines(const std::string& source);

}  // namespace gradus::grade
