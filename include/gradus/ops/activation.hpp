#pragma once
// Activations. Any shape; softmax and log_softmax work along the last axis.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// relu: sets negative values to 0. Without a nonlinearity a stack of linear layers is one linear layer.
///
///   y = max(x, 0)                NaN stays NaN; the gradient at 0 is 0
///
/// 6.S191 L4, "Autoencoders: background": between the layers of encoder and decoder.
/// Throws Error for an empty Tensor(), as every op does.
struct Relu {
  Tensor y{};  ///< kept for backward
  Tensor forward(const Tensor& x);
  Grads<1> backward(const Tensor& dy) const;
};
Var relu(const Var& x);

Var leaky_relu(const Var& x, Real slope = Real(0.2));  ///< x above 0, slope x below; gradient `slope` at 0
Var sigmoid(const Var& x);                             ///< 1 / (1 + e^-x)
Var tanh(const Var& x);                                ///< (e^x - e^-x) / (e^x + e^-x)
Var softplus(const Var& x);                            ///< log(1 + e^x), finite for every finite x
/// x sigmoid(x), also called swish; NaN at -inf. Elfwing, Uchibe, Doya 2018; Ramachandran, Zoph, Le 2017.
Var silu(const Var& x);

/// y [.., K] = e^x / sum_k e^x: every row sums to 1.
Var softmax(const Var& x);
/// y [.., K] = x - log sum_k e^x
Var log_softmax(const Var& x);

}  // namespace gradus
