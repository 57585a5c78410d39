// What the C++ library of emscripten 3.1 lacks and Gradus uses. Included before every file (-include).
#pragma once
#include <version>
#ifndef __cpp_lib_bit_cast
#include <type_traits>
namespace std {
template <class To, class From>
requires(sizeof(To) == sizeof(From) && is_trivially_copyable_v<To> &&
         is_trivially_copyable_v<From>) constexpr To bit_cast(const From& from) noexcept {
  return __builtin_bit_cast(To, from);
}
}  // namespace std
#endif
#ifndef __cpp_lib_to_chars
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
namespace std {
inline to_chars_result to_chars(char* first, char* last, double value, chars_format format, int digits) {
  const auto room = static_cast<size_t>(last - first);
  const int count = snprintf(first, room, format == chars_format::fixed ? "%.*f" : "%.*g", digits, value);
  return count < 0 || static_cast<size_t>(count) >= room ? to_chars_result{last, errc::value_too_large}
                                                         : to_chars_result{first + count, errc()};
}
inline from_chars_result from_chars(const char* first, const char* last, double& value) {
  const string text(first, last);
  char* end = nullptr;
  errno = 0;
  const double number = strtod(text.c_str(), &end);
  if (end == text.c_str()) return {first, errc::invalid_argument};
  if (errno == ERANGE) return {first + (end - text.c_str()), errc::result_out_of_range};
  value = number;
  return {first + (end - text.c_str()), errc()};
}
}  // namespace std
#endif
#ifndef __cpp_lib_ranges
#include <algorithm>
namespace std::ranges {
template <class Range, class Test>
constexpr bool all_of(const Range& range, Test test) {
  return std::all_of(std::begin(range), std::end(range), test);
}
}  // namespace std::ranges
#endif
