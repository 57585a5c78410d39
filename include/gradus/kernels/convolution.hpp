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
  bool direct = false;  ///< no transformed arithmetic for this one, see direct_convolutions
  Index out_height() const { return (H + 2 * padding.height - height) / stride.height + 1; }  ///< I
  Index out_width() const { return (W + 2 * padding.width - width) / stride.width + 1; }      ///< J
};

/// Whether every convolution of this process, whatever its own option says, is computed directly: as a sum of
/// products of exactly the pixels that the window sees. Off at the start, for speed: 3 x 3 convolutions with
/// stride 1 and 64 channels or more then go Winograd's way, with a quarter of the multiplications. With 32
/// tiles of 4 x 4 results or more that is not local: the 6 x 6 pixels of a tile are added and subtracted
/// before the weights come in. So
///
///   - one pixel of inf or NaN spoils all 16 results of its tile, also those whose windows do not see it, and
///     one of 1e8 leaves its rounding errors there; in the input gradient likewise;
///   - ordinary errors are about ten times those of the direct kernel, 1e-5 instead of 1e-6.
///
/// Trainings do not notice either. Where a broken pixel must stay where it is, or a result is compared with
/// another program's, choose direct kernels: here for all, or per layer with ConvOptions::direct. Lavin, Gray
/// 2016, "Fast algorithms for convolutional neural networks". Thread-safe; what was recorded on a tape before
/// keeps its kernel.
bool direct_convolutions();
void set_direct_convolutions(bool direct);

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
