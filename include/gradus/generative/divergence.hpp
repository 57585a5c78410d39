#pragma once
// The difference of two distributions: KL and JS divergence, in nats.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// kl_divergence: the extra code length, in nats, of encoding p with a code for q. Not symmetric, no metric.
///
///   p, q  [B, K]   probabilities, one distribution per row; or densities on a grid with this spacing
///   kl    [B]      kl_b = spacing sum_k p_k log(p_k / q_k)        0 log 0 = 0;  infinite where p > 0 = q
///
/// DS542, "Probability Distribution Divergence Measures" (C.28).
/// Throws Error when the shapes differ or the rank is not 2.
struct KlDivergence {
  Real spacing = 1;  ///< of the grid; 1 for probabilities
  Tensor p{}, q{};   ///< kept for backward
  Tensor forward(const Tensor& p_in, const Tensor& q_in);
  Grads<2> backward(const Tensor& dkl) const;
};
Var kl_divergence(const Var& p, const Var& q, Real spacing = 1);

/// js_divergence: the mean of the KL divergences of p and q to m = (p + q) / 2. Symmetric, at most log 2; its
/// square root is a metric.
///
///   p, q  [B, K]   as above
///   js    [B]      js_b = 1/2 KL(p || m) + 1/2 KL(q || m)
///
/// DS542, the same slide (C.30); a GAN with a perfect discriminator minimises it (6.S191 L4,
/// "Training GANs"). Throws Error when the shapes differ or the rank is not 2.
struct JsDivergence {
  Real spacing = 1;  ///< of the grid; 1 for probabilities
  Tensor p{}, q{};   ///< kept for backward
  Tensor forward(const Tensor& p_in, const Tensor& q_in);
  Grads<2> backward(const Tensor& djs) const;
};
Var js_divergence(const Var& p, const Var& q, Real spacing = 1);

}  // namespace gradus
