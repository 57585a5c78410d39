#pragma once
// Source code for a page: highlighted lines, and the lines of one symbol.
#include <string>
#include <string_view>
#include <vector>

namespace gradus::lecture {

/// The lines of a text, without line ends.
std::vector<std::string> lines_of(std::string_view text);

/// The lines of C++ code as HTML: comments, strings, numbers and keywords are in a span of the classes c, s,
/// n, k.
std::vector<std::string> highlighted(std::string_view code);

/// A range of lines, counted from 1; both ends belong to it.
struct Range {
  std::size_t first = 0, last = 0;
};

/// The lines of the function, struct or declaration that begins at `line`, with the comment above it.
/// At most `most` lines. An empty range {1, 0} when there is no such line.
Range range_of(const std::vector<std::string>& lines, std::size_t line, std::size_t most = 70);

/// True for a line with only an exercise's mark: `// [4.5]` or `// [end]`.
bool is_mark(std::string_view line);

/// A line of code with its number, as HTML. With `anchor`, #L21 leads to it.
std::string text_line(std::size_t number, const std::string& html, bool anchor = false);

}  // namespace gradus::lecture
