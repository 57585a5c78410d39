#include "gradus/io/sheet.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

constexpr Index outer = 6;        // white margin of a sheet
constexpr Index line_height = 9;  // of text, at scale 1

// The layout of a sheet, in pixels.
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
                 " numbers do not form a square picture");
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

// A frame fills the gap round its cell and the cell's outermost pixels, so that it is visible at any padding.
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

// Joins pictures downwards or to the right.
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
