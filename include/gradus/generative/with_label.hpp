#pragma once
// The label as part of a network's input: conditional generators, discriminators and VAEs.
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// with_label: appends the label in one-hot encoding to a network's input.
///
///   x       [B, K]             noise, a code, or flat images; gradients pass through it
///   labels  B values           in 0 .. classes - 1
///   out     [B, K + classes]   (x_b0 .. x_b,K-1, 0 .. 0 1 0 .. 0), the 1 at index K + label_b
///
/// 6.S191 L4, "Conditional GANs"; DS542, "Conditional VAEs". A single number would place the label 3 between
/// 2 and 4. Throws Error when the rank of x is not 2, the number of labels differs from the number of rows,
/// or a label is out of range.
Var with_label(const Var& x, const std::vector<int>& labels, int classes);

}  // namespace gradus
