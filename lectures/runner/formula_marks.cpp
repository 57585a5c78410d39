#include "runner/formula_marks.hpp"

#include <algorithm>

namespace gradus::lecture {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Private characters of Unicode enclose the number of a formula: U+E000 and U+E001.
constexpr std::string_view mark_begin = "\xee\x80\x80", mark_end = "\xee\x80\x81";

/// The length of the fenced block or inline code at the beginning of the text, else 0.
std::size_t code_size(std::string_view text, bool line_begins) {
  const std::size_t ticks = std::min(text.find_first_not_of('`'), text.size());
  if (ticks == 0) return 0;
  const std::string fence = (line_begins && ticks >= 3 ? "\n" : "") + std::string(ticks, '`');
  const std::size_t paragraph =
      line_begins && ticks >= 3 ? text.size() : std::min(text.find("\n\n"), text.size());
  for (std::size_t i = text.find(fence, ticks); i < paragraph; i = text.find(fence, i + 1)) {
    const std::size_t after = std::min(text.find_first_not_of('`', i + fence.size()), text.size());
    if (after == i + fence.size()) return after;  // exactly as many backticks as at the beginning
    i = after;
  }
  return ticks;
}

/// The length of the formula at the beginning of the text, with its dollar signs, else 0.
std::size_t formula_size(std::string_view text, char before) {
  const std::size_t dollars = text.starts_with("$$") ? 2 : 1;
  if (text.size() <= 2 * dollars || is_word(before) || before == '\\') return 0;
  if (dollars == 1 && is_blank(text[1])) return 0;
  const std::size_t paragraph = std::min(text.find("\n\n"), text.size());
  for (std::size_t i = dollars; i < paragraph; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '$') {
      if (dollars == 2) return text.substr(i).starts_with("$$") ? i + 2 : 0;
      const char after = i + 1 < text.size() ? text[i + 1] : ' ';
      return is_blank(text[i - 1]) || is_word(after) ? 0 : i + 1;
    }
  }
  return 0;
}

}  // namespace

std::string formula_mark(std::size_t index) {
  return std::string(mark_begin) + std::to_string(index) + std::string(mark_end);
}

std::string with_formulas(std::string_view text, const std::function<std::string(std::size_t)>& replacement) {
  std::string out;
  for (std::size_t begin; (begin = text.find(mark_begin)) != text.npos;) {
    out += text.substr(0, begin);
    text.remove_prefix(begin + mark_begin.size());
    std::size_t index = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1))
      index = 10 * index + static_cast<std::size_t>(text[0] - '0');
    if (text.starts_with(mark_end)) text.remove_prefix(mark_end.size());
    out += replacement(index);
  }
  return out + std::string(text);
}

std::string without_formulas(std::string_view text, std::vector<Formula>& formulas) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char before = i == 0 ? '\n' : text[i - 1];
    std::size_t size = 0;
    if (text[i] == '`') {
      size = code_size(text.substr(i), before == '\n');
      out += text.substr(i, size);
    } else if (text[i] == '$' && (size = formula_size(text.substr(i), before)) > 0) {
      const std::size_t dollars = text.substr(i).starts_with("$$") ? 2 : 1;
      out += formula_mark(formulas.size());
      formulas.push_back({std::string(text.substr(i + dollars, size - 2 * dollars)), dollars == 2});
    } else {
      size = text.substr(i).starts_with("$$") ? 2 : 1;
      out += text.substr(i, size);
    }
    i += size;
  }
  return out;
}

}  // namespace gradus::lecture
