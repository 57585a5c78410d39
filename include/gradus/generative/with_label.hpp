#pragma once
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// with_label: what a network is given, and beside it the label as ones and zeros.
///
///   x       [B, K]             noise, a code, or flat pictures; gradients pass through it
///   labels  B of them          0 .. classes - 1
///   out     [B, K + classes]   (x_b0 .. x_b,K-1, 0 .. 0 1 0 .. 0), the 1 at place K + label_b
///
/// 6.S191 L4, "Conditional GANs"; DS542, "Conditional VAEs". As one number the label would say that a 3 lies
/// between a 2 and a 4. Throws Error when the rank of x is not 2, for another number of labels than rows, or
/// for a label out of range.
Var with_label(const Var& x, const std::vector<int>& labels, int classes);

}  // namespace gradus
