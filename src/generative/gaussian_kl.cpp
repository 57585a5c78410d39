#include "gradus/generative/gaussian_kl.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor GaussianKl::forward(const Tensor& mu_in, const Tensor& logvar_in) {
  check_rank("gaussian_kl", "mu", mu_in, 2);
  check_same_shape("gaussian_kl (mu, logvar)", mu_in, logvar_in);
  mu = mu_in, logvar = logvar_in;  // backward needs them
  // SOLUTION(4.5) Return KL( N(mu_b, diag(s_b^2)) || N(0, I) ) of every row, [B], with logvar = log s^2:
  //   kl_b = 1/2 sum_k ( exp(logvar_bk) + mu_bk^2 - 1 - logvar_bk )
  // right for every logvar, also where exp(logvar) is so small that it is 0.
  //
  const Index B = mu.dim(0), K = mu.dim(1);
  const Real *m = mu.data(), *v = logvar.data();
  Tensor kl({B});
  row_sums(B, K, kl.data(), [=](Index b, Index k) {
    const Index i = b * K + k;
    return Real(0.5) * (fast_exp(v[i]) + m[i] * m[i] - 1 - v[i]);
  });
  return kl;
  // END
}

Grads<2> GaussianKl::backward(const Tensor& dkl) const {
  // SOLUTION(4.6: dkl) Return { dL/dmu, dL/dlogvar }, both [B, K], from dkl = dL/dkl [B].
  // The derivative is by logvar itself, not by the variance; right for every logvar, as above.
  //
  // dmu = mu dkl         dlogvar = 1/2 (exp(logvar) - 1) dkl
  const Index B = mu.dim(0), K = mu.dim(1);
  Tensor dmu(mu.shape()), dlogvar(mu.shape());
  const Real *m = mu.data(), *v = logvar.data(), *d = dkl.data();
  Real *dm = dmu.data(), *dv = dlogvar.data();
  for_rows(B, B * K, [=](Index b) {
    for (Index i = b * K; i < (b + 1) * K; ++i) {
      dm[i] = m[i] * d[b];
      dv[i] = Real(0.5) * (fast_exp(v[i]) - 1) * d[b];
    }
  });
  return {dmu, dlogvar};
  // END
}

Var gaussian_kl(const Var& mu, const Var& logvar) { return record(GaussianKl{}, mu, logvar); }

}  // namespace gradus
