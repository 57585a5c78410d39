#pragma once
// Initial weights. fan_in: the number of inputs per output.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// U(-a, a), a = 1 / sqrt(fan_in): the initialisation of PyTorch's layers, for weights and biases.
/// Throws Error when fan_in is below 1.
Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng);

}  // namespace gradus
