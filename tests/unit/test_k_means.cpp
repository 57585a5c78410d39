// k-means, and the agreement of clusters with labels.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/generative/clustering.hpp"
#include "gradus/generative/k_means.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

double distance(const Tensor& a, Index i, const Tensor& b, Index j) {
  double sum = 0;
  for (Index d = 0; d < a.dim(1); ++d) sum += std::pow(double(a.at({i, d})) - b.at({j, d}), 2);
  return sum;
}

}  // namespace

TEST_CASE("nearest_means and cluster_means agree with their definitions") {
  Rng rng(5);
  for (const auto& [N, D, K] :
       {std::array<Index, 3>{1, 1, 1}, {67, 1, 3}, {71, 13, 5}, {5, 3, 7}, {4099, 2, 1}}) {
    const Tensor x = Tensor::randn({N, D}, rng), means = Tensor::randn({K, D}, rng);
    const std::vector<int> clusters = nearest_means(x, means);
    const Tensor moved = cluster_means(x, clusters, means);
    double loss = 0;
    for (Index n = 0; n < N; ++n) {
      const Index c = clusters[static_cast<std::size_t>(n)];
      for (Index k = 0; k < K; ++k) CHECK(distance(x, n, means, c) <= distance(x, n, means, k) + 1e-5);
      loss += distance(x, n, means, c) / static_cast<double>(N);
    }
    CHECK(close(k_means_loss(x, clusters, means), loss, 1e-5 * (1 + loss)));
    for (Index k = 0; k < K; ++k)
      for (Index d = 0; d < D; ++d) {
        double sum = 0, count = 0;
        for (Index n = 0; n < N; ++n)
          if (clusters[static_cast<std::size_t>(n)] == k) sum += x.at({n, d}), ++count;
        CHECK(close(moved.at({k, d}), count > 0 ? sum / count : means.at({k, d}), 1e-5));
      }
  }
}

TEST_CASE("equally near means: the first; an empty cluster keeps its mean") {
  const Tensor x = Tensor::of({2, 1}, {0, 1}), means = Tensor::of({3, 1}, {-1, 1, 1});
  CHECK(nearest_means(x, means) == std::vector<int>{0, 1});
  CHECK(numbers(cluster_means(x, {0, 1}, means)) == std::vector<Real>{0, 1, 1});
  CHECK(means[0] == -1);
}

TEST_CASE("k_means: the loss never rises, and separate groups are found") {
  Rng rng(6);
  const Tensor noise = Tensor::randn({300, 5}, rng);
  std::vector<double> losses = k_means(noise, 7, rng).losses;
  CHECK(losses.size() > 3);
  for (std::size_t i = 1; i < losses.size(); ++i) CHECK(losses[i] <= losses[i - 1] * (1 + 1e-6));

  Tensor groups = Tensor::randn({400, 2}, rng, 0, Real(0.1));
  std::vector<int> labels;
  for (Index n = 0; n < 400; ++n) {
    labels.push_back(static_cast<int>(n % 4));
    groups[2 * n] += n % 2 ? 10 : 0, groups[2 * n + 1] += n % 4 < 2 ? 10 : 0;
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {  // k-means++ rarely starts with two means in one group
    Rng own(seed);
    const KMeans found = k_means(groups, 4, own);
    CHECK(purity(found.clusters, labels) == 1);
    CHECK(nearest_means(groups, found.means) == found.clusters);
  }
  const KMeans one = k_means(groups, 1, rng), all = k_means(groups.rows(0, 5), 5, rng);
  CHECK(one.losses.size() == 1);
  CHECK(all.losses.back() == 0);
}

TEST_CASE("distant_points draws in proportion to the squared distance") {
  // With the first point at 0, the others are at 1 and 3: probabilities 1/10 and 9/10.
  // By symmetry of the rest:
  const Tensor x = Tensor::of({3, 1}, {0, 1, 3});
  int first[3] = {}, third = 0, from_0 = 0;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    Rng rng(seed);
    const Tensor two = distant_points(x, 2, rng);
    ++first[two[0] == 0 ? 0 : two[0] == 1 ? 1 : 2];
    CHECK(two[0] != two[1]);
    if (two[0] == 0) ++from_0, third += two[1] == 3;
  }
  for (const int count : first) CHECK(std::abs(count - 2000) < 200);
  CHECK(close(double(third) / from_0, 0.9, 0.03));
}

