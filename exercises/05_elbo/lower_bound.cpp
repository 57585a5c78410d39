// Your file for exercise 5. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Var elbo(const Var& nll, const Var& kl) {
  check_same_shape("elbo (nll, kl)", nll.value(), kl.value());
  // TODO(5.6) Return the evidence lower bound of every example, [B], what is to be maximised:
  //   elbo_b = E_q[ log p(x_b|z) ] - KL( q(z|x_b) || p(z) )
  // from nll_b = -log p(x_b|z), z drawn from q, and kl_b = KL( q(z|x_b) || p(z) ). With ops on Vars, so that
  // gradients reach both.
  todo("5.6", nll, kl);
}

Tensor log_importance_weight(const Tensor& nll, const Tensor& mu, const Tensor& logvar, const Tensor& z) {
  check_rank("log_importance_weight", "z", z, 2);
  check_same_shape("log_importance_weight (z, mu)", z, mu);
  check_same_shape("log_importance_weight (z, logvar)", z, logvar);
  GRADUS_CHECK(nll.shape() == Shape({z.dim(0)}), "log_importance_weight: nll must be [", z.dim(0), "], got ",
               nll.shape());
  // TODO(5.7) Return, for every row of z [B, K], [B]:
  //   log w_b = log p(x_b|z_b) + log p(z_b) - log q(z_b|x_b)
  // with log p(x_b|z_b) = -nll_b, the prior p(z) = N(0, I), and q(z|x_b) = N(mu_b, diag(exp(logvar_b))).
  // The logarithm of a Gaussian's density is
  //   log N(z; m, diag(s^2)) = -1/2 sum_k ( log(2 pi) + log s_k^2 + (z_k - m_k)^2 / s_k^2 )
  // See what cancels before you write it down.
  todo("5.7", nll);
}

}  // namespace gradus
