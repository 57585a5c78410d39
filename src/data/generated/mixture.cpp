#include "gradus/data/generated/mixture.hpp"

#include <cmath>
#include <numbers>

#include "gradus/base/check.hpp"

namespace gradus {

Tensor GaussianMixture::sample(Index count, Rng& rng) const {
  GRADUS_CHECK(centers.rank() == 2 && centers.size() > 0, "GaussianMixture: centers must be [M, D], got ",
               centers.shape());
  GRADUS_CHECK(count >= 1, "GaussianMixture: cannot draw ", count, " samples");
  const Index M = centers.dim(0), D = centers.dim(1);
  Tensor x = Tensor::randn({count, D}, rng, 0, deviation);
  for (Index n = 0; n < count; ++n) {
    const Index m = static_cast<Index>(rng.below(static_cast<std::uint64_t>(M)));
    for (Index d = 0; d < D; ++d) x[n * D + d] += centers[m * D + d];
  }
  return x;
}

Tensor GaussianMixture::density(const Tensor& places) const {
  GRADUS_CHECK(centers.rank() == 2 && places.rank() == 2 && places.dim(1) == centers.dim(1),
               "GaussianMixture: places must be [N, D] like centers [M, D], got ", places.shape(), " and ",
               centers.shape());
  const Index M = centers.dim(0), D = centers.dim(1);
  const double variance = double(deviation) * deviation;
  const double scale =
      std::pow(2 * std::numbers::pi * variance, -0.5 * static_cast<double>(D)) / static_cast<double>(M);
  Tensor out({places.dim(0)});
  for (Index n = 0; n < places.dim(0); ++n) {
    double sum = 0;
    for (Index m = 0; m < M; ++m) {
      double squared = 0;
      for (Index d = 0; d < D; ++d) squared += std::pow(double(places[n * D + d]) - centers[m * D + d], 2);
      sum += std::exp(-0.5 * squared / variance);
    }
    out[n] = static_cast<Real>(scale * sum);
  }
  return out;
}

GaussianMixture ring_of_gaussians(Index count, Real radius, Real deviation) {
  GRADUS_CHECK(count >= 1, "ring_of_gaussians: needs at least one Gaussian, got ", count);
  GaussianMixture ring{Tensor({count, 2}), deviation};
  for (Index m = 0; m < count; ++m) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(m) / static_cast<double>(count);
    ring.centers[2 * m] = radius * static_cast<Real>(std::cos(angle));
    ring.centers[2 * m + 1] = radius * static_cast<Real>(std::sin(angle));
  }
  return ring;
}

GaussianMixture two_moons() {
  constexpr Index each = 60;
  GaussianMixture moons{Tensor({2 * each, 2}), Real(0.1)};
  for (Index i = 0; i < each; ++i) {
    const double angle = std::numbers::pi * (static_cast<double>(i) + 0.5) / each;
    const double upper[2] = {1.4 * std::cos(angle) - 0.7, 1.4 * std::sin(angle) - 0.3};
    for (Index d = 0; d < 2; ++d) {
      moons.centers[2 * i + d] = static_cast<Real>(upper[d]);
      moons.centers[2 * (each + i) + d] = static_cast<Real>(-upper[d]);
    }
  }
  return moons;
}

}  // namespace gradus
