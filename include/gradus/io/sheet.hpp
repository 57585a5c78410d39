#pragma once
// Sheets: many images in one, with labels and frames.
#include <string>
#include <vector>

#include "gradus/io/draw.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// A coloured frame around one cell of a grid.
struct CellFrame {
  Index cell = 0;             ///< counted row by row
  Color color = colors::red;  ///< of the frame
};

/// Options of image_grid.
struct GridOptions {
  Index columns = 0;    ///< 0: as square as possible
  Index padding = 2;    ///< width of the dark gap between cells, in pixels after magnification
  Index scale = 2;      ///< every pixel becomes scale x scale
  std::string title{};  ///< above the grid; empty: none
  std::vector<std::string> row_labels{};     ///< left of the rows; empty, or one per row
  std::vector<std::string> column_labels{};  ///< above the columns; empty, or one per column
  std::vector<CellFrame> frames{};           ///< marked cells
  Index text = 2;                            ///< magnification of the text, which is 7 pixels high at 1
};

/// image_grid: many images on one sheet, row by row.
/// Labels are black on white, the gaps between the cells dark grey.
///
///   images  [N, H, W, 1 or 3], or [N, D] with square D taken as grey [N, sqrt D, sqrt D, 1]
///   sheet   [H', W', 3]
///
/// Values are clipped to [0, 1]; NaN is drawn in magenta to be visible.
/// Throws Error for other shapes, options out of range, labels that are not one per row (column), or a frame
/// around a cell that does not exist.
Tensor image_grid(const Tensor& images, const GridOptions& options = {});

/// Images side by side (one below the other) on white, top-aligned (left-aligned): [H', W', 3]. Grey images
/// [H, W, 1] become RGB. Throws Error for an empty list, other shapes or a negative gap.
Tensor hstack(const std::vector<Tensor>& images, Index gap = 16);
Tensor vstack(const std::vector<Tensor>& images, Index gap = 16);

/// Rows of signed values as images: every row is scaled so that zero is mid-grey and its largest absolute
/// value is black or white. For components, weights, differences. x [N, D] -> [N, D] in [0, 1].
/// Throws Error when the rank is not 2.
Tensor around_grey(const Tensor& x);

}  // namespace gradus
