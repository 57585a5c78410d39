#pragma once
// Whether a generator covers the data: measures for known distributions.
// Wasserstein distance in one dimension, modes in the plane.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// wasserstein1: the average distance by which the samples of one set must be moved to become the other set,
/// in one dimension. In units of x; it keeps growing where JS is constant at log 2.
///
///   a [N], b [M]  (or [N, 1], [M, 1])      W1 = integral over t in (0, 1) of | a_(t) - b_(t) |
///
/// where a_(t) is the quantile function of the sorted samples; for N = M it is the mean of |a_(i) - b_(i)|.
/// Throws Error when either is empty or has another shape.
double wasserstein1(const Tensor& a, const Tensor& b);

/// The result of mode_coverage.
struct ModeCoverage {
  int modes = 0;               ///< number of modes with at least `least_share` of all samples
  double high_quality = 0;     ///< share of samples within `deviations` standard deviations of some centre
  std::vector<double> shares;  ///< [M] share of all samples: high-quality ones whose nearest centre this is
};

/// mode_coverage: which components of a mixture the samples reach, and the share of high-quality samples.
///
///   samples [N, D]   centers [M, D]   deviation: the components' standard deviation in each direction
///
/// The criterion of Srivastava et al. 2017 (VEEGAN): within 3 deviations; here a mode needs 1 % of the
/// samples. Throws Error when the shapes do not fit, a tensor is empty, or unless deviation > 0.
ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centers, Real deviation,
                           double deviations = 3, double least_share = 0.01);

}  // namespace gradus
