#include "runner/source.hpp"

#include <algorithm>
#include <array>

#include "gradus/base/check.hpp"
#include "runner/page.hpp"

namespace gradus::lecture {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_keyword(std::string_view word) {
  static constexpr std::array words{
      "auto",      "bool",     "break",     "case",   "catch",    "char",     "class",    "const",
      "constexpr", "continue", "default",   "delete", "do",       "double",   "else",     "enum",
      "explicit",  "false",    "float",     "for",    "friend",   "if",       "inline",   "int",
      "long",      "mutable",  "namespace", "new",    "noexcept", "nullptr",  "operator", "override",
      "private",   "public",   "return",    "short",  "sizeof",   "static",   "struct",   "switch",
      "template",  "this",     "throw",     "true",   "try",      "typename", "unsigned", "using",
      "virtual",   "void",     "volatile",  "while"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A piece of the code and its class: 'c' comment, 's' string, 'n' number, 'k' keyword, ' ' anything else.
struct Token {
  char kind = ' ';
  std::size_t size = 1;
};

/// The length of a string or character that begins at the quote code[0].
std::size_t quoted(std::string_view code) {
  std::size_t i = 1;
  while (i < code.size() && code[i] != code[0] && code[i] != '\n') i += code[i] == '\\' ? 2 : 1;
  return std::min(i + 1, code.size());
}

/// The token at the beginning of the code, which is not empty.
Token next_token(std::string_view code) {
  const auto until = [&](std::string_view end, std::size_t from, std::size_t extra) {
    const std::size_t found = code.find(end, from);
    return found == code.npos ? code.size() : found + extra;
  };
  const char c = code[0];
  if (code.starts_with("//")) return {'c', until("\n", 2, 0)};
  if (code.starts_with("/*")) return {'c', until("*/", 2, 2)};
  if (code.starts_with("R\"")) {
    const std::size_t open = std::min(code.find('('), code.size());
    return {'s', until(")" + std::string(code.substr(2, open - std::min<std::size_t>(open, 2))) + "\"", 2,
                       open > 2 ? open : 2)};
  }
  if (c == '"' || c == '\'') return {'s', quoted(code)};
  std::size_t size = 1;
  if (is_letter(c)) {
    while (size < code.size() && (is_letter(code[size]) || is_digit(code[size]))) ++size;
    return {is_keyword(code.substr(0, size)) ? 'k' : ' ', size};
  }
  if (is_digit(c)) {
    while (size < code.size() &&
           (is_letter(code[size]) || is_digit(code[size]) || code[size] == '.' ||
            (code[size] == '\'' && size + 1 < code.size() && is_digit(code[size + 1])) ||
            ((code[size] == '-' || code[size] == '+') && code[size - 1] == 'e')))
      ++size;
    return {'n', size};
  }
  return {};
}

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t end = line.find_last_not_of(' ');
  return end == line.npos ? "" : line.substr(begin, end + 1 - begin);
}

/// The last line of the definition that begins at `line`: the closing brace, or the semicolon.
std::size_t end_of(const std::vector<std::string>& lines, std::size_t line) {
  int depth = 0;
  for (std::size_t i = line; i <= lines.size(); ++i) {
    std::string_view rest = lines[i - 1];
    while (!rest.empty()) {
      const Token token = next_token(rest);
      const char c = token.kind == ' ' ? rest[0] : ' ';
      rest.remove_prefix(token.size);
      depth += (c == '{' || c == '(') - (c == '}' || c == ')');
      const std::string_view after = trimmed(rest);
      const bool whole = after.empty() || after.starts_with(';') || after.starts_with("//");
      if (depth <= 0 && (c == ';' || (c == '}' && whole))) return i;
    }
  }
  return lines.size();
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> highlighted(std::string_view code) {
  std::string all;
  while (!code.empty()) {
    const Token token = next_token(code);
    const std::string words = page::escaped(code.substr(0, token.size));
    const std::string open = token.kind == ' ' ? "" : text("<span class=\"", token.kind, "\">"),
                      close = open.empty() ? "" : "</span>";
    all += open;
    for (const char c : words) {
      all += c == '\n' ? close + "\n" + open : std::string(1, c);  // a span ends with its line
    }
    all += close;
    code.remove_prefix(token.size);
  }
  return lines_of(all);
}

Range range_of(const std::vector<std::string>& lines, std::size_t line, std::size_t most) {
  if (line == 0 || line > lines.size()) return {1, 0};
  Range range{line, end_of(lines, line)};
  while (range.first > 1) {
    const std::string_view above = trimmed(lines[range.first - 2]);
    if (!above.starts_with("//") && !above.starts_with("template <")) break;
    --range.first;
  }
  range.last = std::min(range.last, range.first + most - 1);
  return range;
}

bool is_mark(std::string_view line) {
  line = trimmed(line);
  return line.starts_with("// [") && line.ends_with("]") && line.size() > 5 &&
         (line == "// [end]" || is_digit(line[4]));
}

std::string text_line(std::size_t number, const std::string& html, bool anchor) {
  const std::string digits = std::to_string(number);
  return "<span class=\"line\"" + (anchor ? " id=\"L" + digits + "\"" : "") + "><span class=\"number\">" +
         digits + "</span>" + html + "</span>";
}

}  // namespace gradus::lecture
