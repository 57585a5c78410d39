// Modes that samples reach, distances of samples, mixtures with a known distribution;
// limits of the Inception score.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/base/check.hpp"
#include "gradus/data/generated/mixture.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/modes.hpp"
#include "gradus/generative/wasserstein.hpp"
#include "gradus/ops/reduction.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

}  // namespace

TEST_CASE("wasserstein1: shifts, identity, order, unequal numbers of samples") {
  const Tensor a = Tensor::of({4}, {3, 0, 1, 2}), shifted = Tensor::of({4, 1}, {Real(2.5), 3, 4, 5});
  CHECK(wasserstein1(a, a) == 0);
  CHECK(close(wasserstein1(a, Tensor::of({4}, {2, 3, 4, 5})), 2, 1e-12));
  CHECK(close(wasserstein1(a, shifted), 2.125, 1e-12));
  CHECK(close(wasserstein1(shifted, a), 2.125, 1e-12));
  CHECK(close(wasserstein1(Tensor::of({1}, {0}), Tensor::of({3}, {-3, 0, 6})), 3, 1e-12));
  // Quantile functions by hand: [0, 1/3) 0-1, [1/3, 1/2) 0-5, [1/2, 2/3) 2-5, [2/3, 1) 2-2.
  CHECK(close(wasserstein1(Tensor::of({2}, {0, 2}), Tensor::of({3}, {1, 5, 2}).reshape({3})),
              (1. / 3) * 1 + (1. / 6) * 2 + (1. / 6) * 0 + (1. / 3) * 3, 1e-12));
  CHECK(close(wasserstein1(Tensor::of({2}, {0, 2}), Tensor::of({4}, {0, 0, 2, 2})), 0, 1e-12));
  Rng rng(2);  // two Gaussians of equal width: the distance of their means
  CHECK(close(wasserstein1(Tensor::randn({50000}, rng), Tensor::randn({30000}, rng, 6)), 6, 0.03));
  // With equal means: E|z| times the difference of the widths.
  CHECK(close(wasserstein1(Tensor::randn({50000}, rng), Tensor::randn({50000}, rng, 0, 3)),
              2 * std::sqrt(2 / std::numbers::pi), 0.05));
  CHECK_THROWS_AS(wasserstein1(a, Tensor()), Error);
  CHECK_THROWS_AS(wasserstein1(a, Tensor::zeros({2, 2})), Error);
  CHECK_THROWS_AS(wasserstein1(Tensor::zeros({0}), a), Error);
}

TEST_CASE("sliced_wasserstein1: shifts, turned copies, unequal numbers of points") {
  const Tensor a = Tensor::of({3, 2}, {0, 0, 1, 2, -1, 1}), moved = Tensor::of({3, 2}, {3, 4, 4, 6, 2, 5});
  CHECK(sliced_wasserstein1(a, a) == 0);
  // A shift by (3, 4), length 5, along directions u: the mean of |(3, 4) u|, 5 * 2 / pi for many directions.
  CHECK(close(sliced_wasserstein1(a, moved, 2), 3.5, 1e-6));
  CHECK(close(sliced_wasserstein1(a, moved, 1000), 10 / std::numbers::pi, 1e-4));
  const Tensor twice = Tensor::of({6, 2}, {0, 0, 1, 2, -1, 1, -1, 1, 1, 2, 0, 0});
  CHECK(close(sliced_wasserstein1(a, twice), 0, 1e-12));
  // Equal along both axes, different along the diagonals: two directions do not see the difference.
  const Tensor rising = Tensor::of({2, 2}, {0, 0, 1, 1}), falling = Tensor::of({2, 2}, {0, 1, 1, 0});
  CHECK(close(sliced_wasserstein1(rising, falling, 2), 0, 1e-12));
  CHECK(close(sliced_wasserstein1(rising, falling, 4), std::sqrt(0.5) / 2, 1e-12));
  CHECK_THROWS_WITH_AS(sliced_wasserstein1(a, Tensor::zeros({0, 2})), doctest::Contains("b must be [N, 2]"),
                       Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein1(Tensor::zeros({2, 3}), a), doctest::Contains("a must be [N, 2]"),
                       Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein1(a, a, 0), doctest::Contains("directions"), Error);
  CHECK_THROWS_WITH_AS(sliced_wasserstein1(a, Tensor::of({1, 2}, {0, std::numeric_limits<Real>::infinity()})),
                       doctest::Contains("NaN or an infinite"), Error);
}

