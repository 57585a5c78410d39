#pragma once
// Terminals: whether lines can be rewritten and coloured, and how much fits into one.
#include <string>

namespace gradus {

/// True when the open file is a terminal that obeys control sequences: TERM is not "dumb".
bool is_terminal(int file);

/// True when it is such a terminal and colours are wanted: NO_COLOR is unset or empty (https://no-color.org).
bool is_colourful(int file);

/// Columns of the terminal on standard output; 100 where it does not say, or says 20 or less.
int terminal_columns();

/// As much of a text as fits into so many columns, one per code point. Control characters become blanks.
std::string fitted(const std::string& words, int columns);

}  // namespace gradus
