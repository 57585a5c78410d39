#include "gradus/nn/init.hpp"

#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {

Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng) {
  GRADUS_CHECK(fan_in >= 1, "fan_in_uniform: a weight needs at least one input, got ", fan_in);
  const Real a = 1 / std::sqrt(static_cast<Real>(fan_in));
  return Tensor::uniform(shape, rng, -a, a);
}

}  // namespace gradus
