#pragma once
// Mean and covariance of a set of examples, in double.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Mean and covariance of N examples in D dimensions.
struct Moments {
  std::vector<double> mean;        ///< [D]
  std::vector<double> covariance;  ///< [D, D], divided by N
};

/// The moments of x [N, D]. The mean is summed in double. For the covariance, x - mean is rounded to Real;
/// the products of up to 4096 examples are added in Real (a matrix product) and these sums in double.
/// Throws Error when the rank is not 2 or N < 1.
Moments moments_of(const Tensor& x);

/// Trace of the covariance: the distance of a point mass at the mean, a reference for frechet_distance.
double total_variance(const Moments& moments);

}  // namespace gradus
