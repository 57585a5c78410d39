#include "gradus/base/fast_math.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

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

}  // namespace gradus
