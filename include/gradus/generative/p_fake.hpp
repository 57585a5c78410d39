#pragma once
// The losses of a GAN whose discriminator outputs P(fake).
#include "gradus/generative/gan_losses.hpp"

namespace gradus {

/// The other convention: a logit above 0 means FAKE, D = sigmoid(logit) = P(fake), as on the slides of 2025
/// and 2026: arg max_D E[ log D(G(z)) + log(1 - D(x)) ], and arg min_G of the same. It is the same game with
/// 1 - D in place of D; the gradients of D's weights are the same up to the sign of its last layer. Mixing
/// the two conventions (D's loss of one, G's loss of the other) makes G help D.
/// Shapes: logits [B] or [B, 1] -> loss [B]. Throw Error as the losses of gan_losses.hpp do.
namespace p_fake {
Var minimax_real_loss(const Var& logits, Real label = 1);  ///< -log(1 - D) with label 1
Var minimax_fake_loss(const Var& logits);                  ///< -log D
Var saturating_generator_loss(const Var& logits);          ///< log D
Var non_saturating_generator_loss(const Var& logits);      ///< -log(1 - D)
}  // namespace p_fake

}  // namespace gradus
