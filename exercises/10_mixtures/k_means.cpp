// Your file for exercise 10. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/k_means.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/todo.hpp"
#include "gradus/generative/neighbours.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Squared distances of such points are finite: D (2 limit)^2 is the largest number.
void check_coordinates(const char* op, const char* name, const Tensor& x) {
  const Index D = x.dim(1);
  const Real limit = std::sqrt(std::numeric_limits<Real>::max() / static_cast<Real>(4 * D + 1));
  for (Index i = 0; i < x.size(); ++i)
    GRADUS_CHECK(std::abs(x[i]) <= limit, op, ": row ", i / D, " of ", name, " is ", x[i], " on axis ", i % D,
                 ", must be finite and at most ", limit);
}

void check_means(const char* op, const Tensor& x, const Tensor& means) {
  GRADUS_CHECK(x.rank() == 2 && means.rank() == 2 && x.dim(1) == means.dim(1) && means.dim(0) >= 1, op,
               ": x must be [N, D] and the means [K, D] with K >= 1, got ", x.shape(), " and ",
               means.shape());
  check_coordinates(op, "x", x);
  check_coordinates(op, "the means", means);
}

void check_clusters(const char* op, const Tensor& x, const std::vector<int>& clusters, const Tensor& means) {
  check_means(op, x, means);
  GRADUS_CHECK(static_cast<Index>(clusters.size()) == x.dim(0), op, ": ", clusters.size(), " clusters for ",
               x.dim(0), " points");
  for (const int c : clusters)
    GRADUS_CHECK(c >= 0 && c < means.dim(0), op, ": cluster ", c, " is outside 0 .. ", means.dim(0) - 1);
}

}  // namespace

std::vector<int> nearest_means(const Tensor& x, const Tensor& means) {
  check_means("nearest_means", x, means);
  std::vector<int> clusters(at(x.dim(0)));
  // TODO(10.1) Return, for every row of x [N, D], the index k of the nearest row of means [K, D]:
  //   c_n = arg min_k sum_d (x_nd - m_kd)^2
  // The lowest index where several means are equally near. Given: squared_distance(a, b, D);
  // a and b point to the first numbers of the points, x.data() + n D for point n.
  todo("10.1");
}

Tensor cluster_means(const Tensor& x, const std::vector<int>& clusters, const Tensor& before) {
  check_clusters("cluster_means", x, clusters, before);
  // TODO(10.2) Return the new means [K, D] for clusters, N values in 0 .. K-1:
  //   m_k = 1/N_k sum_{n: c_n = k} x_n        N_k: the number of points in cluster k
  // A cluster without points keeps its row of before [K, D]. Write to a new tensor: before.clone() is one.
  // Sum in double.
  todo("10.2");
}

double k_means_loss(const Tensor& x, const std::vector<int>& clusters, const Tensor& means) {
  check_clusters("k_means_loss", x, clusters, means);
  const Index N = x.dim(0), D = x.dim(1);
  GRADUS_CHECK(N >= 1, "k_means_loss: x ", x.shape(), " has no point");
  return total(N,
               [&](Index n) {
                 return double{squared_distance(x.data() + n * D, means.data() + clusters[at(n)] * D, D)};
               }) /
         static_cast<double>(N);
}

Tensor distant_points(const Tensor& x, Index K, Rng& rng) {
  check_rank("distant_points", "x", x, 2);
  const Index N = x.dim(0), D = x.dim(1);
  GRADUS_CHECK(K >= 1 && K <= N, "distant_points: cannot draw ", K, " of ", N, " points");
  check_coordinates("distant_points", "x", x);
  std::vector<Index> drawn{static_cast<Index>(rng.below(static_cast<std::uint64_t>(N)))};
  std::vector<double> nearest(at(N), std::numeric_limits<double>::infinity());
  while (static_cast<Index>(drawn.size()) < K) {
    double sum = 0;
    for (Index n = 0; n < N; ++n) {
      const double distance = squared_distance(x.data() + n * D, x.data() + drawn.back() * D, D);
      sum += nearest[at(n)] = std::min(nearest[at(n)], distance);
    }
    double rest = sum * rng.uniform();
    Index next = 0;
    while (next < N - 1 && (rest -= nearest[at(next)]) > 0) ++next;
    drawn.push_back(next);
  }
  return x.gather(drawn);
}

KMeans k_means(const Tensor& x, Index K, Rng& rng, Index most) {
  GRADUS_CHECK(most >= 1, "k_means: at most ", most, " rounds, must be at least 1");
  KMeans out{distant_points(x, K, rng), {}, {}};
  for (Index round = 0; round < most; ++round) {
    std::vector<int> clusters = nearest_means(x, out.means);
    if (clusters == out.clusters) break;
    out.clusters = std::move(clusters);
    out.losses.push_back(k_means_loss(x, out.clusters, out.means));
    out.means = cluster_means(x, out.clusters, out.means);
  }
  return out;
}

}  // namespace gradus
