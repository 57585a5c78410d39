// Your file for exercise 7. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/p_fake.hpp"

#include "gradus/base/todo.hpp"
#include "gradus/ops/arithmetic.hpp"

namespace gradus {
namespace {

/// The losses of the game.
enum class Place { real, fake, saturating, non_saturating };

/// The selected loss for logits whose sigmoid is P(FAKE).
Var loss_at(Place place, const Var& logits, Real label = 1) {
  // TODO(7.9) Return the loss [B] for `place`, where D = sigmoid(logit)
  // is the probability that the example is a FAKE:
  //   real             -( label log(1 - D) + (1 - label) log D )
  //   fake             -log D
  //   saturating        log D
  //   non_saturating   -log(1 - D)
  // The four functions of gradus/generative/gan_losses.hpp, whose D is P(REAL), compute it:
  // minimax_real_loss, minimax_fake_loss, saturating_generator_loss,
  // non_saturating_generator_loss. Which logit do they need?
  todo("7.9", place, logits, label);
}

}  // namespace

namespace p_fake {
Var minimax_real_loss(const Var& logits, Real label) { return loss_at(Place::real, logits, label); }
Var minimax_fake_loss(const Var& logits) { return loss_at(Place::fake, logits); }
Var saturating_generator_loss(const Var& logits) { return loss_at(Place::saturating, logits); }
Var non_saturating_generator_loss(const Var& logits) { return loss_at(Place::non_saturating, logits); }
}  // namespace p_fake

}  // namespace gradus
