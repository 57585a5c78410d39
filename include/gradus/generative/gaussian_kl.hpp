#pragma once
// The KL term of a variational autoencoder's loss.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// gaussian_kl: KL divergence of the encoder's Gaussian from the prior, KL( N(mu, s^2) || N(0, 1) ).
///
///   mu      [B, K]
///   logvar  [B, K]   log s^2
///   kl      [B]      kl_b = 1/2 sum_k ( exp(logvar) + mu^2 - 1 - logvar )
///
/// 6.S191 L4, "Priors on the latent distribution" (printed there with the wrong sign).
/// Throws Error when the shapes differ or the rank is not 2.
struct GaussianKl {
  Tensor mu{}, logvar{};  ///< kept for backward
  Tensor forward(const Tensor& mu_in, const Tensor& logvar_in);
  Grads<2> backward(const Tensor& dkl) const;
};
Var gaussian_kl(const Var& mu, const Var& logvar);

}  // namespace gradus
