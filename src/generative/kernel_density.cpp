#include "gradus/generative/kernel_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/base/check.hpp"
#include "gradus/base/fast_math.hpp"
#include "gradus/generative/neighbours.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {
namespace {

void check_kernels(const KernelDensity& model) {
  GRADUS_CHECK(model.points.rank() == 2 && model.points.size() > 0 && model.bandwidth > 0 &&
                   std::isfinite(model.bandwidth),
               "KernelDensity: needs points [N, D] and a finite bandwidth above 0, got ",
               model.points.shape(), " and ", model.bandwidth);
}

}  // namespace

Tensor KernelDensity::log_density(const Tensor& places) const {
  check_kernels(*this);
  const Index N = points.dim(0), D = points.dim(1);
  GRADUS_CHECK(places.rank() == 2 && places.dim(1) == D, "KernelDensity: places must be [M, ", D, "], got ",
               places.shape());
  const double h = bandwidth;
  const double constant = -std::log(static_cast<double>(N)) -
                          static_cast<double>(D) * (0.5 * std::log(2 * std::numbers::pi) + std::log(h));
  // Finite for any bandwidth: the nearest point's exponent is scale * 0.
  const Real scale = static_cast<Real>(std::max(-0.5 / h / h, double{std::numeric_limits<Real>::lowest()}));
  Tensor out({places.dim(0)});
  for_rows(places.dim(0), places.dim(0) * N * D, [&](Index m) {
    const Real* place = places.data() + m * D;
    Real nearest = std::numeric_limits<Real>::infinity();
    for (Index n = 0; n < N; ++n) {
      const Real distance = squared_distance(place, points.data() + n * D, D);
      nearest = distance < nearest ? distance : nearest;
    }
    if (std::isinf(nearest)) {                              // the squares overflow
      out[m] = -squared_distance(place, points.data(), D);  // -infinity, or NaN for a NaN coordinate
      return;
    }
    const double sum = blocked_sum(0, N, [&](Index n) {
      return fast_exp(scale * (squared_distance(place, points.data() + n * D, D) - nearest));
    });
    out[m] = static_cast<Real>(constant - 0.5 * nearest / h / h + std::log(sum));
  });
  return out;
}

Tensor KernelDensity::sample(Index count, Rng& rng) const {
  check_kernels(*this);
  GRADUS_CHECK(count >= 1, "KernelDensity: cannot draw ", count, " samples");
  const Index D = points.dim(1);
  Tensor x = Tensor::randn({count, D}, rng, 0, bandwidth);
  for (Index n = 0; n < count; ++n) {
    const Index from = static_cast<Index>(rng.below(static_cast<std::uint64_t>(points.dim(0))));
    for (Index d = 0; d < D; ++d) x[n * D + d] += points[from * D + d];
  }
  return x;
}

Real best_bandwidth(const Tensor& points, const Tensor& held_out, std::span<const Real> candidates) {
  GRADUS_CHECK(!candidates.empty() && held_out.size() > 0,
               "best_bandwidth: needs candidates and held-out points [M, D], got ", candidates.size(),
               " and ", held_out.shape());
  Real best = candidates[0];
  double most = -std::numeric_limits<double>::infinity();
  for (const Real candidate : candidates) {
    const Tensor log_density = KernelDensity{points, candidate}.log_density(held_out);
    const double sum = total(log_density.size(), [&](Index m) { return double{log_density[m]}; });
    if (sum > most) most = sum, best = candidate;
  }
  GRADUS_CHECK(std::isfinite(most), "best_bandwidth: under every candidate, log p of a point of held_out ",
               held_out.shape(), " is -infinity or NaN");
  return best;
}

}  // namespace gradus
