#pragma once
// A Gaussian mixture with unconstrained parameters, for gradient descent in place of EM.
#include "gradus/autograd/var.hpp"
#include "gradus/nn/module.hpp"

namespace gradus {

/// The parameters of a mixture of K Gaussians in D dimensions, such that every value is allowed:
///
///   logits   [K]         w = softmax(logits)
///   means    [K, D]
///   factors  [K, D, D]   S_k^-1 = A_k A_kT, A_k lower triangular: exp(factor) on the diagonal, the factor
///                        below it; elements above the diagonal are not used
struct TrainableMixture : Module {
  /// Starts with equal weights at the given means, and with the standard deviation `deviation` in all
  /// directions. Throws Error unless means is [K, D] with K, D >= 1 and deviation > 0.
  TrainableMixture(Rng& random, const Tensor& means_in, Real deviation);

  /// log_joint  [N, K]   log p(x_n, k) = log w_k - D/2 log 2 pi + log det A_k - 1/2 |(x_n - m_k)T A_k|^2
  /// x [N, D]; throws Error for another shape.
  Var log_joint(const Var& x);
  /// log p(x_n) = log sum_k exp(log_joint_nk), [N], through the tape; the same value as
  /// mixture_log_likelihood.
  Var log_likelihood(const Var& x);

  Parameter logits;   ///< [K]
  Parameter means;    ///< [K, D]
  Parameter factors;  ///< [K, D, D]

 private:
  Tensor diagonal_, below_;  // [K, D, D], constant: 1 on the diagonals (below them), else 0
};

}  // namespace gradus
