#pragma once
// convolution: a window slides over pictures; forward, input gradient and weight gradient.
// How: at the head of src/kernels/convolution.cpp.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// A window that slides over pictures x [B, H, W, C] and answers with K numbers at every place (i, j). There
/// it begins at pixel (stride i - padding, stride j - padding), each with the numbers of its own axis; pixels
/// outside the picture count as zeros.
struct Window {
  Index B, H, W, C;
  Index K, height, width;  ///< the weights w [K, height, width, C]
  Pair stride = 1, padding = 0;
  Index out_height() const { return (H + 2 * padding.height - height) / stride.height + 1; }  ///< I
  Index out_width() const { return (W + 2 * padding.width - width) / stride.width + 1; }      ///< J
};

// All results are the same bits at any number of threads. The shapes are the caller's business.

/// The pictures as `convolve` and `convolve_weights` read them: with zeros around them where the window looks
/// over the edge. Made once, it serves both.
Tensor framed(const Window& window, const Tensor& x);

/// y [B, I, J, K] = bias[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c]        bias [K] may be
/// null
Tensor convolve(const Window& window, const Tensor& framed_x, const Tensor& w, const Real* bias = nullptr);

/// dL/dx [B, H, W, C] of y = convolve(x, w) from dy [B, I, J, K], and bias[c] added; bias [C] may be null.
/// Taken by itself, this is the transposed convolution: its formula stands in ops/conv.hpp.
Tensor convolve_back(const Window& window, const Tensor& dy, const Tensor& w, const Real* bias = nullptr);

/// dL/dw [K, height, width, C] of y = convolve(x, w) from dy [B, I, J, K].
Tensor convolve_weights(const Window& window, const Tensor& framed_x, const Tensor& dy);

}  // namespace gradus
