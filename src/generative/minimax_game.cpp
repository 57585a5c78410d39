#include "gradus/generative/minimax_game.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

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
  const Real *a = p.data(), *b = q.data(), *probability = d.data();
  Tensor value({p.dim(0)});
  row_sums(p.dim(0), K, value.data(), [=](Index row, Index k) {
    const Index i = row * K + k;
    const Real won = a[i] == 0 ? Real(0) : a[i] * fast_log(probability[i]);
    return spacing * (won + (b[i] == 0 ? Real(0) : b[i] * fast_log(1 - probability[i])));
  });
  return value;
}

}  // namespace gradus
