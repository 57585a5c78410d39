#include "gradus/generative/gaussian_kl.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor GaussianKl::forward(const Tensor& mu_in, const Tensor& logvar_in) {
  check_rank("gaussian_kl", "mu", mu_in, 2);
  check_same_shape("gaussian_kl (mu, logvar)", mu_in, logvar_in);
  mu = mu_in, logvar = logvar_in;  // backward needs them
  // [4.5]
  const Index B = mu.dim(0), K = mu.dim(1);
  const Real *m = mu.data(), *v = logvar.data();
  Tensor kl({B});
  row_sums(B, K, kl.data(), [=](Index b, Index k) {
    const Index i = b * K + k;
    return Real(0.5) * (fast_exp(v[i]) + m[i] * m[i] - 1 - v[i]);
  });
  return kl;
  // [end]
}

Grads<2> GaussianKl::backward(const Tensor& dkl) const {
  // [4.6]
  // dmu = mu dkl         dlogvar = 1/2 (exp(logvar) - 1) dkl
  const Real *m = mu.data(), *v = logvar.data();
  return {scaled_rows(dkl, mu.shape(), [=](Index i) { return m[i]; }),
          scaled_rows(dkl, mu.shape(), [=](Index i) { return Real(0.5) * (fast_exp(v[i]) - 1); })};
  // [end]
}

Var gaussian_kl(const Var& mu, const Var& logvar) { return record(GaussianKl{}, mu, logvar); }

}  // namespace gradus
