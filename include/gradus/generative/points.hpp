#pragma once
// Points in a space of features: what the neighbour scores of metrics.hpp need.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// |a - b|^2 of points in D dimensions. The differences themselves, not |a|^2 - 2ab + |b|^2: equal points are
/// at distance 0 exactly, and nothing cancels.
inline Real squared_distance(const Real* a, const Real* b, Index D) {
  Real sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index d = 0; d < D; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

/// ball_radii: of every point the *squared* distance to its k-th nearest neighbour among the others. The
/// point itself is no neighbour, a twin in the same place is one.
///
///   points [N, D]      N squared radii
///
/// Throws Error unless the rank is 2 and 1 <= k < N.
std::vector<Real> ball_radii(const Tensor& points, Index k);

/// Throws Error unless real is [N, D], generated [M, D], and every number finite.
void check_points(const char* op, const Tensor& real, const Tensor& generated);

}  // namespace gradus
