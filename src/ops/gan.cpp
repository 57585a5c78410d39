#include "gradus/ops/gan.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {
namespace {

void check_logits(const char* op, const Tensor& logits) {
  GRADUS_CHECK(logits.rank() == 1 || (logits.rank() == 2 && logits.dim(1) == 1), op,
               ": logits must be [B] or [B, 1], one an example, got ", logits.shape());
}

/// loss_b = f(logit_b)
template <class F>
Tensor each_logit(const Tensor& logits, F f) {
  return mapped(logits.reshape({logits.dim(0)}), f);
}

/// dlogit_b = dloss_b f(logit_b)
template <class F>
Tensor each_slope(const Tensor& dloss, const Tensor& logits, F f) {
  Tensor dlogits(logits.shape());
  zip(logits.size(), dloss.data(), logits.data(), dlogits.data(), [=](Real d, Real a) { return d * f(a); });
  return dlogits;
}

}  // namespace

// Everywhere: -log D = softplus(-a) and -log(1 - D) = softplus(a), finite for every finite logit a;
// 1 - sigmoid(a) is written sigmoid(-a), which keeps its digits where sigmoid(a) rounds to 1.

// loss = softplus(-a) + (1 - label) a
Tensor MinimaxRealLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_real_loss", logits_in);
  GRADUS_CHECK(label > 0 && label <= 1, "minimax_real_loss: the label must be in (0, 1], got ", label);
  logits = logits_in;
  return each_logit(logits, [rest = 1 - label](Real a) {
    return fast_softplus(-a) + (rest > 0 ? rest * a : Real(0));  // an infinite logit may meet the label 1
  });
}
// da = (1 - label - sigmoid(-a)) dloss
Grads<1> MinimaxRealLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [rest = 1 - label](Real a) { return rest - fast_sigmoid(-a); })};
}

// loss = softplus(a)
Tensor MinimaxFakeLoss::forward(const Tensor& logits_in) {
  check_logits("minimax_fake_loss", logits_in);
  logits = logits_in;
  return each_logit(logits, [](Real a) { return fast_softplus(a); });
}
// da = sigmoid(a) dloss
Grads<1> MinimaxFakeLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [](Real a) { return fast_sigmoid(a); })};
}

// loss = -softplus(a)
Tensor SaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("saturating_generator_loss", logits_in);
  logits = logits_in;
  return each_logit(logits, [](Real a) { return -fast_softplus(a); });
}
// da = -sigmoid(a) dloss
Grads<1> SaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(a); })};
}

// loss = softplus(-a)
Tensor NonSaturatingGeneratorLoss::forward(const Tensor& logits_in) {
  check_logits("non_saturating_generator_loss", logits_in);
  logits = logits_in;
  return each_logit(logits, [](Real a) { return fast_softplus(-a); });
}
// da = -sigmoid(-a) dloss
Grads<1> NonSaturatingGeneratorLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [](Real a) { return -fast_sigmoid(-a); })};
}

// loss = (a - target)^2
Tensor LeastSquaresLoss::forward(const Tensor& logits_in) {
  check_logits("least_squares_loss", logits_in);
  logits = logits_in;
  return each_logit(logits, [t = target](Real a) { return (a - t) * (a - t); });
}
// da = 2 (a - target) dloss
Grads<1> LeastSquaresLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [t = target](Real a) { return 2 * (a - t); })};
}

// loss = max(0, 1 - side a)
Tensor HingeLoss::forward(const Tensor& logits_in) {
  check_logits("hinge_loss", logits_in);
  logits = logits_in;
  return each_logit(logits, [s = side](Real a) { return s * a >= 1 ? Real(0) : 1 - s * a; });
}
// da = -side dloss inside the margin, 0 outside
Grads<1> HingeLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [s = side](Real a) { return s * a >= 1 ? Real(0) : -s; })};
}

Var minimax_real_loss(const Var& logits, Real label) { return record(MinimaxRealLoss{label}, logits); }
Var minimax_fake_loss(const Var& logits) { return record(MinimaxFakeLoss{}, logits); }
Var saturating_generator_loss(const Var& logits) { return record(SaturatingGeneratorLoss{}, logits); }
Var non_saturating_generator_loss(const Var& logits) { return record(NonSaturatingGeneratorLoss{}, logits); }

Var least_squares_real_loss(const Var& logits) { return record(LeastSquaresLoss{1}, logits); }
Var least_squares_fake_loss(const Var& logits) { return record(LeastSquaresLoss{0}, logits); }
Var least_squares_generator_loss(const Var& logits) { return record(LeastSquaresLoss{1}, logits); }

Var hinge_real_loss(const Var& logits) { return record(HingeLoss{1}, logits); }
Var hinge_fake_loss(const Var& logits) { return record(HingeLoss{-1}, logits); }
Var hinge_generator_loss(const Var& logits) {
  check_logits("hinge_generator_loss", logits.value());
  return -reshape(logits, {logits.dim(0)});
}

namespace p_fake {
Var minimax_real_loss(const Var& logits, Real label) { return gradus::minimax_real_loss(-logits, label); }
Var minimax_fake_loss(const Var& logits) { return gradus::minimax_fake_loss(-logits); }
Var saturating_generator_loss(const Var& logits) { return gradus::saturating_generator_loss(-logits); }
Var non_saturating_generator_loss(const Var& logits) {
  return gradus::non_saturating_generator_loss(-logits);
}
}  // namespace p_fake

}  // namespace gradus
