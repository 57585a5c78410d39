#pragma once
// Kernel density: a small Gaussian at every point of the training set.
#include <span>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// p(x) = 1/N sum_n N(x; x_n, h^2 I). Nothing is trained: the model is the training set,
/// and its size grows with it.
struct KernelDensity {
  Tensor points;       ///< [N, D]
  Real bandwidth = 1;  ///< h, the standard deviation of the kernels

  /// log p at places [M, D]: [M], by a stable log-sum-exp; -infinity where it is below the range of Real.
  /// Throws Error when the shapes do not fit, N = 0, or unless 0 < h < infinity.
  Tensor log_density(const Tensor& places) const;
  /// Samples [count, D]: a training point plus noise. Throws Error likewise, and when count < 1.
  Tensor sample(Index count, Rng& rng) const;
};

/// The candidate under which held_out [M, D] is most likely. On the training points themselves the smallest
/// bandwidth always wins. Throws Error when there is no candidate under which every held-out point has a
/// finite log p, and as log_density does.
Real best_bandwidth(const Tensor& points, const Tensor& held_out, std::span<const Real> candidates);

}  // namespace gradus
