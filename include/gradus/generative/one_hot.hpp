#pragma once
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// one_hot: the labels alone, one row per example: [B, classes], 1 at the label and 0 elsewhere.
/// Throws Error for a label out of range.
Tensor one_hot(const std::vector<int>& labels, int classes);

}  // namespace gradus
