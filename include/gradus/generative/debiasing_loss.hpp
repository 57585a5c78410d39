#pragma once
// The loss of a debiasing VAE: a classifier and a VAE with one encoder.
#include <functional>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// debiasing_loss: a classifier whose encoder is also trained as a VAE, on the positive examples only.
///
///   logits   [B]       the classifier's output, positive for a face
///   face     [B]       1 for a face, 0 for anything else
///   mu, logvar [B, K]  the code q(z|x) = N(mu, e^logvar)
///   noise    [B, K]    standard normal; z = mu + e^(logvar/2) noise
///   nll      z -> [B]  -log p(x|z) of the batch's images; called once
///   loss_b = -log p(face_b | logit_b) + face_b weight ( nll_b + KL( N(mu, e^logvar) || N(0, 1) )_b )
///
/// The indicator face_b is on the VAE's term: every example is classified, and only faces shape the code.
/// mu and logvar of a non-face reach neither the loss nor a gradient, not even as infinity or NaN.
/// With the indicator on the classifier's term, the constant answer "face" has loss 0 (errata 24). 6.S191 L4,
/// "Mitigating bias through learned latent structure"; Amini, Soleimany, Schwarting, Bhatia, Rus 2019.
/// Throws Error when the shapes do not fit or a label is neither 0 nor 1.
Var debiasing_loss(const Var& logits, const Tensor& face, const Var& mu, const Var& logvar,
                   const Tensor& noise, const std::function<Var(const Var& z)>& nll, Real weight = 1);

}  // namespace gradus
