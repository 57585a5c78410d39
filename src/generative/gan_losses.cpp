#include "gradus/generative/gan_losses.hpp"

#include "gradus/ops/logits.hpp"

namespace gradus {

// [7]
// In all losses -log D = softplus(-a) and -log(1 - D) = softplus(a), finite for every finite logit a.
// 1 - sigmoid(a) is computed as sigmoid(-a), which is accurate where sigmoid(a) rounds to 1.
// [end]

Tensor MinimaxRealLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_real_loss", logits_in);
  GRADUS_CHECK(label > 0 && label <= 1, "minimax_real_loss: the label must be in (0, 1], got ", label);
  logits = logits_in;  // backward needs them
  // [7.1]
  // softplus(-|a|) + miss |a|, where miss is the label's weight on the other side of 0
  return each_logit(logits, [rest = 1 - label](Real a) {
    const Real miss = a > 0 ? rest : 1 - rest;  // may be 0 where a is infinite
    return fast_softplus(-std::abs(a)) + (miss == 0 ? Real(0) : miss * std::abs(a));
  });
  // [end]
}

Grads<1> MinimaxRealLoss::backward(const Tensor& dloss) const {
  // [7.2]
  // da = (1 - label - sigmoid(-a)) dloss
  return {each_slope(dloss, logits, [rest = 1 - label](Real a) { return rest - fast_sigmoid(-a); })};
  // [end]
}

Tensor MinimaxFakeLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_fake_loss", logits_in);
  logits = logits_in;  // backward needs them
  // [7.3]
  return each_logit(logits, [](Real a) { return fast_softplus(a); });
  // [end]
}

Grads<1> MinimaxFakeLoss::backward(const Tensor& dloss) const {
  // [7.4]
  // da = sigmoid(a) dloss
  return {each_slope(dloss, logits, [](Real a) { return fast_sigmoid(a); })};
  // [end]
}

Tensor SaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // [7.5]
  return each_logit(logits, [](Real a) { return -fast_softplus(a); });
  // [end]
}

Grads<1> SaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // [7.6]
  // da = -sigmoid(a) dloss
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(a); })};
  // [end]
}

Tensor NonSaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("non_saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // [7.7]
  return each_logit(logits, [](Real a) { return fast_softplus(-a); });
  // [end]
}

Grads<1> NonSaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // [7.8]
  // da = -sigmoid(-a) dloss
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(-a); })};
  // [end]
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
