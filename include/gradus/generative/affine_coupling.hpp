#pragma once
// The affine coupling: an invertible layer whose Jacobian is triangular. Dinh, Sohl-Dickstein, Bengio 2017,
// "Density estimation using Real NVP".
//
//   mask [D]  m_k = 1: coordinate k passes unchanged, and the networks for s and t may read it
//             m_k = 0: coordinate k is scaled and shifted
//
//   x, y, log_scale s, shift t  [B, D]
//
//   y = m x + (1 - m) (x e^s + t)      x = m y + (1 - m) (y - t) e^-s
//   log |det dy/dx| = sum_k (1 - m_k) s_k
//
// s and t are functions of m x = m y, so dy/dx is triangular after sorting the coordinates by m, with 1 and
// e^s on its diagonal. The values of s and t where m = 1 reach neither results nor gradients, not even as
// NaN. DS542, "Do we have good models?" (column Flows).
#include "gradus/autograd/op.hpp"

namespace gradus {

/// affine_coupling: y from x.
///
/// Throws Error when the shapes differ, the rank is not 2, or mask is not [D] of zeros and ones.
struct AffineCoupling {
  Tensor mask{};    ///< [D]
  Tensor x{}, s{};  ///< kept for backward
  Tensor forward(const Tensor& x_in, const Tensor& log_scale, const Tensor& shift);
  Grads<3> backward(const Tensor& dy) const;
};
Var affine_coupling(const Tensor& mask, const Var& x, const Var& log_scale, const Var& shift);

/// inverse_coupling: x from y, the inverse of affine_coupling for the same s and t.
///
/// Throws Error as affine_coupling does.
struct InverseCoupling {
  Tensor mask{};    ///< [D]
  Tensor x{}, s{};  ///< kept for backward: the result and the log scale
  Tensor forward(const Tensor& y, const Tensor& log_scale, const Tensor& shift);
  Grads<3> backward(const Tensor& dx) const;
};
Var inverse_coupling(const Tensor& mask, const Var& y, const Var& log_scale, const Var& shift);

/// coupling_log_det: log |det dy/dx| per example, [B].
///
///   log_scale [B, D]      log_det_b = sum_k (1 - m_k) s_bk
///
/// Throws Error when the rank is not 2, or mask is not [D] of zeros and ones.
struct CouplingLogDet {
  Tensor mask{};  ///< [D]
  Shape shape{};  ///< of log_scale, kept for backward
  Tensor forward(const Tensor& log_scale);
  Grads<1> backward(const Tensor& dlog_det) const;
};
Var coupling_log_det(const Tensor& mask, const Var& log_scale);

/// 1 where row + column + parity is even, else 0: [height * width]. Neighbouring pixels take turns.
/// Throws Error unless both sizes are positive.
Tensor checkerboard_mask(Index height, Index width, int parity = 0);
/// D coordinates, of which a random half (rounded up) is 1: [D]. Throws Error unless D >= 1.
Tensor random_half_mask(Index D, Rng& rng);
/// 1 - mask: the coordinates that the next layer changes.
Tensor opposite_mask(const Tensor& mask);

}  // namespace gradus
