// Your file for exercise 7. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/gan_losses.hpp"

#include "gradus/base/todo.hpp"
#include "gradus/ops/logits.hpp"

namespace gradus {

Tensor MinimaxRealLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_real_loss", logits_in);
  GRADUS_CHECK(label > 0 && label <= 1, "minimax_real_loss: the label must be in (0, 1], got ", label);
  logits = logits_in;  // backward needs them
  // TODO(7.1) Return the loss of every example, [B], with D = sigmoid(logit):
  //   loss_b = -( label log D_b + (1 - label) log(1 - D_b) )
  // The loss is finite for logits of -1000 and 1000, too, where D rounds to 0 and to 1.
  todo("7.1");
}

Grads<1> MinimaxRealLoss::backward(const Tensor& dloss) const {
  // TODO(7.2) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  // The gradient is finite everywhere and stays accurate where D rounds to 1:
  // with label 1 and a logit of 40 it is small, not 0.
  todo("7.2", dloss);
}

Tensor MinimaxFakeLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_fake_loss", logits_in);
  logits = logits_in;  // backward needs them
  // TODO(7.3) Return the loss of every example, [B], finite at logits of -1000 and 1000:
  //   loss_b = -log(1 - D_b)
  todo("7.3");
}

Grads<1> MinimaxFakeLoss::backward(const Tensor& dloss) const {
  // TODO(7.4) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  todo("7.4", dloss);
}

Tensor SaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // TODO(7.5) Return the loss of every example, [B], the slide's min over G, finite at logits of -1000
  // and 1000:
  //   loss_b = log(1 - D_b)
  todo("7.5");
}

Grads<1> SaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // TODO(7.6) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  todo("7.6", dloss);
}

Tensor NonSaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("non_saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // TODO(7.7) Return the loss of every example, [B], the one used in practice,
  // finite at logits of -1000 and 1000:
  //   loss_b = -log D_b
  todo("7.7");
}

Grads<1> NonSaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // TODO(7.8) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  // Keep it accurate where D rounds to 1, as in 7.2.
  todo("7.8", dloss);
}

Var minimax_real_loss(const Var& logits, Real label) { return record(MinimaxRealLoss{label}, logits); }
Var minimax_fake_loss(const Var& logits) { return record(MinimaxFakeLoss{}, logits); }
Var saturating_generator_loss(const Var& logits) { return record(SaturatingGeneratorLoss{}, logits); }
Var non_saturating_generator_loss(const Var& logits) { return record(NonSaturatingGeneratorLoss{}, logits); }

namespace {

/// loss = (a - target)^2        da = 2 (a - target) dloss
struct LeastSquaresLoss {
  const char* op;
  Real target;
  Tensor logits{};
  Tensor forward(const Tensor& logits_in) {
    check_logits(op, logits_in);
    logits = logits_in;
    return each_logit(logits, [t = target](Real a) { return (a - t) * (a - t); });
  }
  Grads<1> backward(const Tensor& dloss) const {
    return {each_slope(dloss, logits, [t = target](Real a) { return 2 * (a - t); })};
  }
};

}  // namespace

Var least_squares_real_loss(const Var& logits) {
  return record(LeastSquaresLoss{"least_squares_real_loss", 1}, logits);
}
Var least_squares_fake_loss(const Var& logits) {
  return record(LeastSquaresLoss{"least_squares_fake_loss", 0}, logits);
}
Var least_squares_generator_loss(const Var& logits) {
  return record(LeastSquaresLoss{"least_squares_generator_loss", 1}, logits);
}

}  // namespace gradus
