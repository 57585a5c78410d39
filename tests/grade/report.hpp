#pragma once
// Results for a terminal.
#include <iosfwd>
#include <string>

#include "grading.hpp"

namespace gradus::grade {

/// Makes control characters visible and puts a prefix before every line,
/// so that untrusted output cannot be mistaken for the grader's.
std::string quoted(const std::string& text, const std::string& prefix, std::size_t most_lines = 12);

/// The same for a single line, without a prefix.
std::string visible(const std::string& text);

/// The first line with a control character that changes the text direction (U+061C, U+200E ..
/// U+2069), where a source does not read as it compiles. 0 when there is none.
int line_that_turns(const std::string& text);

void print_heading(std::ostream& out, const ExerciseResult& result, bool colour);
/// `compiler`: whether to print the compiler's output as well (once per file is enough).
void print_todo(std::ostream& out, const TodoResult& todo, bool colour, bool compiler = true);

}  // namespace gradus::grade
