#pragma once
// Matrix products: linear in src/ops/linear.cpp, the others in src/ops/matmul.cpp.
#include "gradus/autograd/op.hpp"
#include "gradus/kernels/gemm.hpp"

namespace gradus {

/// a [M, K], b [K, N] -> [M, N]. Throws Error when the ranks are not 2 or the inner sizes differ.
Var matmul(const Var& a, const Var& b);

/// The products of the matrices of two batches: a [B, M, K], b [B, K, N] -> [B, M, N]. There may be two
/// leading axes, [B, H, ..], as with the heads of attention. With `transpose_b`, b is [.., N, K], each
/// product a bT. Throws Error unless the ranks are 3 or 4 and equal,
/// and the leading sizes and the inner ones agree.
Var batched_matmul(const Var& a, const Var& b, Transpose transpose_b = Transpose::no);

/// linear: each output is a weighted sum of all inputs plus a bias.
///
///   x [B, I]     w [O, I]     b [O]
///   y [B, O]     y = x wT + b
///
/// 6.S191 L4, "Autoencoders: background": the layers of encoder and decoder.
/// Throws Error when the ranks or inner sizes do not fit.
struct LinearOp {
  Tensor x{}, w{};  ///< kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};
Var linear(const Var& x, const Var& w, const Var& b);

}  // namespace gradus
