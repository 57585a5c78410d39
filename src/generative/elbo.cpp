#include "gradus/generative/elbo.hpp"

#include <cmath>
#include <numbers>

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Var fixed_gaussian_nll(const Var& x_hat, const Tensor& x, Real C) {
  GRADUS_CHECK(C > 0, "fixed_gaussian_nll: C = 1 / (2c) must be positive, got ", C);
  // [5.3]
  return affine(squared_error(x_hat, x), C, 0);
  // [end]
}

Tensor LearnedGaussianNll::forward(const Tensor& x_hat_in, const Tensor& log_sigma_in, const Tensor& x_in) {
  check_rank("learned_gaussian_nll", "x_hat", x_hat_in, 2);
  check_same_shape("learned_gaussian_nll (x_hat, x)", x_hat_in, x_in);
  GRADUS_CHECK(log_sigma_in.rank() == 1 && log_sigma_in.size() == 1,
               "learned_gaussian_nll: log_sigma must be [1], got ", log_sigma_in.shape());
  x_hat = x_hat_in, log_sigma = log_sigma_in, x = x_in;  // backward needs them
  // [5.4]
  const Index B = x.dim(0), D = x.dim(1);
  const Real *a = x_hat.data(), *t = x.data();
  squared = Tensor({B});
  row_sums(B, D, squared.data(),
           [=](Index b, Index d) { return (t[b * D + d] - a[b * D + d]) * (t[b * D + d] - a[b * D + d]); });
  const Real constant =
      static_cast<Real>(D) * (Real(0.5) * std::log(2 * std::numbers::pi_v<Real>) + log_sigma[0]);
  const Real precision = std::exp(-2 * log_sigma[0]);
  return mapped(squared, [=](Real s) { return constant + Real(0.5) * precision * s; });
  // [end]
}

Grads<3> LearnedGaussianNll::backward(const Tensor& dnll, const Needs<3>& needs) const {
  // [5.5]
  // dx_hat = (x_hat - x) / sigma^2 dnll        dlog_sigma = sum_b (D - ||x - x_hat||^2 / sigma^2) dnll_b
  const Index B = x.dim(0), D = x.dim(1);
  const Real *a = x_hat.data(), *t = x.data(), *d = dnll.data(), *s = squared.data();
  const Real precision = std::exp(-2 * log_sigma[0]);
  Grads<3> grads;
  if (needs[0]) {
    const Tensor weighted = mapped(dnll, [=](Real slope) { return slope * precision; });
    grads[0] = scaled_rows(weighted, x.shape(), [=](Index i) { return a[i] - t[i]; });
  }
  if (needs[1]) {
    grads[1] = Tensor({1});
    grads[1][0] = total(B, [=](Index b) { return d[b] * (static_cast<Real>(D) - precision * s[b]); });
  }
  return grads;
  // [end]
}

Var learned_gaussian_nll(const Var& x_hat, const Var& log_sigma, const Tensor& x) {
  return record(LearnedGaussianNll{}, x_hat, log_sigma, Var(x));
}

Var elbo(const Var& nll, const Var& kl) {
  check_same_shape("elbo (nll, kl)", nll.value(), kl.value());
  // [5.6]
  return -nll - kl;
  // [end]
}

Tensor log_importance_weight(const Tensor& nll, const Tensor& mu, const Tensor& logvar, const Tensor& z) {
  check_rank("log_importance_weight", "z", z, 2);
  check_same_shape("log_importance_weight (z, mu)", z, mu);
  check_same_shape("log_importance_weight (z, logvar)", z, logvar);
  GRADUS_CHECK(nll.shape() == Shape({z.dim(0)}), "log_importance_weight: nll must be [", z.dim(0), "], got ",
               nll.shape());
  // [5.7]
  // log 2 pi cancels: log w = -nll + 1/2 sum_k ( logvar + (z - mu)^2 / exp(logvar) - z^2 )
  const Index B = z.dim(0), K = z.dim(1);
  const Real *m = mu.data(), *v = logvar.data(), *c = z.data();
  Tensor log_ratio({B});
  row_sums(B, K, log_ratio.data(), [=](Index b, Index k) {
    const Index i = b * K + k;
    return Real(0.5) * (v[i] + (c[i] - m[i]) * (c[i] - m[i]) * fast_exp(-v[i]) - c[i] * c[i]);
  });
  return zipped(nll, log_ratio, [](Real n, Real r) { return r - n; });
  // [end]
}

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
    const auto [largest, sum] = row_weights(in + b * k, k, w + b * k);
    out[b] = largest + fast_log(sum / static_cast<Real>(k));
  });
  return bound;
  // [end]
}

Grads<1> ImportanceWeightedBound::backward(const Tensor& dbound) const {
  // [5.9]
  // dlog_w_bs = weights_bs dbound_b
  const Real* w = weights.data();
  return {scaled_rows(dbound, weights.shape(), [=](Index i) { return w[i]; })};
  // [end]
}

Var importance_weighted_bound(const Var& log_w) { return record(ImportanceWeightedBound{}, log_w); }

}  // namespace gradus