TEST_CASE("k-means refuses what does not fit") {
  Rng rng(1);
  const Tensor x = Tensor::zeros({3, 2});
  CHECK(contains(message([&] {
                   nearest_means(x, Tensor::zeros({2, 3}));
                 }),
                 {"nearest_means", "[3, 2]", "[2, 3]"}));
  CHECK(contains(message([&] { nearest_means(x, Tensor::zeros({0, 2})); }), "K >= 1"));
  CHECK(contains(message([&] { cluster_means(x, {0, 1}, x); }), "2 clusters for 3 points"));
  CHECK(contains(message([&] { cluster_means(x, {0, 1, 3}, x); }), "cluster 3 is outside 0 .. 2"));
  CHECK(contains(message([&] { k_means(x, 4, rng); }), "cannot draw 4 of 3"));
  CHECK(contains(message([&] { k_means(x, 1, rng, 0); }), "at most 0 rounds"));
  CHECK_THROWS_AS(k_means_loss(Tensor::zeros({0, 2}), {}, x), Error);
}

TEST_CASE("purity and mutual information of small partitions") {
  const std::vector<int> labels{0, 0, 0, 1, 1, 2};
  CHECK(close(purity({4, 4, 4, 4, 2, 2}, labels), 4.0 / 6, 1e-12));
  CHECK(purity({0, 1, 2, 3, 4, 5}, labels) == 1);
  CHECK(purity({0, 0, 0, 0, 0, 0}, labels) == 0.5);
  CHECK(close(normalised_mutual_information(labels, {5, 5, 5, 0, 0, 1}), 1, 1e-12));
  CHECK(close(normalised_mutual_information({0, 0, 1, 1}, {0, 1, 0, 1}), 0, 1e-12));
  CHECK(normalised_mutual_information({0, 0}, {3, 3}) == 1);
  CHECK(normalised_mutual_information({0, 0}, {0, 1}) == 0);
  // By the definition: p = 3/4, 1/4 and 1/2, 1/2; joint 1/2, 1/4, 0, 1/4.
  const double joint =
      0.5 * std::log(0.5 / 0.375) + 0.25 * std::log(0.25 / 0.375) + 0.25 * std::log(0.25 / 0.125);
  const double entropies = -0.75 * std::log(0.75) - 0.25 * std::log(0.25) + std::log(2.0);
  CHECK(close(normalised_mutual_information({0, 0, 0, 1}, {0, 0, 1, 1}), 2 * joint / entropies, 1e-12));
  CHECK(contains(message([&] { purity({0}, {0, 1}); }), {"purity", "1 and 2"}));
  CHECK(contains(message([&] { normalised_mutual_information({}, {}); }), "0 and 0"));
  CHECK(contains(message([&] { purity({0, -1}, {0, 1}); }), "value 1 is negative"));
}

TEST_CASE("k-means refuses points that are not finite or whose squared distances overflow") {
  Rng rng(2);
  const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN(),
             far = std::sqrt(std::numeric_limits<Real>::max()) / 2;
  for (const Real bad : {inf, -inf, nan, far}) {
    Tensor x = Tensor::randn({5, 3}, rng);
    const Tensor means = x.rows(0, 2).clone();
    x[3 * 3 + 1] = bad;
    const std::initializer_list<std::string> place = {"row 3 of x", "on axis 1", "must be finite"};
    CHECK(contains(message([&] { nearest_means(x, means); }), place));
    CHECK(contains(message([&] { cluster_means(x, {0, 1, 0, 1, 0}, means); }), place));
    CHECK(contains(message([&] { k_means_loss(x, {0, 1, 0, 1, 0}, means); }), place));
    CHECK(contains(message([&] { k_means(x, 2, rng); }), place));
    CHECK(contains(message([&] { nearest_means(means, x); }), "row 3 of the means"));
  }
  // The largest points that are allowed have a finite distance.
  const Real most = far / std::sqrt(Real(3.5));
  const Tensor x = Tensor::of({2, 3}, {most, most, most, -most, -most, -most});
  CHECK(nearest_means(x, x) == std::vector<int>{0, 1});
  CHECK(std::isfinite(k_means_loss(x, {1, 0}, x)));
}

TEST_CASE("k-means has the same bits at any number of threads") {
  CHECK(same_bits_at_any_threads([] {
    Rng rng(3);
    const Tensor x = Tensor::randn({4001, 13}, rng);
    const KMeans found = k_means(x, 7, rng, 10);
    Tensor clusters({4001});
    for (Index n = 0; n < 4001; ++n)
      clusters[n] = static_cast<Real>(found.clusters[static_cast<std::size_t>(n)]);
    return std::vector<Tensor>{found.means, clusters,
                               Tensor::full({1}, static_cast<Real>(found.losses.back()))};
  }));
}
