#include "gradus/ops/gan_losses.hpp"

#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/logits.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

// loss = (a - target)^2
Tensor LeastSquaresLoss::forward(const Tensor& logits_in) {
  check_logits(op, logits_in);
  logits = logits_in;
  return each_logit(logits, [t = target](Real a) { return (a - t) * (a - t); });
}
// da = 2 (a - target) dloss
Grads<1> LeastSquaresLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [t = target](Real a) { return 2 * (a - t); })};
}

// loss = max(0, 1 - side a)
Tensor HingeLoss::forward(const Tensor& logits_in) {
  check_logits(op, logits_in);
  logits = logits_in;
  return each_logit(logits, [s = side](Real a) { return s * a >= 1 ? Real(0) : 1 - s * a; });
}
// da = -side dloss inside the margin, 0 outside
Grads<1> HingeLoss::backward(const Tensor& dloss) const {
  return {each_slope(dloss, logits, [s = side](Real a) { return s * a >= 1 ? Real(0) : -s; })};
}

Var least_squares_real_loss(const Var& logits) {
  return record(LeastSquaresLoss{1, "least_squares_real_loss"}, logits);
}
Var least_squares_fake_loss(const Var& logits) {
  return record(LeastSquaresLoss{0, "least_squares_fake_loss"}, logits);
}
Var least_squares_generator_loss(const Var& logits) {
  return record(LeastSquaresLoss{1, "least_squares_generator_loss"}, logits);
}

Var hinge_real_loss(const Var& logits) { return record(HingeLoss{1, "hinge_real_loss"}, logits); }
Var hinge_fake_loss(const Var& logits) { return record(HingeLoss{-1, "hinge_fake_loss"}, logits); }
Var hinge_generator_loss(const Var& logits) {
  check_logits("hinge_generator_loss", logits.value());
  return -reshape(logits, {logits.dim(0)});
}

}  // namespace gradus
