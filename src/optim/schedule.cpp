#include "gradus/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus {

Real linear_decay(double progress, Real floor) {
  const double t = std::clamp(progress, 0.0, 1.0);
  return static_cast<Real>(1 - t * (1 - floor));
}

Real decay_second_half(double progress, Real floor) { return linear_decay(2 * progress - 1, floor); }

Real cosine_decay(double progress, Real floor) {
  const double t = std::clamp(progress, 0.0, 1.0);
  return static_cast<Real>(floor + (1 - floor) * 0.5 * (1 + std::cos(std::numbers::pi * t)));
}

Real warm_up(std::uint64_t step, std::uint64_t steps) {
  return step >= steps ? Real(1) : static_cast<Real>(step) / static_cast<Real>(steps);
}

}  // namespace gradus
