// Your file for exercise 9. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"
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
  // TODO(9.1) Return, in double, for p [N, C] with row n = p(y|x_n):
  //   exp( 1/N sum_n KL( p(y|x_n) || p(y) ) )        p(y) = 1/N sum_n p(y|x_n)
  //   KL(p || q) = sum_c p_c log(p_c / q_c)          where p_c = 0, the term is 0 for any q_c
  todo("9.1");
}

NeighbourScores neighbour_scores(const Tensor& real, const Tensor& generated, Index k) {
  check_points("neighbour_scores", real, generated);
  const Index N = real.dim(0), M = generated.dim(0), D = real.dim(1);
  GRADUS_CHECK(k >= 1 && k < N && k < M, "neighbour_scores: needs 1 <= k < N and k < M, got k = ", k,
               ", N = ", N, ", M = ", M);
  const std::vector<Real> real_radii = ball_radii(real, k), generated_radii = ball_radii(generated, k);
  // TODO(9.4) Return { precision, recall, density, coverage }.
  // Every point has a ball with its *squared* radius in real_radii [N] or generated_radii [M];
  // a point on the boundary is inside. squared_distance(a, b, D) is given.
  //   precision   share of the generated points that lie in the ball of at least one real point
  //   recall      share of the real points that lie in the ball of at least one generated point
  //   density     number of pairs (real ball, generated point in it), divided by k M
  //   coverage    share of the real balls that hold at least one generated point
  todo("9.4", N, M, D, real_radii, generated_radii);
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
