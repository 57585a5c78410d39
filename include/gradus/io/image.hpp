#pragma once
// Pictures: tensors [H, W, C] in [0, 1], C = 1 grey or 3 red-green-blue, to and from files, and sheets of
// many.
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Writes [H, W, 1 or 3] (or [H, W]) as PNG. Values outside [0, 1] are clipped.
/// Throws Error for other shapes, or when the file cannot be written; an old file is replaced only by a whole
/// new one.
void write_png(const std::filesystem::path& path, const Tensor& image);

/// The most pixels of a picture that is read or written: 64 million.
inline constexpr Index max_pixels = Index{1} << 26;

/// A PNG, JPEG or PGM/PPM picture as [H, W, channels] in [0, 1]; channels 1 (grey) or 3. Where the file's
/// Exif data has an orientation (cameras write one), the picture is turned and mirrored as it says.
/// Throws Error when the file is missing, damaged, of another kind, or larger than max_pixels.
Tensor read_image(const std::filesystem::path& path, int channels = 3);
Tensor parse_image(std::span<const std::byte> bytes, const std::string& name, int channels = 3);

struct Color {
  Real red = 0, green = 0, blue = 0;
};
namespace colors {
inline constexpr Color black{}, white{1, 1, 1}, red{0.86f, 0.15f, 0.15f}, green{0.13f, 0.6f, 0.24f},
    blue{0.15f, 0.35f, 0.85f}, gap{0.25f, 0.25f, 0.27f};
}  // namespace colors

/// A coloured frame round one cell of a grid.
struct CellFrame {
  Index cell = 0;
  Color color = colors::red;
};

struct GridOptions {
  Index columns = 0;  ///< 0: as square as can be
  Index padding = 2;  ///< pixels of dark gap between cells, after magnifying
  Index scale = 2;    ///< every pixel becomes scale x scale
  std::string title{};
  std::vector<std::string> row_labels{};     ///< left of the rows; empty, or one a row
  std::vector<std::string> column_labels{};  ///< above the columns; empty, or one a column
  std::vector<CellFrame> frames{};           ///< marked cells
  Index text = 2;                            ///< magnification of the letters, 7 pixels high at 1
};

/// image_grid: many pictures on one sheet, row by row, with labels, black on white, dark grey between the
/// cells.
///
///   images  [N, H, W, 1 or 3], or [N, D] with square D taken as grey [N, sqrt D, sqrt D, 1]
///   sheet   [H', W', 3]
///
/// Values are clipped to [0, 1]; what is not a number is drawn magenta, so that nobody overlooks it. Throws
/// Error for other shapes, labels that are not one a row (column), a frame round a cell that is not there.
Tensor image_grid(const Tensor& images, const GridOptions& options = {});

/// Pictures side by side (one under the other) on white, top-aligned (left-aligned): [H', W', 3].
/// Grey ones [H, W, 1] become RGB. Throws Error for an empty list or other shapes.
Tensor hstack(const std::vector<Tensor>& images, Index gap = 16);
Tensor vstack(const std::vector<Tensor>& images, Index gap = 16);

/// Rows of signed numbers as pictures: every row is stretched so that zero is mid-grey and its largest size
/// is black or white. Components, weights, differences. x [N, D] -> [N, D] in [0, 1]. Throws Error when the
/// rank is not 2.
Tensor around_grey(const Tensor& x);

/// Draws ASCII text into an RGB picture [H, W, 3] with its upper left corner at (row, column); what does not
/// fit is cut, other characters become '?'. A letter takes 6 x 9 pixels times `scale`, tails included.
void draw_text(Tensor& image, Index row, Index column, const std::string& text, Index scale = 2,
               Color color = colors::black);
/// Width of a text in pixels.
Index text_width(const std::string& text, Index scale = 2);

}  // namespace gradus
