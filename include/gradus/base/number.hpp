#pragma once
// Numbers as text and back, the same in every locale: a point before the decimals, no grouping of digits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gradus {

/// `decimals` digits behind the point, as printf's %.*f: fixed(2.5, 2) is "2.50". Padded on the left to
/// `width`.
std::string fixed(double value, int decimals, std::size_t width = 0);

/// At most `digits` significant digits, as printf's %.*g: significant(1e-7, 3) is "1e-07".
std::string significant(double value, int digits, std::size_t width = 0);

/// The shorter of 9, 15 or 17 significant digits that reads back as the same number; "nan" for every NaN.
std::string exact(double value);

/// Lower-case hexadecimal digits, with zeros in front up to `digits`.
std::string hex(std::uint64_t value, std::size_t digits);

/// Words with blanks in front (behind), up to a width in bytes.
std::string pad_left(const std::string& words, std::size_t width);
std::string pad_right(std::string words, std::size_t width);

/// True when the whole text is one finite decimal number in Real's range, which is then in `value`.
/// A number too small for a double is 0. No blanks, no hexadecimal digits, no "nan", no "inf".
bool parse_number(std::string_view text, double& value);

/// True when the whole text is decimal digits of a number below 2^64, which is then in `value`: 010 is ten.
bool parse_whole(std::string_view text, std::uint64_t& value);

}  // namespace gradus
