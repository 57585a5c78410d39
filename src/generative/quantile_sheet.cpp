#include "gradus/base/check.hpp"
#include "gradus/generative/manifold.hpp"

namespace gradus {

Tensor quantile_sheet(Index n) {
  GRADUS_CHECK(n >= 1, "quantile_sheet: needs at least one row, got ", n);
  // [6.6]
  Tensor z({n * n, 2});
  for (Index r = 0; r < n; ++r)
    for (Index c = 0; c < n; ++c) {
      z[2 * (r * n + c)] =
          static_cast<Real>(normal_quantile((static_cast<double>(c) + 0.5) / static_cast<double>(n)));
      z[2 * (r * n + c) + 1] =
          static_cast<Real>(-normal_quantile((static_cast<double>(r) + 0.5) / static_cast<double>(n)));
    }
  return z;
  // [end]
}

}  // namespace gradus
