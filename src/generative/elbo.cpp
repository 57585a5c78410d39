#include "gradus/generative/elbo.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Var fixed_gaussian_nll(const Var& x_hat, const Tensor& x, Real C) {
  GRADUS_CHECK(C > 0, "fixed_gaussian_nll: C = 1 / (2c) must be positive, got ", C);
  return affine(squared_error(x_hat, x), C, 0);
}

Tensor LearnedGaussianNll::forward(const Tensor& x_hat_in, const Tensor& log_sigma_in, const Tensor& x_in) {
  check_rank("learned_gaussian_nll", "x_hat", x_hat_in, 2);
  check_same_shape("learned_gaussian_nll (x_hat, x)", x_hat_in, x_in);
  GRADUS_CHECK(log_sigma_in.rank() == 1 && log_sigma_in.size() == 1,
               "learned_gaussian_nll: log_sigma must be [1], got ", log_sigma_in.shape());
  x_hat = x_hat_in, log_sigma = log_sigma_in, x = x_in;
  const Index B = x.dim(0), D = x.dim(1);
  const Real *a = x_hat.data(), *t = x.data();
  squared = Tensor({B});
  row_sums(B, D, squared.data(),
           [=](Index b, Index d) { return (t[b * D + d] - a[b * D + d]) * (t[b * D + d] - a[b * D + d]); });
  const Real constant =
      static_cast<Real>(D) * (Real(0.5) * std::log(2 * std::numbers::pi_v<Real>) + log_sigma[0]);
  const Real precision = std::exp(-2 * log_sigma[0]);
  return mapped(squared, [=](Real s) { return constant + Real(0.5) * precision * s; });
}

// dx_hat = (x_hat - x) / sigma^2 dnll          dlog_sigma = sum_b (D - ||x - x_hat||^2 / sigma^2) dnll_b
Grads<3> LearnedGaussianNll::backward(const Tensor& dnll, const Needs<3>& needs) const {
  const Index B = x.dim(0), D = x.dim(1);
  const Real *a = x_hat.data(), *t = x.data(), *d = dnll.data(), *s = squared.data();
  const Real precision = std::exp(-2 * log_sigma[0]);
  Grads<3> grads;
  if (needs[0]) {
    grads[0] = Tensor(x.shape());
    Real* out = grads[0].data();
    for_rows(B, B * D, [=](Index b) {
      for (Index i = b * D; i < (b + 1) * D; ++i) out[i] = d[b] * precision * (a[i] - t[i]);
    });
  }
  if (needs[1]) {
    grads[1] = Tensor({1});
    grads[1][0] = total(B, [=](Index b) { return d[b] * (static_cast<Real>(D) - precision * s[b]); });
  }
  return grads;
}

Tensor VaeLoss::forward(const Tensor& nll, const Tensor& kl) {
  check_rank("vae_loss", "nll", nll, 1);
  check_same_shape("vae_loss (nll, kl)", nll, kl);
  return zipped(nll, kl, [b = beta](Real n, Real k) { return n + b * k; });
}

// dnll = dloss         dkl = beta dloss
Grads<2> VaeLoss::backward(const Tensor& dloss) const {
  return {dloss, mapped(dloss, [b = beta](Real d) { return b * d; })};
}

Real warmed_beta(Real beta, double progress, double warm_up) {
  return warm_up > 0 && progress < warm_up ? static_cast<Real>(beta * progress / warm_up) : beta;
}

Tensor ImportanceWeightedBound::forward(const Tensor& log_w) {
  check_rank("importance_weighted_bound", "log_w", log_w, 2);
  const Index B = log_w.dim(0), k = log_w.dim(1);
  GRADUS_CHECK(k > 0, "importance_weighted_bound: log_w ", log_w.shape(), " has no sample");
  weights = Tensor(log_w.shape());
  Tensor bound({B});
  const Real* in = log_w.data();
  Real *w = weights.data(), *out = bound.data();
  for_rows(B, B * k, [=](Index b) {
    Real largest = -std::numeric_limits<Real>::infinity(), sum = 0;
    for (Index s = 0; s < k; ++s) largest = in[b * k + s] > largest ? in[b * k + s] : largest;
    for (Index s = 0; s < k; ++s) sum += w[b * k + s] = fast_exp(in[b * k + s] - largest);
    for (Index s = 0; s < k; ++s) w[b * k + s] /= sum;
    out[b] = largest + fast_log(sum / static_cast<Real>(k));
  });
  return bound;
}

// dlog_w_bs = softmax(log_w)_bs dbound_b
Grads<1> ImportanceWeightedBound::backward(const Tensor& dbound) const {
  const Index B = weights.dim(0), k = weights.dim(1);
  Tensor dlog_w(weights.shape());
  const Real *w = weights.data(), *d = dbound.data();
  Real* out = dlog_w.data();
  for_rows(B, B * k, [=](Index b) {
    for (Index s = 0; s < k; ++s) out[b * k + s] = d[b] * w[b * k + s];
  });
  return {dlog_w};
}

Var learned_gaussian_nll(const Var& x_hat, const Var& log_sigma, const Tensor& x) {
  return record(LearnedGaussianNll{}, x_hat, log_sigma, Var(x));
}
Var vae_loss(const Var& nll, const Var& kl, Real beta) { return record(VaeLoss{beta}, nll, kl); }
Var importance_weighted_bound(const Var& log_w) { return record(ImportanceWeightedBound{}, log_w); }

}  // namespace gradus
