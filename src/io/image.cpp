#include "gradus/io/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "gradus/base/check.hpp"
#include "gradus/base/file.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace gradus {
namespace {

// Value in [0, 1] -> byte; a NaN becomes 0.
std::uint8_t to_byte(Real value) {
  return static_cast<std::uint8_t>(std::lround((value > 0 ? std::min(value, Real(1)) : Real(0)) * 255));
}

void append_bytes(void* context, void* data, int size) {
  auto& out = *static_cast<std::vector<std::byte>*>(context);
  const auto* bytes = static_cast<const std::byte*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

}  // namespace

// --- files
// -----------------------------------------------------------------------------------------------------------

void write_png(const std::filesystem::path& path, const Tensor& image) {
  const Shape& shape = image.shape();
  const Index channels = shape.rank() == 3 ? shape[2] : 1;
  GRADUS_CHECK(
      (shape.rank() == 2 || shape.rank() == 3) && (channels == 1 || channels == 3) && shape.size() > 0,
      path.string(), ": write_png: shape ", shape, ", expected [H, W], [H, W, 1] or [H, W, 3]");
  GRADUS_CHECK(shape[0] * shape[1] <= max_pixels, path.string(), ": write_png: shape ", shape, ", at most ",
               max_pixels, " pixels");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(image.size()));
  std::transform(image.data(), image.data() + image.size(), bytes.begin(), to_byte);
  const int width = static_cast<int>(shape[1]), height = static_cast<int>(shape[0]),
            parts = static_cast<int>(channels);
  std::vector<std::byte> file;
  const int done =
      stbi_write_png_to_func(append_bytes, &file, width, height, parts, bytes.data(), width * parts);
  GRADUS_CHECK(done != 0, path.string(), ": write_png: packing failed");
  write_file(path, file);
}

// --- text
// ------------------------------------------------------------------------------------------------------------

namespace {

constexpr Index glyph_width = 5, glyph_rows = 9, advance = 6, line_height = 9;

// ASCII 32 .. 126, five pixels wide, nine high (two of them below the line), a row a hexadecimal pair of
// digits, the leftmost pixel 0x10. Rows that are left out at the end are empty.
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

// Fills a rectangle of an RGB picture; what lies outside the picture is cut.
void fill_rectangle(Tensor& image, Index row, Index column, Index height, Index width, Color color) {
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

}  // namespace

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

// --- sheets
// ----------------------------------------------------------------------------------------------------------

namespace {

constexpr Index outer = 6;  // white margin of a sheet

// Where everything on a sheet goes, in pixels.
struct Layout {
  Index rows, columns;
  Index cell_height, cell_width;  // magnified, without the gap
  Index top, left;                // of the grid, its outer gap included
  Index height, width;            // of the sheet
  Index padding;

  Index cell_row(Index i) const { return top + padding + i / columns * (cell_height + padding); }
  Index cell_column(Index i) const { return left + padding + i % columns * (cell_width + padding); }
};

Tensor as_images(const Tensor& images) {
  const Shape& shape = images.shape();
  GRADUS_CHECK(shape.size() > 0, "image_grid: shape ", shape, ": no picture");
  if (shape.rank() == 2) {
    const auto side = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(shape[1]))));
    GRADUS_CHECK(side * side == shape[1], "image_grid: shape ", shape, ": ", shape[1],
                 " numbers are no square picture");
    return images.reshape({shape[0], side, side, 1});
  }
  GRADUS_CHECK(shape.rank() == 4 && (shape[3] == 1 || shape[3] == 3), "image_grid: shape ", shape,
               ", expected [N, H, W, 1], [N, H, W, 3] or [N, D]");
  return images;
}

