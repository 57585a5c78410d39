#include <cmath>
#include <numbers>

#include "gradus/generative/elbo.hpp"
#include "gradus/kernels/elementwise.hpp"
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
  // [end]
}

Var learned_gaussian_nll(const Var& x_hat, const Var& log_sigma, const Tensor& x) {
  return record(LearnedGaussianNll{}, x_hat, log_sigma, Var(x));
}

}  // namespace gradus
