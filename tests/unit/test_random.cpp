#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "gradus/base/runtime.hpp"

using namespace gradus;

namespace {

using Block = std::array<std::uint32_t, 4>;
using Numbers = std::vector<Real>;

Rng at_position(std::uint64_t seed, std::uint64_t position) {
  Rng rng(seed);
  *RngState::of(rng)[2] = position;
  return rng;
}

Numbers normals(Rng rng, std::size_t count) {
  Numbers out(count);
  rng.fill_normal(out);
  return out;
}

/// Mean of f over all numbers, in double.
template <class F>
double mean_of(const Numbers& numbers, F f) {
  double sum = 0;
  for (const Real x : numbers) sum += f(static_cast<double>(x));
  return sum / static_cast<double>(numbers.size());
}

/// Pearson's statistic: about `cells` - 1, with a standard deviation of sqrt(2 cells).
double chi_square(const std::vector<double>& counts) {
  const double expected =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const double count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

bool plausible(const std::vector<double>& counts) {
  const double freedom = static_cast<double>(counts.size()) - 1;
  return std::abs(chi_square(counts) - freedom) < 5 * std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("philox4x32 gives the published numbers") {
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t ones = 0xffffffff;
  CHECK(philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a generator reads philox blocks: key = seed, counter = position and stream") {
  const std::uint64_t seed = 0x299f31d0a4093822u, stream = 0x0370734413198a2eu;
  Rng rng(seed, stream);
  *RngState::of(rng)[2] = 0x85a308d3243f6a88u;
  const Real expected = (static_cast<Real>(0xd16cfe09u >> 9) + Real(0.5)) / Real(8388608);
  CHECK(rng.uniform() == expected);
  CHECK(rng.position() == 0x85a308d3243f6a89u);
}

TEST_CASE("uniform numbers are never 0 or 1") {
  // Blocks of seed 1 whose first word has its upper 24 bits all set or all clear.
  for (const std::uint64_t position : {8418514u, 27392119u, 16902731u, 33449355u}) {
    Rng scalar = at_position(1, position), filled = at_position(1, position);
    const Real u = scalar.uniform();
    CAPTURE(position);
    CHECK(u > 0);
    CHECK(u < 1);
    Numbers one(1);
    filled.fill_uniform(one);
    CHECK(one[0] == u);
    CHECK(std::isfinite(at_position(1, position).normal()));
    CHECK(at_position(1, position).bernoulli(1));
    CHECK(!at_position(1, position).bernoulli(0));
  }
}

TEST_CASE("a buffer of any length holds the same bits at any number of threads") {
  const int before = threads();
  const auto draw = [](int count, std::size_t size) {
    set_threads(count);
    Rng rng(7, 3);
    rng.uniform();  // do not start at position 0
    std::vector<Numbers> all(3, Numbers(size));
    rng.fill_uniform(all[0], -2, 3);
    rng.fill_normal(all[1], 1, 2);
    rng.fill_bernoulli(all[2], Real(0.3));
    CHECK(rng.position() == 1 + 3 * ((size + 3) / 4));
    return all;
  };
  for (const std::size_t size : {1u, 3u, 255u, 257u, 16384u, 16385u, 100003u})
    CHECK(draw(1, size) == draw(2, size));
  CHECK(draw(1, 100003) == draw(3, 100003));
  set_threads(before);
}

TEST_CASE("a buffer begins with the numbers of the single blocks") {
  Numbers uniform(1000), normal(1000);
  Rng filled(11), scalar(11);
  filled.fill_uniform(uniform);
  filled.fill_normal(normal);
  for (std::size_t i = 0; i < 1000; i += 4) REQUIRE(uniform[i] == scalar.uniform());
  for (std::size_t i = 0; i < 1000; i += 4)
    REQUIRE(normal[i] == doctest::Approx(scalar.normal()).epsilon(1e-5));
  CHECK(filled.position() == scalar.position());
}

TEST_CASE("uniform numbers are uniform, and neighbours are independent") {
  Numbers numbers(1 << 20);
  Rng(2024).fill_uniform(numbers);
  std::vector<double> cells(256), pairs(64 * 64);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    cells[static_cast<std::size_t>(numbers[i] * 256)] += 1;
    if (i % 2)
      pairs[static_cast<std::size_t>(numbers[i - 1] * 64) * 64 + static_cast<std::size_t>(numbers[i] * 64)] +=
          1;
  }
  CHECK(plausible(cells));
  CHECK(plausible(pairs));

  Rng(2024).fill_uniform(numbers, -3, 5);
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  CHECK(*low >= -3);
  CHECK(*low < Real(-2.999));
  CHECK(*high <= 5);
  CHECK(*high > Real(4.999));
  CHECK(mean_of(numbers, [](double x) { return x; }) == doctest::Approx(1).epsilon(0.01));

  Rng one_by_one(5);
  for (int i = 0; i < 1000; ++i) {
    const Real x = one_by_one.uniform(2, 4);
    REQUIRE((x >= 2 && x <= 4));
  }
}

TEST_CASE("normal numbers have the moments and the tails of N(0, 1)") {
  const std::size_t n = 1 << 20;
  const Numbers x = normals(Rng(99), n);
  const auto within = [&](double value, double expected, double variance) {
    return std::abs(value - expected) < 4 * std::sqrt(variance / static_cast<double>(n));
  };
  CHECK(within(mean_of(x, [](double v) { return v; }), 0, 1));
  CHECK(within(mean_of(x, [](double v) { return v * v; }), 1, 2));
  CHECK(within(mean_of(x, [](double v) { return v * v * v; }), 0, 15));
  CHECK(within(mean_of(x, [](double v) { return v * v * v * v; }), 3, 96));
  for (const double limit : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    const double p = std::erfc(limit / std::sqrt(2.0)) / 2;
    CAPTURE(limit);
    CHECK(within(mean_of(x, [=](double v) { return v > limit; }), p, p * (1 - p)));
    CHECK(within(mean_of(x, [=](double v) { return v < -limit; }), p, p * (1 - p)));
  }
  for (const std::size_t lag : {1u, 2u, 3u, 4u, 128u, 256u}) {
    double product = 0, squares = 0;
    for (std::size_t i = 0; i + lag < n; ++i) {
      const double a = x[i], b = x[i + lag];
      product += a * b;
      squares += (a * a - 1) * (b * b - 1);
    }
    CAPTURE(lag);
    CHECK(within(product / static_cast<double>(n), 0, 1));
    CHECK(within(squares / static_cast<double>(n), 0, 4));
  }
}

TEST_CASE("fill_normal scales and shifts; scalar normals have the same distribution") {
  Numbers plain(4097), scaled(4097);
  Rng(3).fill_normal(plain);
  Rng(3).fill_normal(scaled, 5, 2);
  double worst = 0;
  for (std::size_t i = 0; i < plain.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(scaled[i]) - (5 + 2 * plain[i])));
  CHECK(worst < 4e-6);

  Rng rng(17);
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = rng.normal();
    sum += x, squares += x * x;
  }
  CHECK(std::abs(sum / n) < 4 / std::sqrt(n));
  CHECK(std::abs(squares / n - 1) < 4 * std::sqrt(2.0 / n));
}

TEST_CASE("Bernoulli numbers are 0 or 1 at the given rate") {
  for (const Real p : {Real(0), Real(0.01), Real(0.3), Real(0.5), Real(0.95), Real(1)}) {
    Numbers x(1 << 18);
    Rng(8).fill_bernoulli(x, p);
    CHECK(std::all_of(x.begin(), x.end(), [](Real v) { return v == 0 || v == 1; }));
    const double rate = mean_of(x, [](double v) { return v; });
    CAPTURE(p);
    CHECK(std::abs(rate - p) <= 4 * std::sqrt(p * (1 - p) / static_cast<double>(x.size())));
  }
  Rng rng(9);
  int hits = 0;
  for (int i = 0; i < 40000; ++i) hits += rng.bernoulli(Real(0.25));
  CHECK(std::abs(hits - 10000) < 4 * std::sqrt(40000 * 0.25 * 0.75));
}

TEST_CASE("below: every value, equally often, without bias") {
  Rng rng(31);
  for (const std::size_t bound : {1u, 2u, 3u, 7u, 10u, 64u}) {
    std::vector<double> counts(bound);
    for (int i = 0; i < 20000; ++i) {
      const std::uint64_t value = rng.below(bound);
      REQUIRE(value < bound);
      counts[value] += 1;
    }
    CAPTURE(bound);
    if (bound > 1) CHECK(plausible(counts));
  }
  // With 3 * 2^62 values, the remainder of a 64-bit word would favour the first 2^62:
  // probability 1/2 instead of 1/3.
  const std::uint64_t bound = std::uint64_t{3} << 62;
  std::vector<double> thirds(3);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t value = rng.below(bound);
    REQUIRE(value < bound);
    thirds[value >> 62] += 1;
  }
  CHECK(plausible(thirds));
  CHECK_THROWS_AS(rng.below(0), Error);
}

