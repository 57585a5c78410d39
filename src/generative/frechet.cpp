#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/symmetric.hpp"

namespace gradus {

double frechet_distance(const Moments& a, const Moments& b) {
  GRADUS_CHECK(a.mean.size() == b.mean.size(), "frechet_distance: the sizes differ, ", a.mean.size(), " and ",
               b.mean.size());
  const Index n = static_cast<Index>(a.mean.size());
  // [9.2]
  double distance = total_variance(a) + total_variance(b);
  for (std::size_t d = 0; d < a.mean.size(); ++d)
    distance += (a.mean[d] - b.mean[d]) * (a.mean[d] - b.mean[d]);
  const std::vector<double> root = symmetric_root(a.covariance, n);
  std::vector<double> inner = symmetric_product(symmetric_product(root, b.covariance, n), root, n);
  std::vector<double> values(a.mean.size());
  symmetric_eigen(inner, values, n);
  for (const double value : values) distance -= 2 * std::sqrt(std::max(0.0, value));
  return distance;
  // [end]
}

}  // namespace gradus
