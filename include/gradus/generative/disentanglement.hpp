#pragma once
// Whether each unit of a code represents one factor: rank correlation and the mutual-information gap.
//
// Both are computed from *sampled* z, not from the means. In a collapsed model the means are of
// size 1e-4 and still follow the order of a factor, so their correlation would be .67 although the
// code holds no information.
#include <span>
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Spearman's rank correlation of two lists, in [-1, 1]; ties share their ranks.
/// Throws Error when the lengths differ or are below 2.
double rank_correlation(std::span<const double> a, std::span<const double> b);

/// Mutual information of two lists in nats, from a histogram of `bins` equally filled bins per list.
/// Corrected for the number of occupied cells (Miller, Madow 1955); at least 0.
/// Throws Error when the lengths differ.
double mutual_information(std::span<const double> a, std::span<const double> b, Index bins = 20);

/// mutual_information_gap: the information of the best unit about a factor minus that of the second best,
/// relative to the factor's entropy and averaged over factors.
///
///   z [N, K] sampled codes     factors [N, F]
///   gap = 1/F sum_f ( I(z_first; f) - I(z_second; f) ) / H(f)        H(f) from the same bins
///
/// Chen, Li, Grosse, Duvenaud 2018. Throws Error when the shapes do not fit or K < 2.
double mutual_information_gap(const Tensor& z, const Tensor& factors, Index bins = 20);

}  // namespace gradus
