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

Tensor he_normal(const Shape& shape, Index fan_in, Rng& rng) {
  return Tensor::randn(shape, rng, 0, std::sqrt(Real(2) / checked_fan("he_normal", fan_in)));
}

Tensor xavier_uniform(const Shape& shape, Index fan_in, Index fan_out, Rng& rng) {
  const Real a = std::sqrt(Real(6) / checked_fan("xavier_uniform", fan_in + fan_out));
  return Tensor::uniform(shape, rng, -a, a);
}

Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng) {
  const Real a = 1 / std::sqrt(checked_fan("fan_in_uniform", fan_in));
  return Tensor::uniform(shape, rng, -a, a);
}

}  // namespace gradus
