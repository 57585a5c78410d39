#pragma once
// Losses: one value per example, shape [B], summed over all other axes, in nats where that applies. The
// caller takes the batch mean: mean(squared_error(model(x), x)).
#include <span>

#include "gradus/autograd/op.hpp"

namespace gradus {

// All throw Error when the shapes do not fit. `target` is data: it receives no gradient unless it is a Var.

/// squared_error: l_b = sum_k (y_bk - t_bk)^2        y, target [B, ..]
/// 6.S191 L4, "Autoencoders: background": L(x, x^) = ||x - x^||^2.
struct SquaredError {
  Tensor y{}, t{};  ///< kept for backward
  Tensor forward(const Tensor& y_in, const Tensor& t_in);
  Grads<2> backward(const Tensor& dl, const Needs<2>& needs) const;
};
Var squared_error(const Var& y, const Var& target);

/// l1_error: l_b = sum_k |y_bk - t_bk|               the gradient is 0 where y = t
Var l1_error(const Var& y, const Var& target);

/// bernoulli_nll: l_b = -sum_k ( t log p + (1 - t) log(1 - p) ),  p = sigmoid(logit);
/// logits [B, ..], target [B, ..] in [0, 1]; finite for every finite logit.
struct BernoulliNll {
  Tensor logits{}, t{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in, const Tensor& t_in);
  Grads<2> backward(const Tensor& dl) const;  ///< no gradient for t
};
Var bernoulli_nll(const Var& logits, const Tensor& target);

/// cross_entropy: l_b = log sum_k e^logit_bk - logit_b,label        logits [B, K], B labels in 0 .. K-1
Var cross_entropy(const Var& logits, std::span<const int> labels);

/// gaussian_nll: l_b = 1/2 sum_k ( log 2 pi + logvar + (t - mean)^2 / e^logvar )      all [B, ..]
Var gaussian_nll(const Var& mean, const Var& logvar, const Tensor& target);

}  // namespace gradus
