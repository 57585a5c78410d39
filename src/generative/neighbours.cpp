#include "gradus/generative/neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

std::vector<Real> ball_radii(const Tensor& points, Index k) {
  GRADUS_CHECK(points.rank() == 2 && k >= 1 && k < points.dim(0),
               "ball_radii: needs points [N, D] and 1 <= k < N, got ", points.shape(), " and k = ", k);
  const Index N = points.dim(0), D = points.dim(1);
  // [9.3]
  const Real* x = points.data();
  std::vector<Real> radii(static_cast<std::size_t>(N));
  for_rows(N, N * N * D, [&](Index n) {
    std::vector<Real> nearest(static_cast<std::size_t>(k), std::numeric_limits<Real>::infinity());
    for (Index other = 0; other < N; ++other) {  // `nearest` stays sorted: most points are too far
      if (other == n) continue;
      const Real distance = squared_distance(x + n * D, x + other * D, D);
      if (distance >= nearest.back()) continue;
      nearest.back() = distance;
      for (std::size_t i = nearest.size() - 1; i > 0 && nearest[i] < nearest[i - 1]; --i)
        std::swap(nearest[i], nearest[i - 1]);
    }
    radii[static_cast<std::size_t>(n)] = nearest.back();
  });
  return radii;
  // [end]
}

void check_points(const char* op, const Tensor& real, const Tensor& generated) {
  GRADUS_CHECK(real.rank() == 2 && generated.rank() == 2 && real.dim(1) == generated.dim(1), op,
               ": real must be [N, D] and generated [M, D], got ", real.shape(), " and ", generated.shape());
  for (const Tensor* points : {&real, &generated})
    for (const Real value : points->values())
      GRADUS_CHECK(std::isfinite(value), op, ": a value in ", points == &real ? "real" : "generated", " is ",
                   value);
}

}  // namespace gradus
