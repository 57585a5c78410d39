#pragma once
// Colours and coverage of the drawn data sets.
#include <algorithm>

#include "gradus/base/real.hpp"

namespace gradus {

struct Paint {
  Real red = 0, green = 0, blue = 0;
};
inline Paint operator*(Real k, Paint p) { return {k * p.red, k * p.green, k * p.blue}; }
inline Paint mix(Paint a, Paint b, Real t) {  // a at t = 0, b at t = 1
  return {a.red + t * (b.red - a.red), a.green + t * (b.green - a.green), a.blue + t * (b.blue - a.blue)};
}

inline Real clamp01(Real x) { return std::min(std::max(x, Real(0)), Real(1)); }

}  // namespace gradus
