#pragma once
// Convolutions of images [B, H, W, C]: channels last, in memory and in all formulas. Their definitions as
// loops are in src/ops/conv_naive.cpp, the rest in src/ops/conv.cpp.
#include "gradus/autograd/op.hpp"
#include "gradus/kernels/convolution.hpp"

namespace gradus {

/// conv2d: a window of weights slides over the image; each position yields K values.
///
///   x [B, H, W, C]    w [K, U, V, C]    b [K] or empty
///   y [B, I, J, K]    y[b,i,j,k] = b[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c]
///   I = (H + 2p - U) / s + 1, rounded down; J likewise. Outside the image x is zero.
///   s and p are those of the axis: stride.height and padding.height with i, .width with j.
///
/// Image 4 x 4 (x), padding p = 1 (.), window 3 x 3 (#) at its second position with stride s = 1; I = J = 4:
///
///        . . . . . .
///        . # # # x .
///        . # # # x .
///        . # # # x .
///        . x x x x .
///        . . . . . .
///
/// For 3 x 3 windows with stride 1 and many channels the computation is not local, unless `direct` is set: a
/// pixel of 1e8, inf or NaN then corrupts neighbouring results whose windows do not contain it; see
/// direct_convolutions in kernels/convolution.hpp.
///
/// 6.S191 L4, "Training GANs"; L3, "The convolution operation". Throws Error when a rank, C or b is wrong,
/// a size other than B is 0, the stride is not positive, the padding is negative, one of them is 2^31 or
/// more, the window is larger than the padded image, or there are too many images at once: most kernels
/// index the elements of a tensor with 32 bits, up to 2^31.
struct Conv2dOp {
  static constexpr Needs<3> optional{false, false, true};
  Pair stride = 1, padding = 0;  ///< see ConvOptions
  bool direct = false;           ///< see ConvOptions
  const char* op = "conv2d";     ///< or "conv1d"; for messages
  Window window{};               ///< all sizes, set by forward
  Tensor x{}, w{};               ///< kept for backward: x with its zero padding
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// Options of op and layer: one number for both axes, or {height, width}. `size` and `bias` are the layer's;
/// the op takes the window from w, and has a bias where b is not empty.
struct ConvOptions {
  Pair size = 3;                 ///< of the window, in pixels
  Pair stride = 1, padding = 0;  ///< in pixels
  Pair output_padding = 0;       ///< of the transposed convolution, in pixels
  bool bias = true;              ///< the layer adds b to the result
  bool direct = false;  ///< excludes the fast 3 x 3 kernels, which are not local: see direct_convolutions
};

/// Records Conv2dOp; b may be an empty Tensor.
Var conv2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options = {});
/// Without bias, as before a normalisation layer.
Var conv2d(const Var& x, const Var& w, const ConvOptions& options = {});

/// conv_transpose2d: conv2d's input gradient as a layer of its own; each input pixel adds a weighted window.
///
///   x [B, I, J, K]    w [K, U, V, C]    b [C] or empty
///   y [B, H, W, C]    y[b, s i + u - p, s j + v - p, c] = b[c] + sum_ijkuv x[b,i,j,k] w[k,u,v,c]
///   H = s (I - 1) + U - 2p + output_padding; W likewise
///
/// 6.S191 L4, "Training GANs": the generator's layers. Dumoulin, Visin 2016, "A guide to convolution
/// arithmetic". Throws Error as conv2d does, unless 0 <= output_padding < stride, and when the padding leaves
/// no output (H or W below 1).
struct ConvTranspose2dOp {
  static constexpr Needs<3> optional{false, false, true};
  Pair stride = 1, padding = 0, output_padding = 0;  ///< see ConvOptions
  bool direct = false;                               ///< see ConvOptions
  const char* op = "conv_transpose2d";
  Window window{};  ///< all sizes, set by forward
  Tensor x{}, w{};  ///< kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// Records ConvTranspose2dOp; b may be an empty Tensor.
Var conv_transpose2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options = {});
/// Without bias.
Var conv_transpose2d(const Var& x, const Var& w, const ConvOptions& options = {});

/// The sizes of conv2d (conv_transpose2d) for these operands.
/// Throws Error as the op does, under the name `op`.
Window conv2d_window(const Tensor& x, const Tensor& w, const Tensor& b, Pair stride, Pair padding,
                     const char* op = "conv2d");
Window conv_transpose2d_window(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions& options,
                               const char* op = "conv_transpose2d");

/// Reference implementations as seven nested loops, for reading and testing. Same shapes and names as the ops
/// above; slow.
struct NaiveConv2d {
  static constexpr const char* op = "conv2d";
  static constexpr Needs<3> optional{false, false, true};
  Index stride = 1, padding = 0;  ///< for both axes
  Tensor x{}, w{};                ///< kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy) const;
};
struct NaiveConvTranspose2d {
  static constexpr const char* op = "conv_transpose2d";
  static constexpr Needs<3> optional{false, false, true};
  Index stride = 1, padding = 0, output_padding = 0;  ///< for both axes
  Tensor x{}, w{};                                    ///< kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy) const;
};

}  // namespace gradus
