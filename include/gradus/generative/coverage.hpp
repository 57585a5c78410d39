#pragma once
// Does a generator cover the data? Measures for laws that are known: distance on the line, modes in the
// plane.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// wasserstein1: how far the samples of one set must be moved, on average, to become the other set, on the
/// line. In units of x; it goes on growing where JS stands still at log 2.
///
///   a [N], b [M]  (or [N, 1], [M, 1])      W1 = integral over t in (0, 1) of | a_(t) - b_(t) |
///
/// with a_(t) the sorted samples' quantile function; for N = M that is the mean of |a_(i) - b_(i)|.
/// Throws Error when either is empty or no list of numbers.
double wasserstein1(const Tensor& a, const Tensor& b);

struct ModeCoverage {
  int modes = 0;               ///< that have at least `least_share` of all samples
  double high_quality = 0;     ///< share of samples within `deviations` standard deviations of some centre
  std::vector<double> shares;  ///< [M] of all samples: high-quality ones whose nearest centre this is
};

/// mode_coverage: which of a mixture's components the samples reach, and how many samples are good ones.
///
///   samples [N, D]   centers [M, D]   deviation: the components' standard deviation in each direction
///
/// The counting of Srivastava et al. 2017 (VEEGAN): within 3 deviations; here a mode needs 1 % of the
/// samples. Throws Error when the shapes do not fit, a list is empty, or unless deviation > 0.
ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centers, Real deviation,
                           double deviations = 3, double least_share = 0.01);

}  // namespace gradus
