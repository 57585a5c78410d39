#pragma once
// winograd: 3 x 3 convolutions with a quarter of the multiplications, used by convolve, convolve_back and
// convolve_weights for suitable windows. The method is described at the head of src/kernels/winograd.cpp.
#include "gradus/kernels/convolution.hpp"

namespace gradus {

/// True for 3 x 3 windows with stride 1 and without `direct`, with enough channels that the transforms cost
/// less than they save.
bool winograd_fits(const Window& window);

/// Height (width) that framed images need for `out` rows (columns) of results: whole tiles, plus 2.
Index winograd_frame(const Window& window, Index out);

/// The layout of w: [K, 3, 3, C] for `window`, or the weights of the rotated window (w [C, 3, 3, K] in the
/// letters of `window`), as an input gradient needs them.
enum class WindowTurned { no, yes };

/// y [B, I, J, K] of images [B, H', W', C], framed so that H' = winograd_frame(window, I) and W' =
/// winograd_frame(window, J). `turned` gives the layout of w; bias [K] or null.
Tensor winograd(const Window& window, const Tensor& framed_x, const Tensor& w, WindowTurned turned,
                const Real* bias);
/// dL/dw [K, 3, 3, C] of y = winograd(x, w) from dy [B, I, J, K]; the images are framed as above.
Tensor winograd_weights(const Window& window, const Tensor& framed_x, const Tensor& dy);

}  // namespace gradus
