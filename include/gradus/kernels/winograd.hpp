#pragma once
// winograd: 3 x 3 convolutions with a quarter of the multiplications. What convolve, convolve_back and
// convolve_weights do for windows that fit. How: at the head of src/kernels/winograd.cpp.
#include "gradus/kernels/convolution.hpp"

namespace gradus {

/// 3 x 3, stride 1, not asked to be direct, and enough channels that the additions before and after do not
/// eat up what is saved.
bool winograd_fits(const Window& window);

/// Height (width) that framed pictures need for `out` rows (columns) of results: whole tiles, and 2.
Index winograd_frame(const Window& window, Index out);

/// How w is meant: as [K, 3, 3, C] for `window`, or as the weights of the window turned round (w [C, 3, 3, K]
/// in `window`'s own letters), which is what an input gradient needs.
enum class WindowTurned { no, yes };

/// y [B, I, J, K] of pictures [B, H', W', C] framed so that H' = winograd_frame(window, I) and W' likewise
/// with J; w as `turned` says, bias [K] or null.
Tensor winograd(const Window& window, const Tensor& framed_x, const Tensor& w, WindowTurned turned,
                const Real* bias);
/// dL/dw [K, 3, 3, C] of y = winograd(x, w) from dy [B, I, J, K]; the pictures framed as above.
Tensor winograd_weights(const Window& window, const Tensor& framed_x, const Tensor& dy);

}  // namespace gradus
