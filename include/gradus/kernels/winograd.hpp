#pragma once
// winograd: 3 x 3 convolutions with a quarter of the multiplications, and 4 x 4 convolutions with stride 2
// with two fifths of them. Used by convolve, convolve_back and convolve_weights for suitable windows. The
// method is described at the head of src/kernels/winograd.cpp.
#include "gradus/kernels/convolution.hpp"

namespace gradus {

/// y and dL/dw; dL/dx.
enum class WinogradPass { forward, back };
/// m, if tiles of m x m results are the fastest way: 4 or 2. Otherwise 1: another window, too few channels or
/// pixels for the cost of the transforms, or `direct`.
Index winograd_tile(const Window& window, WinogradPass pass);

/// Along one axis: the input pixels that meet the same places of the window, and those places. See
/// src/kernels/convolution.cpp.
struct PixelClass {
  Index first, count;  ///< input pixels first, first + stride, ...
  Index place, taps;   ///< places place, place + stride, ...
  Index lowest;        ///< the row of dy that the first input pixel meets at its last place
};

/// y [B, I, J, K] from framed images, whose size covers whole tiles; bias [K] or null.
Tensor winograd(const Window& window, Index tile, const Tensor& framed_x, const Tensor& w, const Real* bias);
/// dL/dw [K, height, width, C] of y = winograd(x, w) from dy [B, I, J, K]; the images are framed as above.
Tensor winograd_weights(const Window& window, Index tile, const Tensor& framed_x, const Tensor& dy);
/// dL/dx [B, H, W, C] of the pixels of one class, plus bias[c], from framed dy [B, I', J', K]. bias: [C] or
/// a null pointer.
void winograd_back(const Window& window, Index tile, const Tensor& framed_dy, const Tensor& w,
                   const PixelClass& rows, const PixelClass& columns, const Real* bias, Tensor& dx);

}  // namespace gradus
