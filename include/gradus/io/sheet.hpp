#pragma once
// Sheets: many pictures in one, with labels and frames.
#include <string>
#include <vector>

#include "gradus/io/draw.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

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

}  // namespace gradus
