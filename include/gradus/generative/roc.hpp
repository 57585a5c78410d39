#pragma once
// ROC: how well a score separates two sets, over all thresholds.
#include <span>
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

// All functions take one score per example; a larger score means "positive" (an outlier, a face).
// All throw Error when a list is empty or a score is NaN. Infinite scores are allowed.

/// auroc: the probability that a positive example has a larger score than a negative one.
///
///   negative [N], positive [M]      1/(N M) sum_n sum_m ( [p_m > n_n] + 1/2 [p_m = n_n] )
///
/// It is the area under the curve of roc_curve; 1/2 for equal distributions, 1 for separated ones, below 1/2
/// when the score has the wrong direction. Computed by ranks in O((N + M) log(N + M)). Hanley, McNeil 1982.
double auroc(std::span<const Real> negative, std::span<const Real> positive);

/// false_positive_rate: the share of negative examples at or above the threshold that detects at least
/// `detected` of the positive ones. The threshold is the largest score of a positive example that does so.
///
///   detected = 0.95: "FPR95" of the papers on outlier detection; 0 is best
///
/// Throws Error also unless 0 < detected <= 1.
double false_positive_rate(std::span<const Real> negative, std::span<const Real> positive,
                           double detected = 0.95);

/// The points of an ROC curve, from (0, 0) to (1, 1).
struct RocCurve {
  std::vector<double> false_positive;  ///< share of negative examples at or above the threshold, not falling
  std::vector<double> true_positive;   ///< share of positive examples at or above it
};

/// roc_curve: one point per different score, from the largest threshold to the smallest. Equal scores of both
/// sets give one sloped segment, so the trapezoids under the curve sum to auroc.
RocCurve roc_curve(std::span<const Real> negative, std::span<const Real> positive);

}  // namespace gradus
