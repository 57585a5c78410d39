#include <cmath>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/generative/metrics.hpp"
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
      const double chance = p[n * C + c];
      if (chance > 0) kl += chance * std::log(chance / average[static_cast<std::size_t>(c)]);
    }
  return std::exp(kl / static_cast<double>(N));
  // [end]
}

}  // namespace gradus
