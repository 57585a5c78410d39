#pragma once
// Mean and covariance of many examples, kept in double.
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

/// trace of the covariance: the distance of a point mass at the mean, a yardstick for frechet_distance.
double total_variance(const Moments& moments);

}  // namespace gradus
