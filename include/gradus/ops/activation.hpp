#pragma once
// Activations. All of any shape, except softmax and log_softmax: over the last axis.
#include "gradus/autograd/var.hpp"

namespace gradus {

Var relu(const Var& x);                                ///< max(x, 0); gradient 0 at 0
Var leaky_relu(const Var& x, Real slope = Real(0.2));  ///< x above 0, slope x below; gradient `slope` at 0
Var sigmoid(const Var& x);                             ///< 1 / (1 + e^-x)
Var tanh(const Var& x);
Var softplus(const Var& x);  ///< log(1 + e^x), finite for every finite x

/// y [.., K] = e^x / sum_k e^x, every row sums to 1.
Var softmax(const Var& x);
/// y [.., K] = x - log sum_k e^x
Var log_softmax(const Var& x);

}  // namespace gradus
