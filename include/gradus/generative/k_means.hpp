#pragma once
// k-means: every point belongs to the nearest of K means, and every mean is the mean of its points.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// nearest_means: the cluster of every point.
///
///   x [N, D]    means [K, D]
///   N indices   c_n = arg min_k |x_n - m_k|^2          the lowest k where several means are equally near
///
/// DS542, "Latent Variables": k-means maps an observation to a cluster id, the simplest latent variable.
/// Throws Error when the ranks or D do not fit, K = 0, or a number is not finite or so large that squared
/// distances overflow (1e18 in float).
std::vector<int> nearest_means(const Tensor& x, const Tensor& means);

/// cluster_means: the mean of the points of every cluster.
///
///   x [N, D]    clusters: N values in 0 .. K-1    before [K, D]
///   [K, D]      m_k = 1/N_k sum_{n: c_n = k} x_n       a cluster without points keeps its row of `before`
///
/// Summed in double. Throws Error as nearest_means does, and when a cluster is out of range.
Tensor cluster_means(const Tensor& x, const std::vector<int>& clusters, const Tensor& before);

/// k_means_loss: 1/N sum_n |x_n - m_{c_n}|^2, which neither step of k-means increases.
/// Throws Error as cluster_means does, and when N = 0.
double k_means_loss(const Tensor& x, const std::vector<int>& clusters, const Tensor& means);

/// distant_points: K rows of x [N, D] as initial means, [K, D] (k-means++). The first is drawn uniformly,
/// every further one with probability proportional to the squared distance to the nearest row drawn before.
/// Arthur, Vassilvitskii 2007. Throws Error when the rank is not 2, unless 1 <= K <= N, and for numbers that
/// nearest_means refuses.
Tensor distant_points(const Tensor& x, Index K, Rng& rng);

/// The result of k_means.
struct KMeans {
  Tensor means;                ///< [K, D]
  std::vector<int> clusters;   ///< one of 0 .. K-1 per point
  std::vector<double> losses;  ///< k_means_loss after every assignment; never increases
};

/// k_means: nearest_means and cluster_means in turn, from distant_points, until no point changes its cluster
/// or after `most` rounds. Lloyd 1982. Throws Error as distant_points does, or when most < 1.
KMeans k_means(const Tensor& x, Index K, Rng& rng, Index most = 300);

}  // namespace gradus
