#pragma once
// Conversion between numbers and text, independent of the locale: decimal point, no digit grouping.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gradus {

/// `decimals` digits after the point, as printf's %.*f: fixed(2.5, 2) is "2.50".
/// Padded on the left to `width` characters.
std::string fixed(double value, int decimals, std::size_t width = 0);

/// At most `digits` significant digits, as printf's %.*g: significant(1e-7, 3) is "1e-07".
/// Padded on the left to `width` characters.
std::string significant(double value, int digits, std::size_t width = 0);

/// The shortest of 9, 15 and 17 significant digits that reads back as the same number; "nan" for every NaN.
std::string exact(double value);

/// Lower-case hexadecimal digits, with leading zeros up to `digits`.
std::string hex(std::uint64_t value, std::size_t digits);

/// The text with blanks before it (after it), up to `width` bytes.
std::string pad_left(const std::string& words, std::size_t width);
std::string pad_right(std::string words, std::size_t width);

/// True when the whole text is one finite decimal number in Real's range; `value` is set to it.
/// A number too small for a double is 0. Blanks, hexadecimal digits, "nan" and "inf" are not accepted.
bool parse_number(std::string_view text, double& value);

/// True when the whole text is the decimal digits of an integer below 2^64; `value` is set to it.
/// Leading zeros are ignored: "010" is ten.
bool parse_whole(std::string_view text, std::uint64_t& value);

}  // namespace gradus
