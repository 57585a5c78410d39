#include "gradus/generative/p_fake.hpp"

#include "gradus/ops/arithmetic.hpp"

namespace gradus {
namespace {

/// The losses of the game.
enum class Place { real, fake, saturating, non_saturating };

/// The selected loss for logits whose sigmoid is P(FAKE).
Var loss_at(Place place, const Var& logits, Real label = 1) {
  // [7.9]
  const Var a = -logits;  // P(real) = 1 - sigmoid(logit) = sigmoid(-logit)
  switch (place) {
    case Place::real:
      return minimax_real_loss(a, label);
    case Place::fake:
      return minimax_fake_loss(a);
    case Place::saturating:
      return saturating_generator_loss(a);
    default:
      return non_saturating_generator_loss(a);
  }
  // [end]
}

}  // namespace

namespace p_fake {
Var minimax_real_loss(const Var& logits, Real label) { return loss_at(Place::real, logits, label); }
Var minimax_fake_loss(const Var& logits) { return loss_at(Place::fake, logits); }
Var saturating_generator_loss(const Var& logits) { return loss_at(Place::saturating, logits); }
Var non_saturating_generator_loss(const Var& logits) { return loss_at(Place::non_saturating, logits); }
}  // namespace p_fake

}  // namespace gradus
