#pragma once
// The correlation of two angles, for factors that return to their start after a full turn.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// circular_correlation: whether one angle turns with the other, in [-1, 1].
///
///   a, b  [N]  radians      sum_{i<j} sin(a_i - a_j) sin(b_i - b_j)
///                           ----------------------------------------------------------------------
///                           sqrt( sum_{i<j} sin^2(a_i - a_j)  sum_{i<j} sin^2(b_i - b_j) )
///
/// 1 when b = a + constant, -1 when b = constant - a, about 0 when they are independent. Unlike Pearson's
/// correlation it does not depend on where the circle is cut. Computed in O(N). Fisher, Lee 1983. Throws
/// Error when the shapes differ, the rank is not 1, an angle is not finite, or all angles of a or b are equal
/// up to half turns (N < 2 included).
double circular_correlation(const Tensor& a, const Tensor& b);

}  // namespace gradus
