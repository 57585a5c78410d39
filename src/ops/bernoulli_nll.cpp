#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Tensor BernoulliNll::forward(const Tensor& logits_in, const Tensor& t_in) {
  check_not_empty("bernoulli_nll", logits_in);
  check_same_shape("bernoulli_nll", logits_in, t_in);
  logits = logits_in, t = t_in;  // backward needs them
  // SOLUTION(5.1) Return -log p(t) of every row, [B], where p_bd = 1 / (1 + exp(-logits_bd)) is the chance of
  // a 1, and t_bd in [0, 1] what was seen:
  //   l_b = -sum_d ( t_bd log p_bd + (1 - t_bd) log(1 - p_bd) )
  // A row has logits.shape().row_size() numbers (pictures may be [B, H, W, C]). For logits of +-1000 the
  // answer must be right, not infinite, not NaN and not cut off: p is 1 or 0 there, so do without p.
  //
  // -log p = softplus(-a) and -log(1 - p) = softplus(a). The one on the target's side of 0 is softplus(-|a|),
  // the other one |a| more: together softplus(-|a|) + miss |a|, miss being the target's part on the other
  // side. (softplus(a) - t a is the same number, but the difference of two large ones where a is large and t
  // is 1.)
  const Index B = logits.dim(0), D = logits.shape().row_size();
  const Real *a = logits.data(), *x = t.data();
  Tensor l({B});
  row_sums(B, D, l.data(), [=](Index b, Index d) {
    const Index i = b * D + d;
    const Real miss = a[i] > 0 ? 1 - x[i] : x[i];  // may be 0 where a is infinite
    return fast_softplus(-std::abs(a[i])) + (miss == 0 ? Real(0) : miss * std::abs(a[i]));
  });
  return l;
  // END
}

Grads<2> BernoulliNll::backward(const Tensor& dl) const {
  // SOLUTION(5.2: dl) Return { dL/dlogits, Tensor() } from dl = dL/dl [B]; dL/dlogits has the shape of
  // logits. The target t is data: an empty Tensor says that no gradient flows to it. Finite and right at
  // +-1000, too.
  //
  // dlogits = (p - t) dl         above 0 as (1 - t) - (1 - p), which keeps its digits where p rounds to 1
  const Index B = logits.dim(0), D = logits.shape().row_size();
  Tensor dlogits(logits.shape());
  const Real *a = logits.data(), *x = t.data(), *d = dl.data();
  Real* out = dlogits.data();
  for_rows(B, logits.size(), [=](Index b) {
    const Real scale = d[b];
#pragma omp simd
    for (Index i = b * D; i < (b + 1) * D; ++i) {
      const Real rest = fast_sigmoid(-std::abs(a[i]));  // p, or 1 - p
      out[i] = scale * (a[i] > 0 ? 1 - x[i] - rest : rest - x[i]);
    }
  });
  return {dlogits, Tensor()};
  // END
}

Var bernoulli_nll(const Var& logits, const Tensor& target) {
  return record(BernoulliNll{}, logits, Var(target));
}

}  // namespace gradus
