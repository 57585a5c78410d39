#pragma once
// A sample of a Gaussian as a differentiable function of its mean and variance.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// reparameterize: sampling from N(mu, s^2) that gradients can pass through; the noise is an input.
///
///   mu      [B, K]
///   logvar  [B, K]   log s^2
///   noise   [B, K]   drawn from N(0, 1) by the caller, constant
///   z       [B, K]   z = mu + exp(logvar / 2) noise
///
/// 6.S191 L4, "Reparametrizing the sampling layer". Kingma, Welling: "Auto-encoding variational Bayes", ICLR
/// 2014. Throws Error when the shapes differ.
struct Reparameterize {
  Tensor logvar{}, noise{};  ///< kept for backward
  Tensor forward(const Tensor& mu, const Tensor& logvar_in, const Tensor& noise_in);
  Grads<3> backward(const Tensor& dz) const;
};
Var reparameterize(const Var& mu, const Var& logvar, const Tensor& noise);

}  // namespace gradus
