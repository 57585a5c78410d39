#pragma once
// How well clusters that were found without labels agree with labels.
#include <vector>

namespace gradus {

/// purity: the share of examples with the most frequent label of their cluster, in (0, 1].
///
///   clusters, labels  N values >= 0       1/N sum_k max_c #{n: cluster_n = k, label_n = c}
///
/// It grows with the number of clusters: 1 when every example is a cluster of its own.
/// Throws Error when the lists differ in length or are empty, or a value is negative.
double purity(const std::vector<int>& clusters, const std::vector<int>& labels);

/// normalised_mutual_information: the information that one list has about the other, relative to the mean of
/// their entropies, in [0, 1]. Symmetric, the same for renamed clusters, and 0 for independent lists.
///
///   2 I(a; b) / (H(a) + H(b))        I = sum_kc p_kc log( p_kc / (p_k p_c) ),  H = - sum_k p_k log p_k
///
/// 1 when both lists are constant, as the two partitions are then equal. Throws Error as purity does.
double normalised_mutual_information(const std::vector<int>& a, const std::vector<int>& b);

}  // namespace gradus
