#pragma once
// Gaussian mixtures: data whose law is known, for generators that one wants to see through.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Equally likely Gaussians of one width: choose a centre, add N(0, deviation^2 I).
struct GaussianMixture {
  Tensor centers;  ///< [M, D]
  Real deviation = 1;

  /// Samples [count, D]. Throws Error when the centers are not [M, D] or count < 1.
  Tensor sample(Index count, Rng& rng) const;
  /// Density at places [N, D]: [N]. Throws Error when the places have another D.
  Tensor density(const Tensor& places) const;
};

/// `count` Gaussians in the plane, evenly on a circle, the first one at (radius, 0). Metz et al. 2017
/// (unrolled GANs): the standard test for mode collapse. Throws Error when count < 1.
GaussianMixture ring_of_gaussians(Index count = 8, Real radius = 2, Real deviation = Real(0.05));

}  // namespace gradus
