#pragma once
// Calibration: whether predicted probabilities agree with observed frequencies.
#include <span>
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// The result of calibration_curve: one entry per bin that contains an example.
struct CalibrationCurve {
  std::vector<double> predicted;  ///< mean predicted probability in the bin
  std::vector<double> observed;   ///< share of examples with label 1 in the bin
  std::vector<Index> counts;      ///< number of examples in the bin
  double error = 0;               ///< expected calibration error: sum of count / N |predicted - observed|
};

/// calibration_curve: predicted probabilities in equal bins of [0, 1], against the frequency of label 1.
///
///   probabilities [N] in [0, 1]     labels: N of 0 or 1
///
/// A calibrated classifier is near the diagonal: of the examples with probability 0.8, 80 % have label 1.
/// Guo, Pleiss, Sun, Weinberger 2017. Throws Error when there is no example, the lengths differ, bins < 1, a
/// probability is outside [0, 1], or a label is neither 0 nor 1.
CalibrationCurve calibration_curve(std::span<const Real> probabilities, std::span<const int> labels,
                                   Index bins = 10);

}  // namespace gradus
