#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/moments.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

/// N times C, row n one-hot at n modulo C.
Tensor one_hot_rows(Index N, Index C) {
  Tensor p = Tensor::zeros({N, C});
  for (Index n = 0; n < N; ++n) p[n * C + n % C] = 1;
  return p;
}

/// The definitions, with every distance in double and sorted.
NeighbourScores by_definition(const Tensor& real, const Tensor& fake, std::size_t k) {
  const auto distance = [](const Tensor& a, Index i, const Tensor& b, Index j) {
    double sum = 0;
    for (Index d = 0; d < a.dim(1); ++d) sum += std::pow(double(a.at({i, d})) - b.at({j, d}), 2);
    return std::sqrt(sum);
  };
  const auto radius = [&](const Tensor& cloud, Index i) {
    std::vector<double> all;
    for (Index j = 0; j < cloud.dim(0); ++j) all.push_back(distance(cloud, i, cloud, j));
    std::sort(all.begin(), all.end());
    return all[k];  // the first is the point itself
  };
  const Index N = real.dim(0), M = fake.dim(0);
  NeighbourScores out;
  for (Index j = 0; j < M; ++j) {
    bool in = false;
    for (Index i = 0; i < N; ++i) {
      const bool inside = distance(real, i, fake, j) <= radius(real, i);
      in = in || inside;
      out.density += inside / (double(k) * double(M));
    }
    out.precision += in / double(M);
  }
  for (Index i = 0; i < N; ++i) {
    bool reached = false, holds = false;
    for (Index j = 0; j < M; ++j) {
      reached = reached || distance(real, i, fake, j) <= radius(fake, j);
      holds = holds || distance(real, i, fake, j) <= radius(real, i);
    }
    out.recall += reached / double(N);
    out.coverage += holds / double(N);
  }
  return out;
}

}  // namespace

TEST_CASE("inception score: 1 for identical rows, C for balanced one-hot rows, the formula in between") {
  CHECK(close(inception_score(Tensor::full({50, 10}, Real(0.1))), 1, 1e-6));
  Tensor same = Tensor::zeros({7, 3});
  for (Index n = 0; n < 7; ++n) same[3 * n + 1] = 1;
  CHECK(close(inception_score(same), 1, 1e-12));  // one-hot, but always the same class
  CHECK(close(inception_score(one_hot_rows(40, 10)), 10, 1e-5));
  CHECK(close(inception_score(one_hot_rows(9, 3)), 3, 1e-6));
  // Two rows (a, 1-a), (1-a, a): p(y) is uniform, so the score is 2 exp(-entropy).
  const double a = 0.9, entropy = -a * std::log(a) - (1 - a) * std::log(1 - a);
  CHECK(close(inception_score(Tensor::of({2, 2}, {Real(.9), Real(.1), Real(.1), Real(.9)})),
              2 * std::exp(-entropy), 1e-6));
  // Unequal class frequencies: exp(entropy of p(y)) for one-hot rows.
  CHECK(close(inception_score(Tensor::of({4, 2}, {1, 0, 1, 0, 1, 0, 0, 1})),
              std::exp(-.75 * std::log(.75) - .25 * std::log(.25)), 1e-6));
}

TEST_CASE("inception score does not detect memorising: one repeated example per class gives the maximum") {
  Rng rng(3);
  Tensor data = Tensor::randn({400, 8}, rng);  // ten distant classes of 40 different examples each
  for (Index n = 0; n < 400; ++n) data[8 * n + n % 8] += static_cast<Real>(20 * (n % 10));
  std::vector<Index> ten;
  for (Index n = 0; n < 400; ++n) ten.push_back(n % 10);
  const Tensor repeated = data.gather(ten);
  CHECK(close(inception_score(one_hot_rows(400, 10)), 10,
              1e-5));  // a classifier's output on `repeated`
  const NeighbourScores scores = neighbour_scores(data, repeated);
  CHECK(scores.precision == 1);
  CHECK(close(scores.recall, 10.0 / 400, 1e-12));  // balls of radius 0 contain only the ten points themselves
  CHECK(scores.coverage < 0.3);
  CHECK(frechet_distance(moments_of(data), moments_of(repeated)) > 1);
}

TEST_CASE("neighbour scores on the line, by hand") {
  // k = 1. Balls of the real points: 0 +- 1, 1 +- 1, 3 +- 2, 10 +- 7. Balls of the generated points:
  // 0.5 +- 3.5, 4 +- 3.5, 30 +- 26.
  const Tensor real = Tensor::of({4, 1}, {0, 1, 3, 10}), fake = Tensor::of({3, 1}, {Real(.5), 4, 30});
  const NeighbourScores out = neighbour_scores(real, fake, 1);
  CHECK(close(out.precision, 2.0 / 3, 1e-12));      // 30 is in no ball
  CHECK(close(out.density, (2 + 2) / 3.0, 1e-12));  // .5 in two balls, 4 in two (3's and 10's)
  CHECK(close(out.coverage, 1, 1e-12));
  CHECK(close(out.recall, 1, 1e-12));  // 10 lies in the outlier's large ball
  const NeighbourScores swapped = neighbour_scores(fake, real, 1);
  CHECK(swapped.precision == out.recall);
  CHECK(swapped.recall == out.precision);
}

