#include "gradus/io/draw.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

constexpr Index glyph_width = 5, glyph_rows = 9, advance = 6;

// ASCII 32 .. 126, five pixels wide, nine high (two of them below the baseline). Each row is two hexadecimal
// digits, with the leftmost pixel at 0x10. Empty rows at the end are omitted.
// clang-format off
constexpr std::array<const char*, 95> font = {{
    "", "04040404040004", "0a0a0a", "0a0a1f0a1f0a0a",  // space ! " #
    "040f140e051e04", "18190204081303", "0c12140815120d", "040408",  // $ % & '
    "02040808080402", "08040202020408", "0004150e1504", "0004041f0404",  // ( ) * +
    "000000000006060408", "0000001f", "00000000000606", "01010204081010",  // , - . /
    "0e11131519110e", "040c040404040e", "0e11010204081f", "1f02040201110e",  // 0 1 2 3
    "02060a121f0202", "1f101e0101110e", "0608101e11110e", "1f010204040808",  // 4 5 6 7
    "0e11110e11110e", "0e11110f01020c", "00060600000606", "000606000006060408",  // 8 9 : ;
    "01020408040201", "00001f001f", "10080402040810", "0e110102040004",  // < = > ?
    "0e11171517100e", "040a11111f1111", "1e11111e11111e", "0e11101010110e",  // @ A B C
    "1c12111111121c", "1f10101e10101f", "1f10101e101010", "0e11101713110f",  // D E F G
    "1111111f111111", "0e04040404040e", "0702020202120c", "11121418141211",  // H I J K
    "1010101010101f", "111b1515111111", "11191519151311", "0e11111111110e",  // L M N O
    "1e11111e101010", "0e11111115120d", "1e11111e141211", "0f10100e01011e",  // P Q R S
    "1f040404040404", "1111111111110e", "111111110a0a04", "1111111515150a",  // T U V W
    "11110a040a1111", "1111110a040404", "1f01020408101f", "0e08080808080e",  // X Y Z [
    "10100804020101", "0e02020202020e", "040a11", "0000000000001f",  // backslash ] ^ _
    "080804", "00000e010f110f", "1010161911111e", "00000e1010110e",  // ` a b c
    "01010d1311110f", "00000e111f100e", "0609081c080808", "00000f11110f01110e",  // d e f g
    "10101619111111", "04000c0404040e", "02000602020202120c", "10101214181412",  // h i j k
    "0c04040404040e", "00001a15151515", "00001619111111", "00000e1111110e",  // l m n o
    "00001e11111e101010", "00000f11110f010101", "00001619101010", "00000f100e011e",  // p q r s
    "08081c08080906", "0000111111130d", "00001111110a04", "0000111115150a",  // t u v w
    "0000110a040a11", "00001111110f01110e", "00001f0204081f", "02040408040402",  // x y z {
    "04040404040404", "08040402040408", "0000081502",  // | } ~
}};
// clang-format on

int hex_digit(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

// Whether the letter has ink at a pixel of its 5 x 9 box.
bool glyph_ink(char letter, Index row, Index column) {
  const char shown = letter >= 32 && letter <= 126 ? letter : '?';
  const std::string_view rows = font[static_cast<std::size_t>(shown - 32)];
  const auto place = static_cast<std::size_t>(2 * row);
  if (place >= rows.size()) return false;
  const int bits = hex_digit(rows[place]) * 16 + hex_digit(rows[place + 1]);
  return (bits >> (glyph_width - 1 - column) & 1) != 0;
}

void check_rgb(const Tensor& image, const char* who) {
  GRADUS_CHECK(image.rank() == 3 && image.dim(2) == 3, who, ": shape ", image.shape(),
               ", expected [H, W, 3]");
}

}  // namespace

void fill_rectangle(Tensor& image, Index row, Index column, Index height, Index width, Color color) {
  check_rgb(image, "fill_rectangle");
  const Index bottom = std::min(row + height, image.dim(0)), right = std::min(column + width, image.dim(1));
  for (Index i = std::max<Index>(row, 0); i < bottom; ++i) {
    for (Index j = std::max<Index>(column, 0); j < right; ++j) {
      Real* pixel = image.data() + (i * image.dim(1) + j) * 3;
      pixel[0] = color.red;
      pixel[1] = color.green;
      pixel[2] = color.blue;
    }
  }
}

Index text_width(const std::string& text, Index scale) {
  return text.empty() ? 0 : (static_cast<Index>(text.size()) * advance - 1) * scale;
}

void draw_text(Tensor& image, Index row, Index column, const std::string& text, Index scale, Color color) {
  check_rgb(image, "draw_text");
  GRADUS_CHECK(scale >= 1, "draw_text: scale ", scale, ", expected at least 1");
  for (char letter : text) {
    for (Index i = 0; i < glyph_rows; ++i)
      for (Index j = 0; j < glyph_width; ++j)
        if (glyph_ink(letter, i, j))
          fill_rectangle(image, row + i * scale, column + j * scale, scale, scale, color);
    column += advance * scale;
  }
}

}  // namespace gradus
