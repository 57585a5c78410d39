#pragma once
// convolution: forward pass, input gradient and weight gradient for images.
// The method is described at the head of src/kernels/convolution.cpp.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// A window that slides over images x [B, H, W, C] and yields K values at every position (i, j). There it
/// starts at pixel (stride i - padding, stride j - padding), with stride and padding of the axis. Pixels
/// outside the image count as zeros.
struct Window {
  Index B, H, W, C;
  Index K, height, width;  ///< the weights w [K, height, width, C]
  Pair stride = 1, padding = 0;
  bool direct = false;  ///< excludes transformed arithmetic for this window, see direct_convolutions
  Index out_height() const { return (H + 2 * padding.height - height) / stride.height + 1; }  ///< I
  Index out_width() const { return (W + 2 * padding.width - width) / stride.width + 1; }      ///< J
};

/// Whether all convolutions of this process, whatever their own option, are computed directly: as a sum of
/// products of exactly the pixels in the window. Off by default, for speed: 3 x 3 convolutions with stride 1
/// and 4 x 4 convolutions with stride 2, with 64 channels or more (the input gradient of the latter: 128 in
/// dy), then use Winograd's algorithm, with as few as a quarter of the multiplications. With many pixels
/// (3 x 3: 32 tiles of 4 x 4 results; 4 x 4: 128) this is not local, because the pixels of a tile are added
/// and subtracted before they are multiplied by the weights:
///
///   - a single inf or NaN pixel corrupts all 16 results of its tile, including those whose windows do not
///     contain it, and a pixel of 1e8 leaves its rounding errors there; likewise in the input gradient;
///   - ordinary errors are about ten times those of the direct kernel, 1e-5 instead of 1e-6.
///
/// Neither affects training. Choose direct kernels where a corrupted pixel must stay local, or where results
/// are compared with another program's: here for all convolutions, or per layer with ConvOptions::direct.
/// Lavin, Gray 2016, "Fast algorithms for convolutional neural networks". Thread-safe; ops recorded on a tape
/// before the call keep their kernel.
bool direct_convolutions();
/// Sets it for this process.
void set_direct_convolutions(bool direct);

// All results have the same bits for any number of threads. The caller checks the shapes.

/// The images in the form that `convolve` and `convolve_weights` read: zero-padded where the window exceeds
/// the edge. The result serves both.
Tensor framed(const Window& window, const Tensor& x);

/// y [B, I, J, K] = bias[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c].  bias [K] may be null.
Tensor convolve(const Window& window, const Tensor& framed_x, const Tensor& w, const Real* bias = nullptr);

/// dL/dx [B, H, W, C] of y = convolve(x, w) from dy [B, I, J, K], plus bias[c]; bias [C] may be null.
/// By itself this is the transposed convolution: its formula is in ops/conv.hpp.
Tensor convolve_back(const Window& window, const Tensor& dy, const Tensor& w, const Real* bias = nullptr);

/// dL/dw [K, height, width, C] of y = convolve(x, w) from dy [B, I, J, K].
Tensor convolve_weights(const Window& window, const Tensor& framed_x, const Tensor& dy);

}  // namespace gradus
