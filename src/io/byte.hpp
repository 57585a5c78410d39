#pragma once
// What the writers of PNG and GIF share.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gradus/base/real.hpp"

namespace gradus {

/// A value in [0, 1] as a byte; values outside are clipped, a NaN becomes 0.
inline std::uint8_t to_byte(Real value) {
  return static_cast<std::uint8_t>(std::lround((value > 0 ? std::min(value, Real(1)) : Real(0)) * 255));
}

}  // namespace gradus
