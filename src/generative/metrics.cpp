#include "gradus/generative/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/generative/points.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

void check_points(const char* op, const Tensor& real, const Tensor& generated) {
  GRADUS_CHECK(real.rank() == 2 && generated.rank() == 2 && real.dim(1) == generated.dim(1), op,
               ": real must be [N, D] and generated [M, D], got ", real.shape(), " and ", generated.shape());
  for (const Tensor* points : {&real, &generated})
    for (const Real value : points->values())
      GRADUS_CHECK(std::isfinite(value), op, ": a number of ", points == &real ? "real" : "generated", " is ",
                   value);
}

ModeShares mode_shares(const std::vector<int>& seen, int classes, double least_share) {
  GRADUS_CHECK(!seen.empty(), "mode_shares: no samples");
  std::vector<Index> counts(static_cast<std::size_t>(std::max(0, classes)));
  for (const int one : seen) {
    GRADUS_CHECK(one >= 0 && one < classes, "mode_shares: class ", one, " is outside 0 .. ", classes - 1);
    ++counts[static_cast<std::size_t>(one)];
  }
  ModeShares out;
  for (const Index count : counts) {
    out.shares.push_back(static_cast<double>(count) / static_cast<double>(seen.size()));
    out.modes += out.shares.back() >= least_share;
  }
  return out;
}

double neighbour_test(const Tensor& real, const Tensor& generated) {
  check_points("neighbour_test", real, generated);
  const Index N = real.dim(0), D = real.dim(1);
  GRADUS_CHECK(N >= 1 && generated.dim(0) == N,
               "neighbour_test: needs as many real as generated points, got ", N, " and ", generated.dim(0));
  std::vector<int> right(static_cast<std::size_t>(2 * N));
  const auto point = [&](Index i) { return i < N ? real.data() + i * D : generated.data() + (i - N) * D; };
  for_rows(2 * N, 4 * N * N * D, [&](Index i) {
    Real nearest = std::numeric_limits<Real>::infinity();
    Index neighbour = i;
    for (Index other = 0; other < 2 * N; ++other) {
      if (other == i) continue;
      const Real distance = squared_distance(point(i), point(other), D);
      if (distance < nearest) nearest = distance, neighbour = other;
    }
    right[static_cast<std::size_t>(i)] = (i < N) == (neighbour < N);
  });
  return static_cast<double>(std::count(right.begin(), right.end(), 1)) / static_cast<double>(2 * N);
}

}  // namespace gradus
