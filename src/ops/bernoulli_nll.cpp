#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Tensor BernoulliNll::forward(const Tensor& logits_in, const Tensor& t_in) {
  check_not_empty("bernoulli_nll", logits_in);
  check_same_shape("bernoulli_nll", logits_in, t_in);
  logits = logits_in, t = t_in;  // backward needs them
  // [5.1]
  // -log p = softplus(-a) and -log(1 - p) = softplus(a). The smaller of the two is softplus(-|a|), the
  // larger one is softplus(-|a|) + |a|. Weighted with the target they sum to softplus(-|a|) + miss |a|,
  // where miss is the weight of the larger one. (softplus(a) - t a has the same value, but
  // is a difference of two large numbers where a is large and t is 1.)
  const Index B = logits.dim(0), D = logits.shape().row_size();
  const Real *a = logits.data(), *x = t.data();
  Tensor l({B});
  row_sums(B, D, l.data(), [=](Index b, Index d) {
    const Index i = b * D + d;
    const Real miss = a[i] > 0 ? 1 - x[i] : x[i];  // may be 0 where a is infinite
    return fast_softplus(-std::abs(a[i])) + (miss == 0 ? Real(0) : miss * std::abs(a[i]));
  });
  return l;
  // [end]
}

Grads<2> BernoulliNll::backward(const Tensor& dl) const {
  // [5.2]
  // dlogits = (p - t) dl         above 0 as (1 - t) - (1 - p), which is accurate where p rounds to 1
  const Real *a = logits.data(), *x = t.data();
  const Tensor dlogits = scaled_rows(dl, logits.shape(), [=](Index i) {
    const Real rest = fast_sigmoid(-std::abs(a[i]));  // p, or 1 - p
    return a[i] > 0 ? 1 - x[i] - rest : rest - x[i];
  });
  return {dlogits, Tensor()};
  // [end]
}

Var bernoulli_nll(const Var& logits, const Tensor& target) {
  return record(BernoulliNll{}, logits, Var(target));
}

}  // namespace gradus