TEST_CASE("mode coverage by hand, and at the thresholds") {
  const Tensor centers = Tensor::of({2, 2}, {0, 0, 10, 0});
  // Standard deviation 1: within 3 of a centre is good.
  const Tensor samples = Tensor::of({5, 2}, {3, 0, 0, Real(3.01), 10, -2, 10, 2, 5, 0});
  const ModeCoverage c = mode_coverage(samples, centers, 1);
  CHECK(c.modes == 2);
  CHECK(close(c.shares[0], 0.2, 1e-12));
  CHECK(close(c.shares[1], 0.4, 1e-12));
  CHECK(close(c.high_quality, 0.6, 1e-12));
  CHECK(mode_coverage(samples, centers, 1, 3, 0.3).modes == 1);
  CHECK(mode_coverage(samples, centers, 1, 2).high_quality == 0.4);
  Tensor many = Tensor::zeros({100, 2});  // exactly one in a hundred is enough
  many[0] = 10;
  CHECK(mode_coverage(many, centers, 1).modes == 2);
  CHECK(mode_coverage(Tensor::zeros({101, 2}), centers, 1).modes == 1);
  CHECK(mode_coverage(Tensor::full({4, 2}, std::nanf("")), centers, 1).high_quality == 0);
  CHECK_THROWS_AS(mode_coverage(Tensor::zeros({3, 1}), centers, 1), Error);
  CHECK_THROWS_AS(mode_coverage(samples, centers, 0), Error);
}

TEST_CASE("class coverage: a class counts from two percent") {
  std::vector<int> seen(98, 0);
  seen.insert(seen.end(), {2, 2});
  const ModeCoverage out = class_coverage(seen, 4);
  CHECK(out.modes == 2);
  CHECK(out.high_quality == 1);
  CHECK(out.shares == std::vector<double>{.98, 0, .02, 0});
  CHECK(class_coverage(seen, 4, 0.021).modes == 1);
  CHECK_THROWS_AS(class_coverage({}, 4), Error);
  CHECK_THROWS_AS(class_coverage({0, 4}, 4), Error);
  CHECK_THROWS_AS(class_coverage({-1}, 4), Error);
}

TEST_CASE("samples of a ring cover it as the Rayleigh distribution predicts") {
  const GaussianMixture ring = ring_of_gaussians();
  CHECK(ring.centers.shape() == Shape{8, 2});
  CHECK(close(ring.centers[0], 2, 1e-6));
  CHECK(close(ring.centers[2], std::sqrt(2.0), 1e-6));
  CHECK(close(ring.centers[5], 2, 1e-6));
  Rng rng(3);
  const ModeCoverage c = mode_coverage(ring.sample(40000, rng), ring.centers, ring.deviation);
  CHECK(c.modes == 8);
  CHECK(close(c.high_quality, 1 - std::exp(-4.5), 0.003));
  for (const double share : c.shares) CHECK(close(share, 0.125 * c.high_quality, 0.01));
}

TEST_CASE("a mixture's density matches its samples") {
  const GaussianMixture two{Tensor::of({2, 1}, {-2, 2}), Real(0.5)};
  Tensor places({1001, 1});
  for (Index i = 0; i < 1001; ++i) places[i] = static_cast<Real>(-5 + 0.01 * double(i));
  const Tensor density = two.density(places);
  double total = 0;
  for (const Real v : density.values()) total += 0.01 * v;
  CHECK(close(total, 1, 1e-4));
  CHECK(close(density[300], 0.5 / (0.5 * std::sqrt(2 * std::numbers::pi)), 1e-4));
  CHECK(close(ring_of_gaussians(1, 0, 1).density(Tensor::of({1, 2}, {1, 1})).item(),
              std::exp(-1.0) / (2 * std::numbers::pi), 1e-5));
  Rng rng(4);
  const Tensor samples = two.sample(20000, rng);
  double left = 0;
  for (const Real x : samples.values()) left += x < 0;
  CHECK(close(left / 20000, 0.5, 0.02));
  CHECK_THROWS_AS(two.density(Tensor::zeros({3, 2})), Error);
  CHECK_THROWS_AS(two.sample(0, rng), Error);
  CHECK_THROWS_AS(GaussianMixture().sample(1, rng), Error);
  CHECK_THROWS_AS(ring_of_gaussians(0), Error);
  const GaussianMixture moons = two_moons();  // point-symmetric, and each moon has the radius 1.4
  CHECK(moons.centers.shape() == Shape{120, 2});
  for (Index i = 0; i < 60; ++i) {
    CHECK(moons.centers[2 * i] == -moons.centers[2 * (60 + i)]);
    CHECK(close(std::hypot(moons.centers[2 * i] + 0.7, moons.centers[2 * i + 1] + 0.3), 1.4, 1e-5));
    CHECK(moons.centers[2 * i + 1] > Real(-0.3));
  }
}

// Erratum: the Inception score is exp of a mean KL divergence and does not detect collapse within a class.
TEST_CASE("one memorised image per class reaches the maximum of the Inception score") {
  Tensor memorised = Tensor::zeros({10, 10}), unsure = Tensor::full({10, 10}, Real(0.1)),
         one_class = Tensor::zeros({10, 10});
  for (Index i = 0; i < 10; ++i) memorised[11 * i] = 1, one_class[10 * i + 3] = 1;
  CHECK(close(inception_score(memorised), 10, 1e-4));
  CHECK(close(inception_score(unsure), 1, 1e-4));
  CHECK(close(inception_score(one_class), 1, 1e-4));
}
