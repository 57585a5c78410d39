// Histogram, kernel density, perplexity, circular correlation.
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/generative/circular.hpp"
#include "gradus/generative/histogram.hpp"
#include "gradus/generative/kernel_density.hpp"
#include "gradus/generative/perplexity.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

/// The centres of side^D cells on [low, high]^D.
Tensor grid(Index D, Index side, double low, double high) {
  const double step = (high - low) / static_cast<double>(side);
  Tensor places({D == 1 ? side : side * side, D});
  for (Index i = 0; i < places.dim(0); ++i) {
    places[i * D] = static_cast<Real>(low + step * (double(i % side) + 0.5));
    if (D == 2) places[i * D + 1] = static_cast<Real>(low + step * (double(i / side) + 0.5));
  }
  return places;
}

}  // namespace

TEST_CASE("a histogram counts, on the line and in the plane") {
  const Tensor x = Tensor::of({6, 1}, {0, Real(0.4), Real(0.5), 1, 2, -3});  // 2 and -3 are outside
  const Histogram line(x, {.bins = 2, .low = 0, .high = 1});
  CHECK(numbers(line.counts()) == std::vector<Real>{2, 2});
  CHECK(numbers(line.density(Tensor::of({4, 1}, {Real(0.1), 1, Real(1.1), -1}))) ==
        std::vector<Real>{1, 1, 0, 0});

  const Tensor y = Tensor::of({3, 2}, {Real(0.1), Real(0.9), Real(0.1), Real(0.8), Real(0.7), Real(0.2)});
  const Histogram plane(y, {.bins = 2, .low = 0, .high = 1, .extra = 1});
  CHECK(numbers(plane.counts()) == std::vector<Real>{0, 2, 1, 0});
  const Tensor p = plane.density(Tensor::of({2, 2}, {Real(0.2), Real(0.7), Real(0.2), Real(0.2)}));
  CHECK(close(p[0], 3.0 / 7 / 0.25, 1e-5));
  CHECK(close(p[1], 1.0 / 7 / 0.25, 1e-5));
}

TEST_CASE("densities of histogram and kernels integrate to 1, and their samples follow them") {
  Rng rng(4);
  for (const Index D : {1, 2}) {
    const Tensor x = Tensor::randn({300, D}, rng, Real(0.5), Real(0.7));
    const Histogram histogram(x, {.bins = 9, .low = -3, .high = 3, .extra = Real(0.5)});
    const KernelDensity kernels{x, Real(0.3)};
    const Index side = D == 1 ? 900 : 90;
    const Tensor places = grid(D, side, -3, 4.5), log_density = kernels.log_density(places),
                 cells = grid(D, side, -3, 3), density = histogram.density(cells);
    double mass = 0, kernel_mass = 0;
    for (Index i = 0; i < places.dim(0); ++i) {
      mass += density[i] * std::pow(6.0 / double(side), D);
      kernel_mass += std::exp(double(log_density[i])) * std::pow(7.5 / double(side), D);
    }
    CHECK(close(mass, 1, 1e-4));
    CHECK(close(kernel_mass, 1, 1e-3));
    // A histogram of the samples repeats the density in every cell.
    const Histogram again(histogram.sample(60000, rng), {.bins = 9, .low = -3, .high = 3});
    for (Index i = 0; i < histogram.counts().size(); ++i) {
      const double expected = (histogram.counts()[i] + 0.5) / (300 + 0.5 * double(histogram.counts().size()));
      CHECK(close(again.counts()[i] / 60000, expected, 0.01));
    }
    const Tensor drawn = kernels.sample(60000, rng);
    double mean = 0, square = 0;
    for (const Real v : drawn.values())
      mean += v / double(drawn.size()), square += double(v) * v / double(drawn.size());
    double own = 0, own_square = 0;
    for (const Real v : x.values())
      own += v / double(x.size()), own_square += double(v) * v / double(x.size());
    CHECK(close(mean, own, 0.02));
    CHECK(close(square, own_square + 0.09, 0.03));
  }
}

