#pragma once
// Mean and covariance of many examples, kept in double, and the distance of two such pairs.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

struct Moments {
  std::vector<double> mean;        ///< [D]
  std::vector<double> covariance;  ///< [D, D], divided by N
};

/// Moments of x [N, D]. The mean is summed in double. For the covariance, x - mean is rounded to Real, and
/// the products of up to 4096 examples are added in Real (a matrix product), these sums in double. Throws
/// Error when the rank is not 2 or N < 1.
Moments moments_of(const Tensor& x);

/// The squared 2-Wasserstein distance of the Gaussians with these moments, in double:
///
///   |m1 - m2|^2 + tr( S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2 )
///
/// With the moments of a classifier's features this is the FID of DS542, "Frechet Inception Distance". (The
/// slide calls it the earth mover's distance, which is W1; and as a square it is no metric.) It is biased
/// upward for few examples: compare like with like and state N. Heusel et al. 2017. Throws Error when the
/// sizes differ.
double frechet_distance(const Moments& a, const Moments& b);

/// trace of the covariance: the distance of a point mass at the mean, a yardstick for frechet_distance.
double total_variance(const Moments& moments);

}  // namespace gradus