Layout plan(const Shape& images, const GridOptions& options) {
  GRADUS_CHECK(options.columns >= 0 && options.padding >= 0 && options.scale >= 1 && options.text >= 1,
               "image_grid: columns ", options.columns, ", padding ", options.padding, ", scale ",
               options.scale, ", text ", options.text, ": expected at least 0, 0, 1, 1");
  Layout layout{};
  const Index count = images[0],
              square = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(count))));
  layout.columns = options.columns > 0 ? std::min(options.columns, count) : square;
  layout.rows = (count + layout.columns - 1) / layout.columns;
  layout.padding = options.padding;
  layout.cell_height = images[1] * options.scale;
  layout.cell_width = images[2] * options.scale;
  GRADUS_CHECK(options.row_labels.empty() || static_cast<Index>(options.row_labels.size()) == layout.rows,
               "image_grid: ", options.row_labels.size(), " row labels for ", layout.rows, " rows");
  GRADUS_CHECK(
      options.column_labels.empty() || static_cast<Index>(options.column_labels.size()) == layout.columns,
      "image_grid: ", options.column_labels.size(), " column labels for ", layout.columns, " columns");
  const Index margin = 3 * options.text;
  for (const std::string& label : options.row_labels)
    layout.left = std::max(layout.left, text_width(label, options.text) + 2 * margin);
  layout.left += outer;
  layout.top = outer;
  if (!options.title.empty()) layout.top += line_height * options.text + margin;
  if (!options.column_labels.empty()) layout.top += line_height * options.text + margin / 2;
  layout.height = layout.top + layout.rows * (layout.cell_height + layout.padding) + layout.padding;
  layout.width = layout.left + layout.columns * (layout.cell_width + layout.padding) + layout.padding;
  layout.width = std::max(layout.width, layout.left + text_width(options.title, options.text));
  for (Index j = 0; j < static_cast<Index>(options.column_labels.size()); ++j) {
    const Index text_end = layout.cell_column(j) + layout.cell_width / 2 +
                           text_width(options.column_labels[static_cast<std::size_t>(j)], options.text) / 2;
    layout.width = std::max(layout.width, text_end + 1);
  }
  layout.height += outer;
  layout.width += outer;
  return layout;
}

void draw_cell(Tensor& sheet, const Tensor& images, Index cell, const Layout& layout, Index scale) {
  const Index height = images.dim(1), width = images.dim(2), channels = images.dim(3);
  const Real* in = images.data() + cell * height * width * channels;
  for (Index i = 0; i < height; ++i) {
    for (Index j = 0; j < width; ++j, in += channels) {
      Color color{in[0], in[channels == 3 ? 1 : 0], in[channels == 3 ? 2 : 0]};
      if (!(std::isfinite(color.red) && std::isfinite(color.green) && std::isfinite(color.blue)))
        color = {1, 0, 1};
      color = {std::clamp(color.red, Real(0), Real(1)), std::clamp(color.green, Real(0), Real(1)),
               std::clamp(color.blue, Real(0), Real(1))};
      fill_rectangle(sheet, layout.cell_row(cell) + i * scale, layout.cell_column(cell) + j * scale, scale,
                     scale, color);
    }
  }
}

void draw_labels(Tensor& sheet, const Layout& layout, const GridOptions& options) {
  draw_text(sheet, outer, layout.left, options.title, options.text);
  for (std::size_t i = 0; i < options.row_labels.size(); ++i) {
    const Index middle = layout.cell_row(static_cast<Index>(i) * layout.columns) + layout.cell_height / 2;
    const Index indent = layout.left - 3 * options.text - text_width(options.row_labels[i], options.text);
    draw_text(sheet, middle - 7 * options.text / 2, indent, options.row_labels[i], options.text);
  }
  for (std::size_t j = 0; j < options.column_labels.size(); ++j) {
    const Index middle = layout.cell_column(static_cast<Index>(j)) + layout.cell_width / 2;
    const Index column =
        std::max(layout.left, middle - text_width(options.column_labels[j], options.text) / 2);
    draw_text(sheet, layout.top - (line_height + 1) * options.text, column, options.column_labels[j],
              options.text);
  }
}

