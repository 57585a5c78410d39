#pragma once
// The losses of a GAN whose discriminator says P(fake).
#include "gradus/ops/gan_losses.hpp"

namespace gradus {

/// The other convention: logit above 0 means FAKE, D = sigmoid(logit) = P(fake), as on the slides of 2025 and
/// 2026, arg max_D E[ log D(G(z)) + log(1 - D(x)) ], arg min_G of the same. It is the same game with 1 - D in
/// the place of D, with the same gradients in D's weights up to the sign of its last layer. Take D's loss of
/// one convention and G's of the other, and G helps D.
namespace p_fake {
Var minimax_real_loss(const Var& logits, Real label = 1);  ///< -log(1 - D) with label 1
Var minimax_fake_loss(const Var& logits);                  ///< -log D
Var saturating_generator_loss(const Var& logits);          ///< log D
Var non_saturating_generator_loss(const Var& logits);      ///< -log(1 - D)
}  // namespace p_fake

}  // namespace gradus
