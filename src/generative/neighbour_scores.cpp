#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/points.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

NeighbourScores neighbour_scores(const Tensor& real, const Tensor& generated, Index k) {
  check_points("neighbour_scores", real, generated);
  const Index N = real.dim(0), M = generated.dim(0), D = real.dim(1);
  GRADUS_CHECK(k >= 1 && k < N && k < M, "neighbour_scores: needs 1 <= k < N and k < M, got k = ", k,
               ", N = ", N, ", M = ", M);
  const std::vector<Real> real_radii = ball_radii(real, k), generated_radii = ball_radii(generated, k);
  // [9.4]
  const Real *x = real.data(), *y = generated.data();
  // Of every real point: generated points in its ball, and generated balls that it is in. Of every generated
  // one: real balls that it is in.
  std::vector<Index> holds(static_cast<std::size_t>(N)), reached(holds.size()),
      inside(static_cast<std::size_t>(M));
  for_rows(N, N * M * D, [&](Index n) {
    const auto i = static_cast<std::size_t>(n);
    for (Index m = 0; m < M; ++m) {
      const Real distance = squared_distance(x + n * D, y + m * D, D);
      holds[i] += distance <= real_radii[i];
      reached[i] += distance <= generated_radii[static_cast<std::size_t>(m)];
    }
  });
  for_rows(M, N * M * D, [&](Index m) {
    const auto j = static_cast<std::size_t>(m);
    for (Index n = 0; n < N; ++n)
      inside[j] += squared_distance(x + n * D, y + m * D, D) <= real_radii[static_cast<std::size_t>(n)];
  });
  const auto share = [](const std::vector<Index>& counts) {
    return static_cast<double>(std::count_if(counts.begin(), counts.end(), [](Index c) { return c > 0; })) /
           static_cast<double>(counts.size());
  };
  double sum = 0;
  for (const Index count : inside) sum += static_cast<double>(count);
  return {share(inside), share(reached), sum / static_cast<double>(k * M), share(holds)};
  // [end]
}

}  // namespace gradus
