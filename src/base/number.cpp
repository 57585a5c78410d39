#include "gradus/base/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "gradus/base/real.hpp"

namespace gradus {
namespace {

std::string formatted(double value, std::chars_format format, int digits) {
  if (std::isnan(value)) return "nan";
  std::array<char, 512> buffer{};  // the largest double has 309 digits before the point
  const auto [end, code] = std::to_chars(buffer.begin(), buffer.end(), value, format, digits);
  return code == std::errc() ? std::string(buffer.begin(), end) : significant(value, 17);
}

/// Whether this decimal number, which is out of the range of double, is below 1. The position of its first
/// nonzero digit, relative to the point, plus the exponent decides.
bool below_one(std::string_view text) {
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, e);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), e));
  const auto first = static_cast<std::int64_t>(std::min(digits.find_first_of("123456789"), e));
  const std::int64_t before = point - first;  // 12.5: 2    0.5: -1    0.05: -2
  std::string_view words = text.substr(std::min(e + 1, text.size()));
  if (words.starts_with('+')) words.remove_prefix(1);
  std::int64_t exponent = 0;
  if (std::from_chars(words.data(), words.data() + words.size(), exponent).ec ==
      std::errc::result_out_of_range)
    return words.starts_with('-');
  return exponent < -before;
}

}  // namespace

std::string fixed(double value, int decimals, std::size_t width) {
  return pad_left(formatted(value, std::chars_format::fixed, decimals), width);
}

std::string significant(double value, int digits, std::size_t width) {
  return pad_left(formatted(value, std::chars_format::general, digits), width);
}

std::string exact(double value) {
  std::string words;
  for (const int digits : {9, 15, 17}) {
    words = significant(value, digits);
    double back = 0;
    const auto [end, code] = std::from_chars(words.data(), words.data() + words.size(), back);
    if (code == std::errc() && end == words.data() + words.size() && back == value) break;
  }
  return words;
}

std::string hex(std::uint64_t value, std::size_t digits) {
  std::array<char, 16> buffer{};
  const std::string words(buffer.begin(), std::to_chars(buffer.begin(), buffer.end(), value, 16).ptr);
  return std::string(digits - std::min(digits, words.size()), '0') + words;
}

std::string pad_right(std::string words, std::size_t width) {
  words.resize(std::max(width, words.size()), ' ');
  return words;
}

std::string pad_left(const std::string& words, std::size_t width) {
  return std::string(width - std::min(width, words.size()), ' ') + words;
}

bool parse_number(std::string_view text, double& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  // from_chars also accepts "nan" and "inf", which are not valid in a table of numbers.
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return false;
  if (code == std::errc::result_out_of_range)
    number = below_one(text) ? 0 : HUGE_VAL;
  else if (code != std::errc())
    return false;
  if (!std::isfinite(static_cast<Real>(number))) return false;
  value = number;
  return true;
}

bool parse_whole(std::string_view text, std::uint64_t& value) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return false;
  value = number;
  return true;
}

}  // namespace gradus
