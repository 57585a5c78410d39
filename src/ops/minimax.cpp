#include "gradus/ops/gan.hpp"
#include "gradus/ops/logits.hpp"

namespace gradus {
// SOLUTION(7)
// Everywhere: -log D = softplus(-a) and -log(1 - D) = softplus(a), finite for every finite logit a;
// 1 - sigmoid(a) is written sigmoid(-a), which keeps its digits where sigmoid(a) rounds to 1.
// END

Tensor MinimaxRealLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_real_loss", logits_in);
  GRADUS_CHECK(label > 0 && label <= 1, "minimax_real_loss: the label must be in (0, 1], got ", label);
  logits = logits_in;  // backward needs them
  // SOLUTION(7.1) Return the loss of every example, [B], with D = sigmoid(logit):
  //   loss_b = -( label log D_b + (1 - label) log(1 - D_b) )
  // It is finite for logits of -1000 and 1000 too, where D rounds to 0 and to 1.
  //
  // softplus(-|a|) on the label's side of 0, |a| more on the other side
  return each_logit(logits, [rest = 1 - label](Real a) {
    const Real miss = a > 0 ? rest : 1 - rest;  // may be 0 where a is infinite
    return fast_softplus(-std::abs(a)) + (miss == 0 ? Real(0) : miss * std::abs(a));
  });
  // END
}

Grads<1> MinimaxRealLoss::backward(const Tensor& dloss) const {
  // SOLUTION(7.2: dloss) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B]. It is finite
  // everywhere, and keeps its digits where D rounds to 1: with label 1 and a logit of 40 it is small, not 0.
  //
  // da = (1 - label - sigmoid(-a)) dloss
  return {each_slope(dloss, logits, [rest = 1 - label](Real a) { return rest - fast_sigmoid(-a); })};
  // END
}

Tensor MinimaxFakeLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_fake_loss", logits_in);
  logits = logits_in;  // backward needs them
  // SOLUTION(7.3) Return the loss of every example, [B], finite at logits of -1000 and 1000:
  //   loss_b = -log(1 - D_b)
  //
  return each_logit(logits, [](Real a) { return fast_softplus(a); });
  // END
}

Grads<1> MinimaxFakeLoss::backward(const Tensor& dloss) const {
  // SOLUTION(7.4: dloss) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  //
  // da = sigmoid(a) dloss
  return {each_slope(dloss, logits, [](Real a) { return fast_sigmoid(a); })};
  // END
}

Tensor SaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // SOLUTION(7.5) Return the loss of every example, [B], the slide's min over G, finite at logits of -1000
  // and 1000:
  //   loss_b = log(1 - D_b)
  //
  return each_logit(logits, [](Real a) { return -fast_softplus(a); });
  // END
}

Grads<1> SaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // SOLUTION(7.6: dloss) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B].
  //
  // da = -sigmoid(a) dloss
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(a); })};
  // END
}

Tensor NonSaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("non_saturating_generator_loss", logits_in);
  logits = logits_in;  // backward needs them
  // SOLUTION(7.7) Return the loss of every example, [B], the one that is used, finite at logits of -1000 and
  // 1000:
  //   loss_b = -log D_b
  //
  return each_logit(logits, [](Real a) { return fast_softplus(-a); });
  // END
}

Grads<1> NonSaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  // SOLUTION(7.8: dloss) Return { dL/dlogits }, of the logits' shape, from dloss = dL/dloss [B]. Keep the
  // digits where D rounds to 1, as in 7.2.
  //
  // da = -sigmoid(-a) dloss
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(-a); })};
  // END
}

Var minimax_real_loss(const Var& logits, Real label) { return record(MinimaxRealLoss{label}, logits); }
Var minimax_fake_loss(const Var& logits) { return record(MinimaxFakeLoss{}, logits); }
Var saturating_generator_loss(const Var& logits) { return record(SaturatingGeneratorLoss{}, logits); }
Var non_saturating_generator_loss(const Var& logits) { return record(NonSaturatingGeneratorLoss{}, logits); }

}  // namespace gradus
