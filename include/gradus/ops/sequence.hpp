#pragma once
// Convolutions and pooling of sequences [B, L, C], channels last. They are computed, checked and
// differentiated as images of height 1 (ops/conv.hpp, ops/window.hpp).
#include "gradus/autograd/var.hpp"

namespace gradus {

/// Options of op and layer. `size` and `bias` are the layer's; the op takes the window from w, and has a bias
/// where b is not empty.
struct Conv1dOptions {
  Index size = 3;                 ///< of the window, in elements of the sequence
  Index stride = 1, padding = 0;  ///< in elements of the sequence
  Index output_padding = 0;       ///< of the transposed convolution
  bool bias = true;               ///< the layer adds b to the result
};

/// conv1d: a convolution along a sequence.
///
///   x [B, L, C]    w [K, V, C]    b [K] or an empty Tensor
///   y [B, J, K]    y[b,j,k] = b[k] + sum_vc x[b, s j + v - p, c] w[k,v,c]
///   J = (L + 2p - V) / s + 1, rounded down. Outside the sequence x is zero.
///
/// Throws Error as conv2d does.
Var conv1d(const Var& x, const Var& w, const Var& b = Tensor(), const Conv1dOptions& options = {});

/// conv_transpose1d: conv1d's input gradient as a layer of its own.
///
///   x [B, J, K]    w [K, V, C]    b [C] or an empty Tensor
///   y [B, L, C]    y[b, s j + v - p, c] = b[c] + sum_jkv x[b,j,k] w[k,v,c]
///   L = s (J - 1) + V - 2p + output_padding
///
/// Throws Error as conv_transpose2d does.
Var conv_transpose1d(const Var& x, const Var& w, const Var& b = Tensor(), const Conv1dOptions& options = {});

/// Maximum (mean) of every `size` neighbours: [B, L, C] -> [B, J, C], as max_pool2d and average_pool2d.
/// Throw Error as those do.
Var max_pool1d(const Var& x, Index size, Index stride = 0, Index padding = 0);
Var average_pool1d(const Var& x, Index size, Index stride = 0, Index padding = 0);

}  // namespace gradus
