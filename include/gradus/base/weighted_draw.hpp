#pragma once
// Random draws in proportion to weights.
#include <span>
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// weighted_draw: examples drawn with replacement, in proportion to their weights.
///
///   weights   N numbers >= 0 with a positive sum, not necessarily 1
///   uniforms  one number in [0, 1) per draw
///   draw      the first i with  w_0 + .. + w_i > u (w_0 + .. + w_(N-1)): the inverse distribution function
///
/// An example with weight 0 is never drawn. Throws Error when a weight is negative or not finite, the sum is
/// 0, infinite or denormal, or a number of `uniforms` is outside [0, 1).
std::vector<Index> weighted_draw(std::span<const Real> weights, std::span<const Real> uniforms);

}  // namespace gradus
