#pragma once
// Rectangles and text in an RGB image [H, W, 3].
#include <string>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// An RGB colour, components in [0, 1].
struct Color {
  Real red = 0, green = 0, blue = 0;  ///< component
};
/// Named colours.
namespace colors {
inline constexpr Color black{}, white{1, 1, 1};                              ///< for text and background
inline constexpr Color red{0.86f, 0.15f, 0.15f}, green{0.13f, 0.6f, 0.24f};  ///< for marks
inline constexpr Color blue{0.15f, 0.35f, 0.85f}, gap{0.25f, 0.25f, 0.27f};  ///< for marks and gaps
}  // namespace colors

/// Fills a rectangle with its upper left corner at (row, column), clipped to the image. Sizes in pixels.
/// Throws Error when the image is not [H, W, 3].
void fill_rectangle(Tensor& image, Index row, Index column, Index height, Index width, Color color);

/// Draws ASCII text with its upper left corner at (row, column), clipped to the image; other characters
/// become '?'. A character takes 6 x 9 pixels times `scale`, including descenders.
/// Throws Error when the image is not [H, W, 3] or scale < 1.
void draw_text(Tensor& image, Index row, Index column, const std::string& text, Index scale = 2,
               Color color = colors::black);
/// Width of a text in pixels.
Index text_width(const std::string& text, Index scale = 2);

}  // namespace gradus
