#pragma once
// Rates of a two-class classifier per group, with confidence intervals.
#include <span>
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// A measured proportion with its 95 % confidence interval.
struct Proportion {
  Index hits = 0;   ///< number of examples that count
  Index of = 0;     ///< number of all examples
  double rate = 0;  ///< hits / of; NaN when `of` is 0
  /// Wilson interval: contains the true rate in about 95 % of all samples, fewer for some rates near 0 or 1
  double low = 0;
  double high = 1;  ///< its upper end
};

/// proportion: Wilson's interval, which stays in [0, 1] and has a width above 0 also for 0 or all hits.
///
///   centre = (rate + z^2 / 2n) / (1 + z^2 / n)        z = 1.96
///   half width = z sqrt( rate (1 - rate) / n + z^2 / 4n^2 ) / (1 + z^2 / n)
///
/// Wilson 1927. Without an example the interval is [0, 1]. Throws Error unless 0 <= hits <= of.
Proportion proportion(Index hits, Index of);

/// The rates of one group.
struct GroupRates {
  Proportion true_positive;   ///< share of examples with label 1 that are called 1
  Proportion false_positive;  ///< share of examples with label 0 that are called 1
  /// Mean of the shares of right answers over both labels: 1/2 for a constant answer.
  double balanced_accuracy() const { return (true_positive.rate + 1 - false_positive.rate) / 2; }
};

/// group_rates: an example is called 1 when its score is above the threshold (0 for logits).
///
///   scores [N]     labels: N of 0 or 1     groups: N of 0 .. count-1
///
/// One entry per group. A mean over groups hides the worst one; a rate without negative examples is met by
/// the constant answer 1. 6.S191 L4, "Why latent variable models? Debiasing"; Buolamwini, Gebru 2018.
/// Throws Error when the lengths differ, count < 1, the threshold or a score is NaN, or a label or group
/// is out of range.
std::vector<GroupRates> group_rates(std::span<const Real> scores, std::span<const int> labels,
                                    std::span<const int> groups, int count, Real threshold = 0);

}  // namespace gradus
