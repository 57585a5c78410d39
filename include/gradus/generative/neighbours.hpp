#pragma once
// Distances to neighbours among points of a feature space, for the scores of metrics.hpp.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// |a - b|^2 of points in D dimensions, as the sum of squared differences instead of |a|^2 - 2ab + |b|^2:
/// equal points have distance 0 exactly, and there is no cancellation.
inline Real squared_distance(const Real* a, const Real* b, Index D) {
  Real sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index d = 0; d < D; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

/// ball_radii: the *squared* distance of every point to its k-th nearest neighbour among the others.
/// A point is not its own neighbour, but an equal second point is one.
///
///   points [N, D]      N squared radii
///
/// Throws Error unless the rank is 2 and 1 <= k < N.
std::vector<Real> ball_radii(const Tensor& points, Index k);

/// Throws Error unless real is [N, D], generated [M, D], and every value finite;
/// `op` is the name in the message.
void check_points(const char* op, const Tensor& real, const Tensor& generated);

}  // namespace gradus
