#include "gradus/base/check.hpp"
#include "gradus/generative/manifold.hpp"

namespace gradus {

Tensor quantile_sheet(Index n) {
  GRADUS_CHECK(n >= 1, "quantile_sheet: needs at least one row, got ", n);
  // SOLUTION(6.6: n) Return the codes of an n x n sheet of pictures, [n * n, 2]: row after row as one reads,
  // the upper left picture first. The first number of a code belongs to the column and grows to the right,
  // the second to the row and grows UPWARDS, as on paper.
  // Cut the interval (0, 1) into n equal parts, take the middle of each, and send it through normal_quantile:
  // between two neighbours lies the same probability of N(0, 1) everywhere.
  //
  Tensor z({n * n, 2});
  for (Index r = 0; r < n; ++r)
    for (Index c = 0; c < n; ++c) {
      z[2 * (r * n + c)] =
          static_cast<Real>(normal_quantile((static_cast<double>(c) + 0.5) / static_cast<double>(n)));
      z[2 * (r * n + c) + 1] =
          static_cast<Real>(-normal_quantile((static_cast<double>(r) + 0.5) / static_cast<double>(n)));
    }
  return z;
  // END
}

}  // namespace gradus
