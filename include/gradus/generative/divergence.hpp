#pragma once
// How different are two distributions? KL and JS divergence, in nats.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// kl_divergence: the price, in nats, of describing p with q's code. Not symmetric, no metric.
///
///   p, q  [B, K]   probabilities, a distribution a row; or densities on a grid, with the grid's spacing
///   kl    [B]      kl_b = spacing sum_k p_k log(p_k / q_k)        0 log 0 = 0;  infinite where p > 0 = q
///
/// DS542, "Kullback-Leibler divergence" (C.28). Throws gradus::Error when the shapes differ or the rank is
/// not 2.
struct KlDivergence {
  Real spacing = 1;
  Tensor p{}, q{};  // kept for backward
  Tensor forward(const Tensor& p_in, const Tensor& q_in);
  Grads<2> backward(const Tensor& dkl) const;
};
Var kl_divergence(const Var& p, const Var& q, Real spacing = 1);

/// js_divergence: the KL divergences to the middle m = (p + q) / 2, averaged. Symmetric, at most log 2; its
/// root is a metric.
///
///   p, q  [B, K]   as above
///   js    [B]      js_b = 1/2 KL(p || m) + 1/2 KL(q || m)
///
/// DS542, "Jensen-Shannon divergence" (C.30); a GAN with a perfect discriminator minimises it (6.S191 L4,
/// "Training GANs"). Throws gradus::Error when the shapes differ or the rank is not 2.
struct JsDivergence {
  Real spacing = 1;
  Tensor p{}, q{};  // kept for backward
  Tensor forward(const Tensor& p_in, const Tensor& q_in);
  Grads<2> backward(const Tensor& djs) const;
};
Var js_divergence(const Var& p, const Var& q, Real spacing = 1);

}  // namespace gradus
