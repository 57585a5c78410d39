// Your file for exercise 5. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/elbo.hpp"

#include <cmath>
#include <numbers>

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Var fixed_gaussian_nll(const Var& x_hat, const Tensor& x, Real C) {
  GRADUS_CHECK(C > 0, "fixed_gaussian_nll: C = 1 / (2c) must be positive, got ", C);
  // TODO(5.3) Return -log N(x_b; x_hat_b, c I) of every row, [B], for the given C = 1 / (2c),
  // without the constant D/2 log(2 pi c):
  //   nll_b = C sum_d (x_bd - x_hat_bd)^2
  // Compose it from the library's ops on Vars (ops/losses.hpp, ops/arithmetic.hpp):
  // the tape records them, so the gradient for x_hat is computed automatically.
  todo("5.3", x_hat, x);
}

Tensor LearnedGaussianNll::forward(const Tensor& x_hat_in, const Tensor& log_sigma_in, const Tensor& x_in) {
  check_rank("learned_gaussian_nll", "x_hat", x_hat_in, 2);
  check_same_shape("learned_gaussian_nll (x_hat, x)", x_hat_in, x_in);
  GRADUS_CHECK(log_sigma_in.rank() == 1 && log_sigma_in.size() == 1,
               "learned_gaussian_nll: log_sigma must be [1], got ", log_sigma_in.shape());
  x_hat = x_hat_in, log_sigma = log_sigma_in, x = x_in;  // backward needs them
  // TODO(5.4) Return -log N(x_b; x_hat_b, sigma^2 I) of every row, [B], constant included. log_sigma [1]
  // is the logarithm of the standard deviation, one for all rows and all D pixels:
  //   nll_b = D (1/2 log(2 pi) + log sigma) + squared_b / (2 sigma^2)
  //   squared_b = sum_d (x_bd - x_hat_bd)^2
  // Keep squared [B] in the op: backward finds it there.
  todo("5.4");
}

Grads<3> LearnedGaussianNll::backward(const Tensor& dnll, const Needs<3>& needs) const {
  // TODO(5.5) Return { dL/dx_hat [B, D], dL/dlog_sigma [1], Tensor() } from dnll [B];
  // x is data. The op holds x_hat, log_sigma, x and squared [B] from forward.
  // Where needs[i] is false, gradient i may be an empty Tensor.
  todo("5.5", dnll, needs);
}

Var learned_gaussian_nll(const Var& x_hat, const Var& log_sigma, const Tensor& x) {
  return record(LearnedGaussianNll{}, x_hat, log_sigma, Var(x));
}

Var elbo(const Var& nll, const Var& kl) {
  check_same_shape("elbo (nll, kl)", nll.value(), kl.value());
  // TODO(5.6) Return the evidence lower bound of every example, [B], which training maximises:
  //   elbo_b = E_q[ log p(x_b|z) ] - KL( q(z|x_b) || p(z) )
  // from nll_b = -log p(x_b|z), z drawn from q, and kl_b = KL( q(z|x_b) || p(z) ).
  // Use ops on Vars, so that gradients reach both.
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
  // Simplify the difference before you implement it.
  todo("5.7", nll);
}

Tensor ImportanceWeightedBound::forward(const Tensor& log_w) {
  check_rank("importance_weighted_bound", "log_w", log_w, 2);
  const Index B = log_w.dim(0), k = log_w.dim(1);
  GRADUS_CHECK(k > 0, "importance_weighted_bound: log_w ", log_w.shape(), " has no sample");
  // TODO(5.8) Return the bound of every row, [B], from k samples each:
  //   bound_b = log( 1/k sum_s exp(log_w_bs) )
  // and keep in the op, for backward, the normalised weights [B, k]:
  //   weights_bs = exp(log_w_bs) / sum_r exp(log_w_br)
  // Log weights are numbers like -90 or -5000, whose exp underflows: subtract the largest of the row first.
  todo("5.8", B);
}

Grads<1> ImportanceWeightedBound::backward(const Tensor& dbound) const {
  // TODO(5.9) Return { dL/dlog_w }, [B, k], from dbound = dL/dbound [B].
  // The op holds the normalised weights [B, k] from forward.
  todo("5.9", dbound);
}

Var importance_weighted_bound(const Var& log_w) { return record(ImportanceWeightedBound{}, log_w); }

}  // namespace gradus
