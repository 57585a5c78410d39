#include "gradus/nn/init.hpp"

#include <cmath>

namespace gradus {

Tensor he_normal(const Shape& shape, Index fan_in, Rng& rng) {
  return Tensor::randn(shape, rng, 0, std::sqrt(Real(2) / static_cast<Real>(fan_in)));
}

Tensor xavier_uniform(const Shape& shape, Index fan_in, Index fan_out, Rng& rng) {
  const Real a = std::sqrt(Real(6) / static_cast<Real>(fan_in + fan_out));
  return Tensor::uniform(shape, rng, -a, a);
}

Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng) {
  const Real a = 1 / std::sqrt(static_cast<Real>(fan_in));
  return Tensor::uniform(shape, rng, -a, a);
}

}  // namespace gradus
