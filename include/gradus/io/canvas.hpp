#pragma once
// A canvas with the data's own coordinates, for the frames of an animation, where one plot per frame is slow.
#include <vector>

#include "gradus/io/draw.hpp"

namespace gradus {

/// The visible range of a canvas: x from left to right, y from bottom to top.
struct View {
  double left = 0, right = 1, bottom = 0, top = 1;  ///< coordinate of this border
};

/// An RGB image to draw on. Edges are anti-aliased; shapes are clipped at the border.
///
///     Canvas canvas(200, 300, {-4, 4, 0, 1});          // white, 200 x 300 pixels
///     canvas.line({-4, 4}, {0.5, 0.5}, colors::gap);
///     canvas.disc(2, 0.1, 4, colors::green);
///     program.picture("two_marks", canvas.image(), "...");
class Canvas {
 public:
  /// A white canvas of height x width pixels.
  /// Throws Error unless both sizes and both extents of the view are positive.
  Canvas(Index height, Index width, const View& view);

  /// A filled circle: centre in the units of the view, radius in pixels, opacity in [0, 1].
  void disc(double x, double y, double radius, Color color, double opacity = 1);
  /// Straight segments from point to point, `width` pixels wide. Throws Error when the lengths differ.
  void line(const std::vector<double>& xs, const std::vector<double>& ys, Color color, double width = 1.5);
  /// Vertical bars from y = 0 upwards, between xs[i] and xs[i+1].
  /// Throws Error unless xs has one more element than heights.
  void bars(const std::vector<double>& xs, const std::vector<double>& heights, Color color,
            double opacity = 1);
  /// Text with its upper left corner at pixel (row, column); see draw_text.
  void letters(Index row, Index column, const std::string& text, Index scale = 2,
               Color color = colors::black);
  /// Sets every pixel to the colour paint(x, y) of its coordinates in the view.
  template <class Paint>
  void fill(Paint paint) {
    for (Index r = 0; r < height_; ++r)
      for (Index c = 0; c < width_; ++c) blend(r, c, paint(x_of(c), y_of(r)), 1);
  }

  /// The current image, [height, width, 3]; a handle, not a copy.
  const Tensor& image() const { return image_; }

 private:
  double x_of(Index column) const;
  double y_of(Index row) const;
  double column_of(double x) const;  // of a pixel's centre: 0 .. width - 1
  double row_of(double y) const;
  void blend(Index row, Index column, Color color, double opacity);

  Index height_, width_;
  View view_;
  Tensor image_;
};

}  // namespace gradus
