#pragma once
// Losses: one value per example, shape [B], summed over all other axes, in nats where that applies. The
// caller takes the batch mean: mean(squared_error(model(x), x)). A target that is a Tensor has no gradient.
// squared_error and bernoulli_nll are in src/ops/squared_error.cpp and bernoulli_nll.cpp,
// the others in losses.cpp.
#include <span>

#include "gradus/autograd/op.hpp"

namespace gradus {

/// squared_error: the squared distance from the target.
///
///   y, target [B, ..]       l_b = sum_k (y_bk - t_bk)^2
///
/// 6.S191 L4, "Autoencoders: background": L(x, x^) = ||x - x^||^2. Throws Error when the shapes differ.
struct SquaredError {
  Tensor y{}, t{};  ///< kept for backward
  Tensor forward(const Tensor& y_in, const Tensor& t_in);
  Grads<2> backward(const Tensor& dl, const Needs<2>& needs) const;
};
Var squared_error(const Var& y, const Var& target);

/// l1_error: the sum of the absolute differences from the target.
///
///   y, target [B, ..]       l_b = sum_k |y_bk - t_bk|        the gradient is 0 where y = t
///
/// Throws Error when the shapes differ.
Var l1_error(const Var& y, const Var& target);

/// bernoulli_nll: -log p(target) of independent bits, or of grey values in [0, 1], given by their logits.
///
///   logits, target [B, ..]  l_b = -sum_k ( t_bk log p_bk + (1 - t_bk) log(1 - p_bk) ),  p = sigmoid(logits)
///
/// Finite for every finite logit. Throws Error when the shapes differ.
struct BernoulliNll {
  Tensor logits{}, t{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in, const Tensor& t_in);
  Grads<2> backward(const Tensor& dl) const;  ///< no gradient for t
};
Var bernoulli_nll(const Var& logits, const Tensor& target);

/// cross_entropy: -log P(label) of a classifier.
///
///   logits [B, K], B labels in 0 .. K-1     l_b = log sum_k e^logit_bk - logit_b,label
///
/// Throws Error when the rank is not 2, the number of labels is not B, or a label is out of range.
Var cross_entropy(const Var& logits, std::span<const int> labels);

/// gaussian_nll: -log p(target) of independent Gaussians.
///
///   mean, logvar, target [B, ..]
///   l_b = 1/2 sum_k ( log 2 pi + logvar_bk + (t_bk - mean_bk)^2 / e^logvar_bk )
///
/// Throws Error when the shapes differ.
Var gaussian_nll(const Var& mean, const Var& logvar, const Tensor& target);

}  // namespace gradus
