#include "gradus/generative/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/generative/neighbours.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

double inception_score(const Tensor& p) {
  check_rank("inception_score", "p", p, 2);
  const Index N = p.dim(0), C = p.dim(1);
  GRADUS_CHECK(N >= 1, "inception_score: p ", p.shape(), " has no example");
  for (Index n = 0; n < N; ++n) {
    double sum = 0;
    for (Index c = 0; c < C; ++c) sum += p[n * C + c];
    GRADUS_CHECK(std::abs(sum - 1) <= 1e-3, "inception_score: row ", n, " of p sums to ", sum, ", must be 1");
  }
  // [9.1]
  std::vector<double> average(static_cast<std::size_t>(C));
  for (Index n = 0; n < N; ++n)
    for (Index c = 0; c < C; ++c)
      average[static_cast<std::size_t>(c)] += p[n * C + c] / static_cast<double>(N);
  double kl = 0;
  for (Index n = 0; n < N; ++n)
    for (Index c = 0; c < C; ++c) {
      const double probability = p[n * C + c];
      if (probability > 0) kl += probability * std::log(probability / average[static_cast<std::size_t>(c)]);
    }
  return std::exp(kl / static_cast<double>(N));
  // [end]
}

NeighbourScores neighbour_scores(const Tensor& real, const Tensor& generated, Index k) {
  check_points("neighbour_scores", real, generated);
  const Index N = real.dim(0), M = generated.dim(0), D = real.dim(1);
  GRADUS_CHECK(k >= 1 && k < N && k < M, "neighbour_scores: needs 1 <= k < N and k < M, got k = ", k,
               ", N = ", N, ", M = ", M);
  const std::vector<Real> real_radii = ball_radii(real, k), generated_radii = ball_radii(generated, k);
  // [9.4]
  const Real *x = real.data(), *y = generated.data();
  // Per real point: the generated points in its ball, and the generated balls that contain it. Per generated
  // point: the real balls that contain it.
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
