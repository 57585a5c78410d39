// Your file for exercise 9. The lesson is README.md beside it; every TODO is a part of its own.
#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"
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
  // TODO(9.4) Return { precision, recall, density, coverage }.
  // Every point has a ball with its *squared* radius in real_radii [N] or generated_radii [M]; a point on the
  // rim is inside. squared_distance(a, b, D) is given.
  //   precision   share of the generated points that lie in the ball of at least one real point
  //   recall      share of the real points that lie in the ball of at least one generated point
  //   density     pairs (real ball, generated point in it), counted and divided by k M
  //   coverage    share of the real balls that hold at least one generated point
  todo("9.4", N, M, D, real_radii, generated_radii);
}

}  // namespace gradus