// A frame fills the gap round its cell and the cell's outermost pixels, so that it is seen at any padding.
void draw_frame(Tensor& sheet, const Layout& layout, const CellFrame& frame, Index inner) {
  const Index row = layout.cell_row(frame.cell) - layout.padding,
              column = layout.cell_column(frame.cell) - layout.padding;
  const Index height = layout.cell_height + 2 * layout.padding,
              width = layout.cell_width + 2 * layout.padding;
  const Index thick = layout.padding + inner;
  fill_rectangle(sheet, row, column, thick, width, frame.color);
  fill_rectangle(sheet, row + height - thick, column, thick, width, frame.color);
  fill_rectangle(sheet, row, column, height, thick, frame.color);
  fill_rectangle(sheet, row, column + width - thick, height, thick, frame.color);
}

// Sets pictures in a line: downwards or to the right.
Tensor stack(const std::vector<Tensor>& images, Index gap, bool down, const char* who) {
  GRADUS_CHECK(!images.empty() && gap >= 0, who, ": ", images.size(), " pictures, gap ", gap,
               ": expected at least one picture and no negative gap");
  Index along = gap * static_cast<Index>(images.size() - 1), across = 0;
  for (const Tensor& image : images) {
    GRADUS_CHECK(image.rank() == 3 && (image.dim(2) == 1 || image.dim(2) == 3), who, ": shape ",
                 image.shape(), ", expected [H, W, 1] or [H, W, 3]");
    along += image.dim(down ? 0 : 1);
    across = std::max(across, image.dim(down ? 1 : 0));
  }
  Tensor sheet = Tensor::full(down ? Shape{along, across, 3} : Shape{across, along, 3}, 1);
  Index place = 0;
  for (const Tensor& image : images) {
    const Index channels = image.dim(2);
    const Real* in = image.data();
    for (Index i = 0; i < image.dim(0); ++i) {
      Real* out = sheet.data() + ((down ? place + i : i) * sheet.dim(1) + (down ? 0 : place)) * 3;
      for (Index j = 0; j < image.dim(1); ++j, in += channels)
        for (Index c = 0; c < 3; ++c) *out++ = in[channels == 3 ? c : 0];
    }
    place += image.dim(down ? 0 : 1) + gap;
  }
  return sheet;
}

}  // namespace

Tensor image_grid(const Tensor& images_in, const GridOptions& options) {
  const Tensor images = as_images(images_in);
  const Index count = images.dim(0);
  const Layout layout = plan(images.shape(), options);
  Tensor sheet = Tensor::full({layout.height, layout.width, 3}, 1);
  for (Index i = 0; i < count; ++i)
    fill_rectangle(sheet, layout.cell_row(i) - layout.padding, layout.cell_column(i) - layout.padding,
                   layout.cell_height + 2 * layout.padding, layout.cell_width + 2 * layout.padding,
                   colors::gap);
  for (Index i = 0; i < count; ++i) draw_cell(sheet, images, i, layout, options.scale);
  for (const CellFrame& frame : options.frames) {
    GRADUS_CHECK(0 <= frame.cell && frame.cell < count, "image_grid: frame round cell ", frame.cell, " of ",
                 count);
    draw_frame(sheet, layout, frame, (options.scale + 1) / 2);
  }
  draw_labels(sheet, layout, options);
  return sheet;
}

Tensor hstack(const std::vector<Tensor>& images, Index gap) { return stack(images, gap, false, "hstack"); }
Tensor vstack(const std::vector<Tensor>& images, Index gap) { return stack(images, gap, true, "vstack"); }

Tensor around_grey(const Tensor& x) {
  GRADUS_CHECK(x.rank() == 2, "around_grey: x must be [N, D], got ", x.shape());
  Tensor out = x.clone();
  for (Index n = 0; n < x.dim(0); ++n) {
    Tensor row = out.row(n);
    Real largest = 0;
    for (const Real v : row.values()) largest = std::max(largest, std::abs(v));
    for (Real& v : row.values()) v = Real(0.5) + (largest > 0 ? Real(0.5) * v / largest : Real(0));
  }
  return out;
}

}  // namespace gradus
