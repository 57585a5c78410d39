#pragma once
// First weights. fan_in and fan_out: how many inputs an output sees, how many outputs an input reaches.
// All throw Error when there is none.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// N(0, 2 / fan_in): keeps the variance through relu layers. He, Zhang, Ren, Sun 2015.
Tensor he_normal(const Shape& shape, Index fan_in, Rng& rng);
/// U(-a, a), a = sqrt(6 / (fan_in + fan_out)): for tanh, sigmoid and linear layers. Glorot, Bengio 2010.
Tensor xavier_uniform(const Shape& shape, Index fan_in, Index fan_out, Rng& rng);
/// U(-a, a), a = 1 / sqrt(fan_in): what PyTorch's layers start from, for weights and biases.
Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng);

}  // namespace gradus
