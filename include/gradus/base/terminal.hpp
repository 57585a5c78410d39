#pragma once
// Terminals: support for rewriting and colouring lines, and the width of a line.
#include <string>

namespace gradus {

/// True when the file descriptor is a terminal that obeys control sequences (TERM is not "dumb").
bool is_terminal(int file);

/// True when it is such a terminal and colours are enabled: NO_COLOR is unset or empty
/// (https://no-color.org).
bool is_colourful(int file);

/// Columns of the terminal on standard output; 100 where the width is unknown or at most 20.
int terminal_columns();

/// The text cut to `columns` columns, one column per code point. Control characters become blanks.
std::string fitted(const std::string& words, int columns);

}  // namespace gradus
