#pragma once
// Which modes of the data a generator covers. DS542, "What makes a good model?" (coverage)
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// The samples per mode: the result of mode_coverage and class_coverage.
struct ModeCoverage {
  int modes = 0;               ///< number of modes with at least `least_share` of all samples
  double high_quality = 0;     ///< share of samples that belong to a mode: 1 for classes
  std::vector<double> shares;  ///< share of all samples per mode
};

/// mode_coverage: which components of a mixture the samples reach, and the share of high-quality samples.
///
///   samples [N, D]   centers [M, D]   deviation: the components' standard deviation in each direction
///
/// A sample belongs to the mode of its nearest centre if it is within `deviations` standard deviations.
/// The criterion of Srivastava et al. 2017 (VEEGAN): within 3 deviations; here a mode needs 1 % of the
/// samples. Throws Error when the shapes do not fit, a tensor is empty, or unless deviation > 0.
ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centers, Real deviation,
                           double deviations = 3, double least_share = 0.01);

/// class_coverage: the modes are the classes of a classifier; `seen` has the class of each sample.
/// Throws Error when the list is empty or a class is outside 0 .. classes-1.
ModeCoverage class_coverage(const std::vector<int>& seen, int classes, double least_share = 0.02);

}  // namespace gradus
