#include "gradus/generative/circular.hpp"

#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

// With sin(x - y) = sin x cos y - cos x sin y, the sums over pairs become products of sums over points.
double circular_correlation(const Tensor& a, const Tensor& b) {
  check_rank("circular_correlation", "a", a, 1);
  check_same_shape("circular_correlation", a, b);
  double cc = 0, ss = 0, cs = 0, sc = 0;
  double cos_a = 0, sin_a = 0, cos_b = 0, sin_b = 0;  // of 2a and 2b
  for (Index n = 0; n < a.size(); ++n) {
    const double x = a[n], y = b[n];
    GRADUS_CHECK(std::isfinite(x) && std::isfinite(y), "circular_correlation: angle ", n, " is ", x,
                 " in a and ", y, " in b, must be finite");
    cc += std::cos(x) * std::cos(y), ss += std::sin(x) * std::sin(y);
    cs += std::cos(x) * std::sin(y), sc += std::sin(x) * std::cos(y);
    cos_a += std::cos(2 * x), sin_a += std::sin(2 * x), cos_b += std::cos(2 * y), sin_b += std::sin(2 * y);
  }
  const double N = static_cast<double>(a.size());
  const double spread_a = N * N - cos_a * cos_a - sin_a * sin_a,
               spread_b = N * N - cos_b * cos_b - sin_b * sin_b;
  GRADUS_CHECK(spread_a > 1e-12 * N * N && spread_b > 1e-12 * N * N, "circular_correlation: all ", a.size(),
               " angles are equal up to half turns");
  return 4 * (cc * ss - cs * sc) / std::sqrt(spread_a * spread_b);
}

}  // namespace gradus
