#pragma once
// The evidence lower bound: log p(x) >= E_q[ log p(x|z) ] - KL( q(z|x) || p(z) ).
#include "gradus/autograd/op.hpp"

namespace gradus {

/// fixed_gaussian_nll: -log p(x|z) of a Gaussian decoder with fixed variance c, without its constant.
///
///   x_hat, x  [B, D]   C = 1 / (2c)
///   nll       [B]      nll_b = C ||x_b - x_hat_b||^2        (+ D/2 log(2 pi c), dropped because c is fixed)
///
/// DS542, "Variational Autoencoder": the loss C ||x - f(z)||^2 + KL. C refers to the sum over pixels: with
/// the mean instead, the term would be D times smaller and the code would collapse.
/// Throws Error when the shapes differ.
Var fixed_gaussian_nll(const Var& x_hat, const Tensor& x, Real C);

/// learned_gaussian_nll: the same with one learned log sigma for all pixels, including the constant.
///
///   x_hat, x   [B, D]      log_sigma [1]
///   nll        [B]         nll_b = D (1/2 log 2 pi + log sigma) + ||x_b - x_hat_b||^2 / (2 sigma^2)
///
/// The log sigma term is required: without it, sigma -> infinity minimises the loss.
/// Throws Error when the shapes differ.
struct LearnedGaussianNll {
  Tensor x_hat{}, log_sigma{}, x{};  ///< kept for backward
  Tensor squared{};                  ///< [B] ||x_b - x_hat_b||^2
  Tensor forward(const Tensor& x_hat_in, const Tensor& log_sigma_in, const Tensor& x_in);
  Grads<3> backward(const Tensor& dnll, const Needs<3>& needs) const;
};
Var learned_gaussian_nll(const Var& x_hat, const Var& log_sigma, const Tensor& x);

/// elbo: the evidence lower bound of every example; training maximises it.
///
///   nll, kl  [B]     -log p(x|z) with z drawn from q(z|x), and KL( q(z|x) || p(z) )
///   elbo     [B]     elbo_b = -nll_b - kl_b;  log p(x_b) >= elbo_b, on average over the draws of z
///
/// DS542, "Variational Inference", fourth line. Throws Error when the shapes differ.
Var elbo(const Var& nll, const Var& kl);

/// log_importance_weight: the log joint probability of x and z relative to the encoder that proposed z.
/// Its mean over z drawn from q(z|x) is the ELBO.
///
///   nll         [B]      -log p(x_b|z_b)
///   mu, logvar  [B, K]   q(z|x_b) = N(mu_b, diag(exp(logvar_b)));  the prior is N(0, I)
///   z           [B, K]   drawn from q
///   log_w       [B]      log p(x_b|z_b) + log p(z_b) - log q(z_b|x_b)
///
/// For evaluation only: no gradient. Throws Error when the shapes do not fit.
Tensor log_importance_weight(const Tensor& nll, const Tensor& mu, const Tensor& logvar, const Tensor& z);

/// importance_weighted_bound: log of the mean of k weights, computed without overflow;
/// a tighter bound than the ELBO.
///
///   log_w  [B, k]   log_w_bs = log p(x_b|z_s) + log p(z_s) - log q(z_s|x_b)
///   bound  [B]      log( 1/k sum_s e^log_w_bs )
///
/// k = 1 is the estimate of the ELBO; k -> infinity gives log p(x). Infinite log weights are treated as
/// limits: -inf counts as a weight of 0, +inf makes the bound infinite; equal infinities share the gradient.
///
/// Burda, Grosse, Salakhutdinov 2016. Throws Error when the rank is not 2.
struct ImportanceWeightedBound {
  Tensor weights{};  ///< [B, k] normalised: softmax(log_w)
  Tensor forward(const Tensor& log_w);
  Grads<1> backward(const Tensor& dbound) const;
};
Var importance_weighted_bound(const Var& log_w);

}  // namespace gradus
