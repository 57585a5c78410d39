#include <limits>

#include "gradus/base/fast_math.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor ImportanceWeightedBound::forward(const Tensor& log_w) {
  check_rank("importance_weighted_bound", "log_w", log_w, 2);
  const Index B = log_w.dim(0), k = log_w.dim(1);
  GRADUS_CHECK(k > 0, "importance_weighted_bound: log_w ", log_w.shape(), " has no sample");
  // [5.8]
  weights = Tensor(log_w.shape());
  Tensor bound({B});
  const Real* in = log_w.data();
  Real *w = weights.data(), *out = bound.data();
  for_rows(B, B * k, [=](Index b) {
    Real largest = -std::numeric_limits<Real>::infinity(), sum = 0;
    for (Index s = 0; s < k; ++s) largest = in[b * k + s] > largest ? in[b * k + s] : largest;
    sum = static_cast<Real>(blocked_sum(b * k, (b + 1) * k, [=](Index s) {  // an infinity less itself is NaN
      return w[s] = in[s] == largest ? Real(1) : fast_exp(in[s] - largest);
    }));
    for (Index s = 0; s < k; ++s) w[b * k + s] /= sum;
    out[b] = largest + fast_log(sum / static_cast<Real>(k));
  });
  return bound;
  // [end]
}

Grads<1> ImportanceWeightedBound::backward(const Tensor& dbound) const {
  // [5.9]
  // dlog_w_bs = weights_bs dbound_b
  const Index B = weights.dim(0), k = weights.dim(1);
  Tensor dlog_w(weights.shape());
  const Real *w = weights.data(), *d = dbound.data();
  Real* out = dlog_w.data();
  for_rows(B, B * k, [=](Index b) {
    for (Index s = 0; s < k; ++s) out[b * k + s] = d[b] * w[b * k + s];
  });
  return {dlog_w};
  // [end]
}

Var importance_weighted_bound(const Var& log_w) { return record(ImportanceWeightedBound{}, log_w); }

}  // namespace gradus
