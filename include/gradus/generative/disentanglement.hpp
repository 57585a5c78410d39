#pragma once
// Does every unit of a code mean one thing? Rank correlation and the mutual-information gap.
//
// Both are computed from *sampled* z, not from the means: in a collapsed model the means are of size 1e-4 and
// still carry the order of a factor, so that a correlation of means reports .67 where the code holds nothing.
#include <span>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Spearman's rank correlation of two lists, in [-1, 1]; ties share their ranks. Throws Error when lengths
/// differ or are < 2.
double rank_correlation(std::span<const double> a, std::span<const double> b);

/// Mutual information of two lists in nats, from a histogram of `bins` equally filled bins each. Corrected
/// for the occupied cells (Miller, Madow 1955); at least 0. Throws Error when
/// lengths differ.
double mutual_information(std::span<const double> a, std::span<const double> b, Index bins = 20);

/// mutual_information_gap: how much more the best unit says of a factor than the second best, averaged over
/// factors.
///
///   z [N, K] sampled codes     factors [N, F]
///   gap = 1/F sum_f ( I(z_first; f) - I(z_second; f) ) / H(f)        H(f) of the same bins
///
/// Chen, Li, Grosse, Duvenaud 2018. Throws Error when the shapes do not fit or K < 2.
double mutual_information_gap(const Tensor& z, const Tensor& factors, Index bins = 20);

}  // namespace gradus