TEST_CASE("permutation: all numbers once, every number equally often at every position") {
  Rng rng(12);
  for (const Index count : {0, 1, 2, 17, 1000}) {
    std::vector<Index> order = rng.permutation(count);
    std::sort(order.begin(), order.end());
    std::vector<Index> expected(static_cast<std::size_t>(count));
    std::iota(expected.begin(), expected.end(), Index{0});
    CHECK(order == expected);
  }
  const std::size_t n = 6;
  std::vector<double> seen(n * n), orders(6);
  for (int i = 0; i < 12000; ++i) {
    const auto order = rng.permutation(n);
    for (std::size_t place = 0; place < n; ++place)
      seen[place * n + static_cast<std::size_t>(order[place])] += 1;
    const auto three = rng.permutation(3);  // all 3! orders
    orders[static_cast<std::size_t>(three[0] * 2 + (three[1] > three[2]))] += 1;
  }
  CHECK(plausible(seen));
  CHECK(plausible(orders));
  CHECK(Rng(5).permutation(1000) == Rng(5).permutation(1000));
  CHECK(Rng(5).permutation(1000) != Rng(6).permutation(1000));
}

TEST_CASE("split streams are reproducible, different and uncorrelated") {
  const Rng root(4);
  const std::size_t n = 1 << 16;
  const std::vector<Numbers> streams{
      normals(root, n),          normals(root.split("data"), n),  normals(root.split("noise"), n),
      normals(root.split(0), n), normals(root.split(1), n),       normals(root.split(1).split(1), n),
      normals(Rng(5), n),        normals(Rng(5).split("data"), n)};
  CHECK(streams[1] == normals(Rng(4).split("data"), n));
  CHECK(streams[4] == normals(Rng(4).split(1), n));
  for (std::size_t a = 0; a < streams.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      double product = 0;
      for (std::size_t i = 0; i < n; ++i) product += static_cast<double>(streams[a][i]) * streams[b][i];
      CAPTURE(a);
      CAPTURE(b);
      CHECK(std::abs(product) < 4.5 * std::sqrt(static_cast<double>(n)));
    }
  CHECK(root.split("a").split("b").stream() != root.split("b").split("a").stream());
  CHECK(root.split("data").position() == 0);
}

TEST_CASE("three numbers restore a generator") {
  Rng rng = Rng(77).split("loader");
  Numbers some(1001);
  rng.fill_normal(some);
  std::array<std::uint64_t, 3> kept{};
  const auto places = RngState::of(rng);
  for (std::size_t i = 0; i < 3; ++i) kept[i] = *places[i];
  Rng other;
  for (std::size_t i = 0; i < 3; ++i) *RngState::of(other)[i] = kept[i];
  CHECK(other.seed() == 77);
  CHECK(other.stream() == rng.stream());
  CHECK(normals(other, 1001) == normals(rng, 1001));
  CHECK(other.permutation(50) == rng.permutation(50));
}
