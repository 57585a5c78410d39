#pragma once
// Rectangles and text in an RGB picture [H, W, 3].
#include <string>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

struct Color {
  Real red = 0, green = 0, blue = 0;
};
namespace colors {
inline constexpr Color black{}, white{1, 1, 1}, red{0.86f, 0.15f, 0.15f}, green{0.13f, 0.6f, 0.24f},
    blue{0.15f, 0.35f, 0.85f}, gap{0.25f, 0.25f, 0.27f};
}  // namespace colors

/// Fills a rectangle with its upper left corner at (row, column); what lies outside of the picture is cut.
/// Throws Error when the picture is not [H, W, 3].
void fill_rectangle(Tensor& image, Index row, Index column, Index height, Index width, Color color);

/// Draws ASCII text into an RGB picture [H, W, 3] with its upper left corner at (row, column); what does not
/// fit is cut, other characters become '?'. A letter takes 6 x 9 pixels times `scale`, tails included.
void draw_text(Tensor& image, Index row, Index column, const std::string& text, Index scale = 2,
               Color color = colors::black);
/// Width of a text in pixels.
Index text_width(const std::string& text, Index scale = 2);

}  // namespace gradus