TEST_CASE("kernel density: the definition, far points, and the bandwidth of held-out points") {
  Rng rng(5);
  const Tensor x = Tensor::randn({71, 3}, rng), places = Tensor::randn({13, 3}, rng);
  const Tensor log_density = KernelDensity{x, Real(0.8)}.log_density(places);
  for (Index m = 0; m < 13; ++m) {
    double sum = 0;
    for (Index n = 0; n < 71; ++n) {
      double squared = 0;
      for (Index d = 0; d < 3; ++d) squared += std::pow(double(places.at({m, d})) - x.at({n, d}), 2);
      sum += std::exp(-squared / (2 * 0.64)) / std::pow(2 * std::numbers::pi * 0.64, 1.5) / 71;
    }
    CHECK(close(log_density[m], std::log(sum), 1e-4));
  }
  // exp(-5000) is 0, but its logarithm is needed
  CHECK(close(KernelDensity{Tensor::zeros({1, 1}), 1}.log_density(Tensor::full({1, 1}, 100))[0],
              -5000 - 0.5 * std::log(2 * std::numbers::pi), 1e-2));
  const Tensor train = Tensor::randn({200, 1}, rng), test = Tensor::randn({2000, 1}, rng);
  const std::vector<Real> widths{Real(0.001), Real(0.3), 5};
  CHECK(best_bandwidth(train, test, widths) == Real(0.3));
  CHECK(best_bandwidth(train, train, widths) == Real(0.001));
}

TEST_CASE("perplexity of guesses") {
  CHECK(close(perplexity(Tensor::full({1009}, static_cast<Real>(std::log(27.0)))), 27, 1e-4));
  CHECK(perplexity(Tensor::zeros({3})) == 1);
  CHECK(
      close(perplexity(Tensor::of({2}, {static_cast<Real>(std::log(2.0)), static_cast<Real>(std::log(8.0))})),
            4, 1e-5));
  CHECK(contains(message([] { perplexity(Tensor::zeros({0})); }), {"perplexity", "[0]"}));
  CHECK_THROWS_AS(perplexity(Tensor::zeros({2, 2})), Error);
}

TEST_CASE("circular correlation: the definition, rotations, reflections, independence") {
  Rng rng(6);
  const Real turn = 2 * std::numbers::pi_v<Real>;
  const Tensor a = Tensor::uniform({71}, rng, 0, turn), b = Tensor::uniform({71}, rng, 0, turn);
  double product = 0, squares_a = 0, squares_b = 0;
  for (Index i = 0; i < 71; ++i)
    for (Index j = i + 1; j < 71; ++j) {
      const double sa = std::sin(double(a[i]) - a[j]), sb = std::sin(double(b[i]) - b[j]);
      product += sa * sb, squares_a += sa * sa, squares_b += sb * sb;
    }
  CHECK(close(circular_correlation(a, b), product / std::sqrt(squares_a * squares_b), 1e-6));
  Tensor turned({71}), mirrored({71});
  for (Index i = 0; i < 71; ++i) turned[i] = std::fmod(a[i] + 2, turn), mirrored[i] = 1 - a[i];
  CHECK(close(circular_correlation(a, turned), 1, 1e-5));
  CHECK(close(circular_correlation(a, mirrored), -1, 1e-5));
  const Tensor many = Tensor::uniform({5000}, rng, 0, turn), others = Tensor::uniform({5000}, rng, 0, turn);
  CHECK(std::abs(circular_correlation(many, others)) < 0.05);
  CHECK(contains(message([&] { circular_correlation(a, many); }), {"[71]", "[5000]"}));
  CHECK(contains(message([&] {
                   circular_correlation(Tensor::full({3}, 2), Tensor::of({3}, {1, 2, 3}));
                 }),
                 "equal"));
  CHECK_THROWS_AS(circular_correlation(Tensor::zeros({0}), Tensor::zeros({0})), Error);
}

