// Your file for exercise 4. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/gaussian_kl.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor GaussianKl::forward(const Tensor& mu_in, const Tensor& logvar_in) {
  check_rank("gaussian_kl", "mu", mu_in, 2);
  check_same_shape("gaussian_kl (mu, logvar)", mu_in, logvar_in);
  mu = mu_in, logvar = logvar_in;  // backward needs them
  // TODO(4.5) Return KL( N(mu_b, diag(s_b^2)) || N(0, I) ) of every row, [B], with logvar = log s^2:
  //   kl_b = 1/2 sum_k ( exp(logvar_bk) + mu_bk^2 - 1 - logvar_bk )
  // correct for every logvar, also where exp(logvar) underflows to 0.
  todo("4.5");
}

Grads<2> GaussianKl::backward(const Tensor& dkl) const {
  // TODO(4.6) Return { dL/dmu, dL/dlogvar }, both [B, K], from dkl = dL/dkl [B].
  // The derivative is with respect to logvar, not to the variance; correct for every logvar, as above.
  todo("4.6", dkl);
}

Var gaussian_kl(const Var& mu, const Var& logvar) { return record(GaussianKl{}, mu, logvar); }

}  // namespace gradus
