#include "gradus/io/canvas.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

// The pixels first .. last of an axis that may be covered; empty when first > last.
struct Range {
  Index first, last;
  Range(double low, double high, Index size)
      : first(static_cast<Index>(std::floor(std::clamp(low, 0.0, static_cast<double>(size))))),
        last(static_cast<Index>(std::ceil(std::clamp(high, -1.0, static_cast<double>(size - 1))))) {}
};

// Distance of the point from the line segment between (r0, c0) and (r1, c1).
double distance(double r, double c, double r0, double c0, double r1, double c1) {
  const double dr = r1 - r0, dc = c1 - c0, squared = dr * dr + dc * dc;
  const double t = squared > 0 ? std::clamp(((r - r0) * dr + (c - c0) * dc) / squared, 0.0, 1.0) : 0;
  return std::hypot(r - r0 - t * dr, c - c0 - t * dc);
}

}  // namespace

Canvas::Canvas(Index height, Index width, const View& view) : height_(height), width_(width), view_(view) {
  GRADUS_CHECK(height > 0 && width > 0 && view.right > view.left && view.top > view.bottom,
               "Canvas: ", height, " x ", width, " pixels for x ", view.left, " .. ", view.right, ", y ",
               view.bottom, " .. ", view.top, ": sizes must be positive");
  image_ = Tensor::full({height, width, 3}, 1);
}

double Canvas::x_of(Index column) const {
  return view_.left +
         (static_cast<double>(column) + 0.5) / static_cast<double>(width_) * (view_.right - view_.left);
}
double Canvas::y_of(Index row) const {
  return view_.top -
         (static_cast<double>(row) + 0.5) / static_cast<double>(height_) * (view_.top - view_.bottom);
}
double Canvas::column_of(double x) const {
  return (x - view_.left) / (view_.right - view_.left) * static_cast<double>(width_) - 0.5;
}
double Canvas::row_of(double y) const {
  return (view_.top - y) / (view_.top - view_.bottom) * static_cast<double>(height_) - 0.5;
}

void Canvas::blend(Index row, Index column, Color color, double opacity) {
  if (!(opacity > 0)) return;
  const Real share = static_cast<Real>(std::min(opacity, 1.0));
  Real* pixel = image_.data() + (row * width_ + column) * 3;
  const Real ink[3] = {color.red, color.green, color.blue};
  for (int k = 0; k < 3; ++k) pixel[k] += share * (ink[k] - pixel[k]);
}

void Canvas::disc(double x, double y, double radius, Color color, double opacity) {
  const double r0 = row_of(y), c0 = column_of(x);
  if (!std::isfinite(r0) || !std::isfinite(c0)) return;
  const Range rows(r0 - radius - 1, r0 + radius + 1, height_),
      columns(c0 - radius - 1, c0 + radius + 1, width_);
  for (Index r = rows.first; r <= rows.last; ++r)
    for (Index c = columns.first; c <= columns.last; ++c) {
      const double away = std::hypot(static_cast<double>(r) - r0, static_cast<double>(c) - c0);
      blend(r, c, color, opacity * std::clamp(radius + 0.5 - away, 0.0, 1.0));
    }
}

void Canvas::line(const std::vector<double>& xs, const std::vector<double>& ys, Color color, double width) {
  GRADUS_CHECK(xs.size() == ys.size(), "Canvas::line: ", xs.size(), " xs and ", ys.size(), " ys");
  for (std::size_t i = 0; i + 1 < xs.size(); ++i) {
    const double r0 = row_of(ys[i]), c0 = column_of(xs[i]), r1 = row_of(ys[i + 1]), c1 = column_of(xs[i + 1]);
    if (!std::isfinite(r0 + c0 + r1 + c1)) continue;
    const double edge = width / 2 + 1;
    const Range rows(std::min(r0, r1) - edge, std::max(r0, r1) + edge, height_),
        columns(std::min(c0, c1) - edge, std::max(c0, c1) + edge, width_);
    for (Index r = rows.first; r <= rows.last; ++r)
      for (Index c = columns.first; c <= columns.last; ++c) {
        const double away = distance(static_cast<double>(r), static_cast<double>(c), r0, c0, r1, c1);
        blend(r, c, color, std::clamp(width / 2 + 0.5 - away, 0.0, 1.0));
      }
  }
}

void Canvas::bars(const std::vector<double>& xs, const std::vector<double>& heights, Color color,
                  double opacity) {
  GRADUS_CHECK(xs.size() == heights.size() + 1, "Canvas::bars: ", xs.size(), " edges for ", heights.size(),
               " bars, expected one more edge than bars");
  const double foot = row_of(0);
  for (std::size_t i = 0; i < heights.size(); ++i) {
    // A pixel belongs to the bar that contains its centre, so neighbours neither overlap nor leave a gap.
    const Range rows(std::ceil(row_of(heights[i])), std::floor(foot), height_),
        columns(std::ceil(column_of(xs[i])), std::ceil(column_of(xs[i + 1])) - 1, width_);
    for (Index r = rows.first; r <= rows.last; ++r)
      for (Index c = columns.first; c <= columns.last; ++c) blend(r, c, color, opacity);
  }
}

void Canvas::letters(Index row, Index column, const std::string& text, Index scale, Color color) {
  draw_text(image_, row, column, text, scale, color);
}

}  // namespace gradus
