#pragma once
// Results, written for a person at a terminal.
#include <iosfwd>
#include <string>

#include "grading.hpp"

namespace gradus::grade {

/// Control characters of others made visible, every line after a prefix; nothing that they print can be taken
/// for ours.
std::string quoted(const std::string& text, const std::string& prefix, std::size_t most_lines = 12);

/// One line of the same, without a prefix.
std::string visible(const std::string& text);

/// The first line with a control character that turns the direction of writing (U+061C, U+200E .. U+2069):
/// there a source does not read as it compiles. 0 when there is none.
int line_that_turns(const std::string& text);

void print_heading(std::ostream& out, const ExerciseResult& result, bool colour);
/// `compiler`: whether to print the compiler's words as well (once a file is enough).
void print_todo(std::ostream& out, const TodoResult& todo, bool colour, bool compiler = true);

}  // namespace gradus::grade
