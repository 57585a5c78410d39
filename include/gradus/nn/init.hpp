#pragma once
// Initial weights. fan_in: number of inputs per output; fan_out: number of outputs per input.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

// Throws Error when a fan is below 1.
/// N(0, 2 / fan_in): keeps the variance through relu layers. He, Zhang, Ren, Sun 2015.
Tensor he_normal(const Shape& shape, Index fan_in, Rng& rng);
/// U(-a, a), a = sqrt(6 / (fan_in + fan_out)): for tanh, sigmoid and linear layers. Glorot, Bengio 2010.
Tensor xavier_uniform(const Shape& shape, Index fan_in, Index fan_out, Rng& rng);
/// U(-a, a), a = 1 / sqrt(fan_in): the initialisation of PyTorch's layers, for weights and biases.
Tensor fan_in_uniform(const Shape& shape, Index fan_in, Rng& rng);

}  // namespace gradus
