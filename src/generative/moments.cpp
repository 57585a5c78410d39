#include "gradus/generative/moments.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

double total_variance(const Moments& moments) {
  const std::size_t D = moments.mean.size();
  double trace = 0;
  for (std::size_t d = 0; d < D; ++d) trace += moments.covariance[d * D + d];
  return trace;
}

}  // namespace gradus
