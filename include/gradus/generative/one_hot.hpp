#pragma once
// Class labels as rows of zeros with a single 1.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// one_hot: one row per label, [B, classes], with 1 at the label and 0 elsewhere.
/// Throws Error for a label out of range.
Tensor one_hot(const std::vector<int>& labels, int classes);

}  // namespace gradus
