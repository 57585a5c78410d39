#pragma once
// Convolutions of pictures [B, H, W, C]: channels last, as in memory so in every formula.
#include "gradus/autograd/op.hpp"
#include "gradus/kernels/convolution.hpp"

namespace gradus {

/// conv2d: a window of weights slides over the picture; each place answers with K numbers.
///
///   x [B, H, W, C]    w [K, U, V, C]    b [K] or empty
///   y [B, I, J, K]    y[b,i,j,k] = b[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c]
///   I = (H + 2p - U) / s + 1, rounded down; J likewise. Outside the picture x is zero.
///   s and p stand for the numbers of their axis: stride.height and padding.height with i, .width with j.
///
/// Picture 4 x 4 (x), padding p = 1 (.), window 3 x 3 (#) at its second place of stride s = 1; I = J = 4:
///
///        . . . . . .
///        . # # # x .
///        . # # # x .
///        . # # # x .
///        . x x x x .
///        . . . . . .
///
/// Not local for 3 x 3 windows with stride 1 and many channels, unless `direct`: a pixel of 1e8, inf or NaN
/// then spoils neighbouring results that do not see it; see direct_convolutions in kernels/convolution.hpp.
///
/// 6.S191 L4, "DCGAN"; L3, "The convolution operation". Throws Error when a rank, C or the bias does not fit,
/// a size other than B is 0, the stride is not positive, the padding is negative, one of them is 2^31 or
/// more, the window is larger than the padded picture, or there are too many pictures at once: most of the
/// kernels count the numbers of a tensor up to 2^31.
struct Conv2dOp {
  static constexpr Needs<3> optional{false, false, true};
  Pair stride = 1, padding = 0;
  bool direct = false;
  const char* op = "conv2d";  ///< or "conv1d", in messages
  Window window{};
  Tensor x{}, w{};  // kept for backward: x with its frame of zeros
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// Where the window goes: one number for both axes, or {height, width}; and how. output_padding is for the
/// transposed one alone.
struct ConvOptions {
  Pair stride = 1, padding = 0, output_padding = 0;
  bool direct = false;  ///< never the fast 3 x 3 kernels, which are not local: see direct_convolutions
};

Var conv2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options = {});
/// Without bias, as before a normalisation.
Var conv2d(const Var& x, const Var& w, const ConvOptions& options = {});

/// conv_transpose2d: conv2d's input gradient as a layer of its own; each input pixel paints the window.
///
///   x [B, I, J, K]    w [K, U, V, C]    b [C] or empty
///   y [B, H, W, C]    y[b, s i + u - p, s j + v - p, c] = b[c] + sum_ijkuv x[b,i,j,k] w[k,u,v,c]
///   H = s (I - 1) + U - 2p + output_padding; W likewise
///
/// 6.S191 L4, "DCGAN": the generator's upward path. Dumoulin, Visin 2016, "A guide to convolution
/// arithmetic". Throws Error as conv2d does, unless 0 <= output_padding < stride, and when the padding takes
/// everything away: H or W below 1.
struct ConvTranspose2dOp {
  static constexpr Needs<3> optional{false, false, true};
  Pair stride = 1, padding = 0, output_padding = 0;
  bool direct = false;
  const char* op = "conv_transpose2d";
  Window window{};
  Tensor x{}, w{};  // kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

Var conv_transpose2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options = {});
Var conv_transpose2d(const Var& x, const Var& w, const ConvOptions& options = {});

/// The window of conv2d (conv_transpose2d) over these operands. Throws Error, under the name `op`, where the
/// op does.
Window conv2d_window(const Tensor& x, const Tensor& w, const Tensor& b, Pair stride, Pair padding,
                     const char* op = "conv2d");
Window conv_transpose2d_window(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions& options,
                               const char* op = "conv_transpose2d");

/// The definitions, as seven loops: what the ops above compute, to read and to test against. Same shapes,
/// same names; slow.
struct NaiveConv2d {
  static constexpr const char* op = "conv2d";
  static constexpr Needs<3> optional{false, false, true};
  Index stride = 1, padding = 0;
  Tensor x{}, w{};  // kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy) const;
};
struct NaiveConvTranspose2d {
  static constexpr const char* op = "conv_transpose2d";
  static constexpr Needs<3> optional{false, false, true};
  Index stride = 1, padding = 0, output_padding = 0;
  Tensor x{}, w{};  // kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy) const;
};

}  // namespace gradus
