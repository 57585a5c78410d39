#pragma once
// Gaussian mixtures: data of a known distribution, for the analysis of generators.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// A mixture of equally likely Gaussians with one standard deviation.
/// A sample is a random centre plus N(0, deviation^2 I).
struct GaussianMixture {
  Tensor centers;      ///< [M, D]
  Real deviation = 1;  ///< in every direction

  /// Samples [count, D]. Throws Error when the centers are not [M, D] or count < 1.
  Tensor sample(Index count, Rng& rng) const;
  /// Density at `places` [N, D]: [N]. Throws Error when D differs.
  Tensor density(const Tensor& places) const;
};

/// `count` Gaussians in the plane, evenly spaced on a circle, the first one at (radius, 0). Metz et al. 2017
/// (unrolled GANs): the standard test for mode collapse. Throws Error when count < 1.
GaussianMixture ring_of_gaussians(Index count = 8, Real radius = 2, Real deviation = Real(0.05));

/// Two interleaved half circles in the plane, within about [-2.4, 2.4] x [-1.4, 1.4]: 60 Gaussians on each,
/// close enough together to form a curve. A distribution whose groups are not round.
GaussianMixture two_moons();

}  // namespace gradus
