#pragma once
// The loss of a VAE, and the warm-up of its KL term.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// vae_loss: the loss of a variational autoencoder, the negative ELBO with a weight on the KL term.
///
///   nll, kl  [B], or their means [1]      loss_b = nll_b + beta kl_b
///
/// 6.S191 L4, "VAE optimization" (beta 1) and "Latent space disentanglement with beta-VAEs" (there with the
/// sign of the ELBO, which is maximised, and without its beta). Throws Error when the shapes differ.
struct VaeLoss {
  Real beta = 1;  ///< the weight of the KL term
  Tensor forward(const Tensor& nll, const Tensor& kl);
  Grads<2> backward(const Tensor& dloss) const;
};
Var vae_loss(const Var& nll, const Var& kl, Real beta = 1);

/// KL warm-up: the weight rises linearly from 0 to beta over the first `warm_up` fraction of the training, so
/// that the units are in use before the KL term penalises them. progress in [0, 1]. Bowman et al. 2016;
/// needed for every beta above 1.
Real warmed_beta(Real beta, double progress, double warm_up = 0.5);

}  // namespace gradus