TEST_CASE("densities refuse what does not fit") {
  Rng rng(1);
  const Tensor x = Tensor::zeros({3, 2});
  CHECK(contains(message([] { Histogram(Tensor::zeros({3, 3}), {}); }), "[3, 3]"));
  CHECK(contains(message([&] { Histogram(x, {.bins = 0}); }), "bins"));
  CHECK(contains(message([&] { Histogram(x, {.low = 1, .high = 1}); }), "low < high"));
  CHECK(contains(message([&] { Histogram(x, {.low = 1, .high = 2}); }), "inside the range"));
  CHECK(contains(message([&] { Histogram(x, {}).density(Tensor::zeros({3, 1})); }), {"[M, 2]", "[3, 1]"}));
  CHECK_THROWS_AS(Histogram(x, {}).sample(0, rng), Error);
  CHECK(contains(message([&] { KernelDensity{x, 0}.log_density(x); }), "bandwidth above 0"));
  CHECK(contains(message([&] {
                   KernelDensity{x, 1}.log_density(Tensor::zeros({3, 1}));
                 }),
                 {"[M, 2]", "[3, 1]"}));
  CHECK_THROWS_AS((KernelDensity{Tensor(), 1}.sample(1, rng)), Error);
  CHECK_THROWS_AS((KernelDensity{x, 1}.sample(0, rng)), Error);
  CHECK_THROWS_AS(best_bandwidth(x, x, {}), Error);
}

TEST_CASE("densities of numbers that are not finite, and beyond the range of Real") {
  const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN(),
             large = std::numeric_limits<Real>::max();
  const Tensor x = Tensor::of({3, 1}, {0, 1, 2});
  for (const HistogramOptions& bad : {HistogramOptions{.low = -inf}, HistogramOptions{.high = inf},
                                      HistogramOptions{.low = -large, .high = large},
                                      HistogramOptions{.low = nan}, HistogramOptions{.extra = inf}})
    CHECK(contains(message([&] { Histogram(x, bad); }), {"low < high", "all finite"}));

  // log p = -infinity far from all points, not NaN; beside a point it is large under a narrow kernel.
  const Real far = std::sqrt(large) * 10;
  const Tensor places = Tensor::of({4, 1}, {far, -far, nan, 1});
  const Tensor wide = KernelDensity{x, 1}.log_density(places);
  CHECK(wide[0] == -inf);
  CHECK(wide[1] == -inf);
  CHECK(std::isnan(wide[2]));
  CHECK(std::isfinite(wide[3]));
  const double narrow = 1e-20;  // 1 / h^2 is not a float
  const Tensor log_density = KernelDensity{x, static_cast<Real>(narrow)}.log_density(x);
  for (const Real log_p : log_density.values())
    CHECK(close(log_p, -std::log(3.0) - 0.5 * std::log(2 * std::numbers::pi) - std::log(narrow), 1e-4));
  CHECK(contains(message([&] { KernelDensity{x, inf}.log_density(x); }), "finite bandwidth"));

  const std::vector<Real> widths{static_cast<Real>(narrow), Real(0.5)};
  CHECK(best_bandwidth(x, x, widths) == widths[0]);
  CHECK(best_bandwidth(x, Tensor::full({1, 1}, Real(0.5)), widths) == Real(0.5));
  for (const Real bad : {far, nan})
    CHECK(contains(message([&] {
                     best_bandwidth(x, Tensor::of({2, 1}, {1, bad}), widths);
                   }),
                   {"best_bandwidth", "every candidate", "[2, 1]"}));
}

TEST_CASE("circular correlation names an angle that is not finite") {
  const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
  const Tensor a = Tensor::of({3}, {1, 2, 3});
  CHECK(contains(message([&] {
                   circular_correlation(a, Tensor::of({3}, {1, nan, 3}));
                 }),
                 {"angle 1 is 2 in a and nan in b", "must be finite"}));
  CHECK(contains(message([&] { circular_correlation(Tensor::of({3}, {1, 2, inf}), a); }), "angle 2 is inf"));
}

TEST_CASE("kernel density has the same bits at any number of threads") {
  Rng rng(7);
  const Tensor x = Tensor::randn({1013, 3}, rng), places = Tensor::randn({331, 3}, rng);
  CHECK(same_bits_at_any_threads([&] {
    return std::vector<Tensor>{KernelDensity{x, Real(0.4)}.log_density(places)};
  }));
}
