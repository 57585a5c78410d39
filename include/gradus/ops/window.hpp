#pragma once
// Pooling, upsampling and padding of images [B, H, W, C].
#include "gradus/autograd/var.hpp"

namespace gradus {

/// Maximum (mean) of every window, `stride` pixels apart:
///
///   x [B, H, W, C]    y [B, I, J, C]    I = (H + 2 padding - size) / stride + 1, rounded down; J likewise
///
/// One number for both axes, or {height, width}. stride 0 means size. Padding pixels are never the maximum;
/// in the mean they count as zeros. The gradient of max_pool2d goes to the first of equal values. Means:
/// LeCun, Bottou, Bengio, Haffner 1998; maxima: Scherer, Müller, Behnke 2010, "Evaluation of pooling
/// operations in convolutional architectures for object recognition". Throw Error when the rank is not 4, the
/// window is larger than the padded image or has no pixel, the stride is negative, or the padding is negative
/// or more than half the window. `op` is the name in messages.
Var max_pool2d(const Var& x, Pair size, Pair stride = 0, Pair padding = 0, const char* op = "max_pool2d");
Var average_pool2d(const Var& x, Pair size, Pair stride = 0, Pair padding = 0,
                   const char* op = "average_pool2d");

/// Repeats every pixel factor x factor times: [B, H f, W f, C].
/// Throws Error when the rank is not 4 or the factor is not positive.
Var upsample_nearest(const Var& x, Index factor = 2);

/// Pads with a mirrored margin of m pixels, [B, H + 2 m, W + 2 m, C]; the edge pixel itself is not repeated.
/// Throws Error when the rank is not 4 or the margin is not below H and W.
Var reflection_pad2d(const Var& x, Index margin);

}  // namespace gradus
