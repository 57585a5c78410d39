#pragma once
// Densities through invertible functions: the likelihood of a flow,
// and what pixels need before a flow can read them.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// change_of_variables: log density of x whose code z = f(x) is standard normal.
///
///   z        [B, D]    f(x)
///   log_det  [B]       log |det df/dx|, the sum over all layers of f
///   log_p    [B]       log p(x_b) = -1/2 |z_b|^2 - D/2 log 2 pi + log_det_b
///
/// Where f stretches space (log_det > 0), the density of x is higher than that of its code: points that were
/// close together became distant ones. DS542, "Probabilistic Generative Models".
/// Throws Error when z is not [B, D] or log_det not [B].
struct ChangeOfVariables {
  Tensor z{};  ///< kept for backward
  Tensor forward(const Tensor& z_in, const Tensor& log_det);
  Grads<2> backward(const Tensor& dlog_p) const;
};
Var change_of_variables(const Var& z, const Var& log_det);

/// A transformed batch with its log-determinant.
struct Transformed {
  Tensor values;   ///< of the input's shape
  Tensor log_det;  ///< [B] log |det d values / d input|
};

/// dequantize: grey values of `levels` steps as points of [0, 1], by a random position within each step. On
/// discrete values a model can make its density as high as it wants. With the noise, the mean log density is
/// at most the log probability of the step (Theis, van den Oord, Bethge 2016).
///
///   x [B, ..] in [0, 1]    noise [B, ..] in [0, 1)       u = (round(x (levels - 1)) + noise) / levels
///
/// log_det is that from steps (numbers 0 .. levels) to u, -D log levels, equal for all examples.
/// Throws Error when the shapes differ, levels < 2, or a result is outside [0, 1].
Transformed dequantize(const Tensor& x, const Tensor& noise, Index levels = 256);

/// logit_transform: from (0, 1) to the line, where a Gaussian fits. alpha keeps away from the ends, where the
/// logit is infinite.
///
///   u [B, ..]    p = alpha + (1 - 2 alpha) u     v = log p - log(1 - p)
///   log_det_b = sum_k ( log(1 - 2 alpha) - log p_bk - log(1 - p_bk) )
///
/// Dinh et al. 2017. Throws Error unless 0 <= alpha < 1/2 and every p is inside (0, 1).
Transformed logit_transform(const Tensor& u, Real alpha = Real(0.05));
/// The inverse of logit_transform, clipped to [0, 1]. Throws Error unless 0 <= alpha < 1/2.
Tensor inverse_logit(const Tensor& v, Real alpha = Real(0.05));

/// bits_per_dimension: the mean code length of one of D values of `levels` steps, from a log density in nats.
///
///   log_p: log density, in nats, of u = steps / levels;  bits = -log_p / (D log 2) + log2 levels
///
/// A uniform model of 256 grey values has 8 bits. Throws Error unless D >= 1 and levels >= 1.
double bits_per_dimension(double log_p, Index D, Index levels = 256);

}  // namespace gradus
