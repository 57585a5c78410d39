#pragma once
// A mixture of Gaussians with weights, means and covariances of its own: a known distribution,
// or a fitted model.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// p(x) = sum_k w_k N(x; m_k, S_k). The index k that a point was drawn from is its latent variable.
/// The functions throw Error when the shapes do not fit each other, a weight is negative, the weights do not
/// sum to 1 (within 0.001), or a covariance is not positive definite.
struct MixtureModel {
  Tensor weights;      ///< [K] probabilities that sum to 1
  Tensor means;        ///< [K, D]
  Tensor covariances;  ///< [K, D, D] symmetric; the lower triangles are read

  /// The logarithms of the terms of the sum, in double up to the result.
  ///
  ///   x          [N, D]
  ///   log_joint  [N, K]   log p(x_n, k) = log w_k - 1/2 ( D log 2 pi + log det S_k + d )
  ///                       d = (x_n - m_k)T S_k^-1 (x_n - m_k)
  ///
  /// -infinity where the weight is 0.
  Tensor log_joint(const Tensor& x) const;

  /// Samples [count, D]: a component drawn by weight, then a point of its Gaussian.
  /// Throws Error when count < 1.
  Tensor sample(Index count, Rng& rng) const;
};

/// Five Gaussians of different weights and shapes in the plane, within about [-4, 4]^2: a known distribution
/// for comparing density models.
MixtureModel five_gaussians();

}  // namespace gradus
