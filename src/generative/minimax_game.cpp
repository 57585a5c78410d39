#include "gradus/generative/minimax_game.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

GanLosses minimax_losses(Real label) {
  return {[label](const Var& a) { return minimax_real_loss(a, label); }, minimax_fake_loss,
          saturating_generator_loss};
}
GanLosses non_saturating_losses(Real label) {
  return {[label](const Var& a) { return minimax_real_loss(a, label); }, minimax_fake_loss,
          non_saturating_generator_loss};
}
GanLosses least_squares_losses() {
  return {least_squares_real_loss, least_squares_fake_loss, least_squares_generator_loss};
}
GanLosses hinge_losses() { return {hinge_real_loss, hinge_fake_loss, hinge_generator_loss}; }

Var difference_penalty(const Network& discriminator, const Tensor& x, const Tensor& u, Real distance) {
  check_same_shape("difference_penalty (x, u)", x, u);
  GRADUS_CHECK(distance > 0, "difference_penalty: the distance must be positive, got ", distance);
  const Tensor moved = zipped(x, u, [distance](Real a, Real b) { return a + distance * b; });
  const Var slope = (discriminator(moved) - discriminator(x)) / distance;
  return square(reshape(slope, {x.dim(0)}));
}

Tensor optimal_discriminator(const Tensor& p, const Tensor& q) {
  check_rank("optimal_discriminator", "p", p, 2);
  check_same_shape("optimal_discriminator (p, q)", p, q);
  return zipped(p, q, [](Real a, Real b) { return a == 0 && b == 0 ? Real(0.5) : a / (a + b); });
}

Tensor game_value(const Tensor& p, const Tensor& q, const Tensor& d, Real spacing) {
  check_rank("game_value", "p", p, 2);
  check_same_shape("game_value (p, q)", p, q);
  check_same_shape("game_value (p, D)", p, d);
  const Index K = p.dim(1);
  const Real *a = p.data(), *b = q.data(), *chance = d.data();
  Tensor value({p.dim(0)});
  row_sums(p.dim(0), K, value.data(), [=](Index row, Index k) {
    const Index i = row * K + k;
    const Real won = a[i] == 0 ? Real(0) : a[i] * fast_log(chance[i]);
    return spacing * (won + (b[i] == 0 ? Real(0) : b[i] * fast_log(1 - chance[i])));
  });
  return value;
}

}  // namespace gradus
