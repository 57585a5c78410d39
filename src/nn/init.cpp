#include "gradus/nn/init.hpp"

#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

Real checked_fan(const char* who, Index fan) {
  GRADUS_CHECK(fan >= 1, who, ": a weight needs at least one input, got ", fan);
  return static_cast<Real>(fan);
}

}  // namespace

Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng) {
  const Real a = 1 / std::sqrt(checked_fan("fan_in_uniform", fan_in));
  return Tensor::uniform(shape, rng, -a, a);
}

}  // namespace gradus