TEST_CASE("neighbour scores: identical and distant clouds, and the definitions in double") {
  Rng rng(5);
  const Tensor a = Tensor::randn({150, 6}, rng), b = Tensor::randn({90, 6}, rng, Real(0.4), Real(0.8));
  const NeighbourScores same = neighbour_scores(a, a);
  CHECK(same.precision == 1);
  CHECK(same.recall == 1);
  CHECK(same.coverage == 1);
  CHECK(close(same.density, 6.0 / 5, 1e-12));  // every ball contains its centre and k other points
  Tensor far = a.clone();
  for (Real& value : far.values()) value += 100;
  const NeighbourScores apart = neighbour_scores(a, far);
  CHECK(apart.precision + apart.recall + apart.density + apart.coverage == 0);
  for (const Index k : {1, 3, 5}) {
    const NeighbourScores ours = neighbour_scores(a, b, k),
                          truth = by_definition(a, b, static_cast<std::size_t>(k));
    CHECK(close(ours.precision, truth.precision, 1e-9));
    CHECK(close(ours.recall, truth.recall, 1e-9));
    CHECK(close(ours.density, truth.density, 1e-9));
    CHECK(close(ours.coverage, truth.coverage, 1e-9));
  }
}

TEST_CASE("coverage of a distribution by itself tends to 1 - 2^-k, and half the modes cover half") {
  Rng rng(8);
  const Tensor a = Tensor::randn({1500, 3}, rng), b = Tensor::randn({1500, 3}, rng);
  CHECK(close(neighbour_scores(a, b, 3).coverage, 1 - 1.0 / 8, 0.03));
  CHECK(close(neighbour_scores(a, b, 5).coverage, 1 - 1.0 / 32, 0.02));
  CHECK(close(neighbour_scores(a, b, 5).density, 1, 0.1));
  Tensor two = Tensor::randn({400, 2}, rng), one = Tensor::randn({400, 2}, rng);
  for (Index n = 0; n < 200; ++n) two[2 * n] += 50;  // real: two clusters; generated: one of them
  const NeighbourScores half = neighbour_scores(two, one);
  CHECK(half.precision > 0.9);
  CHECK(half.recall < 0.55);
  CHECK(half.coverage < 0.55);
  CHECK(half.coverage > 0.4);
}

TEST_CASE("neighbour test: one half for equal distributions, one for distant clouds, zero for copies") {
  Rng rng(9);
  const Tensor a = Tensor::randn({800, 4}, rng), b = Tensor::randn({800, 4}, rng);
  CHECK(close(neighbour_test(a, b), 0.5, 0.05));
  Tensor far = b.clone();
  for (Real& value : far.values()) value += 30;
  CHECK(neighbour_test(a, far) == 1);
  CHECK(neighbour_test(a, a) == 0);
  CHECK_THROWS_AS(neighbour_test(a, b.rows(0, 5)), Error);
}

TEST_CASE("metrics refuse invalid input") {
  Rng rng(1);
  const Tensor a = Tensor::randn({8, 3}, rng);
  CHECK_THROWS_AS(inception_score(a), Error);  // rows that are not probabilities
  CHECK_THROWS_AS(inception_score(Tensor::zeros({4})), Error);
  CHECK_THROWS_AS(neighbour_scores(a, Tensor::randn({8, 4}, rng)), Error);
  CHECK_THROWS_AS(neighbour_scores(a, a, 0), Error);
  CHECK_THROWS_AS(neighbour_scores(a, a, 8), Error);
  CHECK_THROWS_AS(neighbour_scores(a, a.rows(0, 3), 5), Error);
  Tensor hole = a.clone();
  hole[4] = NAN;
  CHECK_THROWS_AS(neighbour_scores(hole, a), Error);
  CHECK_THROWS_AS(neighbour_scores(a, hole), Error);
}

TEST_CASE("Frechet distance with singular covariances: constant features, points, and lines") {
  Rng rng(2);
  // Features that are always zero: zero rows and columns in both covariances.
  Tensor a = Tensor::randn({500, 6}, rng), b = Tensor::randn({500, 6}, rng, Real(0.5), Real(1.5));
  for (Index n = 0; n < 500; ++n)
    for (const Index dead : {1, 4}) a[6 * n + dead] = b[6 * n + dead] = 0;
  CHECK(std::abs(frechet_distance(moments_of(a), moments_of(a))) < 1e-6);
  Tensor a4({500, 4}), b4({500, 4});
  Index place = 0;
  for (const Index live : {0, 2, 3, 5}) {
    for (Index n = 0; n < 500; ++n) a4[4 * n + place] = a[6 * n + live], b4[4 * n + place] = b[6 * n + live];
    ++place;
  }
  CHECK(close(frechet_distance(moments_of(a), moments_of(b)),
              frechet_distance(moments_of(a4), moments_of(b4)), 1e-6));
  // Rank one in different directions: N(0, 4 e1 e1T) and N(0, 9 e2 e2T) have a zero root, distance 4 + 9.
  const Moments one{{0, 0}, {4, 0, 0, 0}}, two{{0, 0}, {0, 0, 0, 9}}, along{{3, 0}, {9, 0, 0, 0}};
  CHECK(close(frechet_distance(one, two), 13, 1e-9));
  CHECK(close(frechet_distance(one, along), 9 + 1, 1e-9));  // (3 - 2)^2 along the line
  const Moments point{{0, 0}, {0, 0, 0, 0}};
  CHECK(close(frechet_distance(one, point), 4, 1e-9));
}

TEST_CASE("neighbour scores of 2000 and 2000 points with 64 features take a fraction of a second") {
  Rng rng(4);
  const Tensor a = Tensor::randn({2000, 64}, rng), b = Tensor::randn({2000, 64}, rng);
  const auto begin = std::chrono::steady_clock::now();
  const NeighbourScores out = neighbour_scores(a, b);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  MESSAGE("neighbour_scores 2000 x 2000 x 64: ", seconds, " s");
  CHECK(out.coverage > 0.9);
}
