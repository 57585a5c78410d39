#pragma once
// A function of Vars as a call: its value, and the gradients of a weighted sum of it.
#include <memory>
#include <vector>

#include "../calls.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::grade {

/// { y, gradients of sum(slope y) }. An input that y does not depend on has gradient 0.
/// If the shapes of y and slope differ, no gradients are returned.
template <class F>
Tensors value_and_gradients(F f, std::vector<Tensor> inputs, const Tensor& slope) {
  std::vector<std::unique_ptr<Parameter>> leaves;
  for (const Tensor& input : inputs) leaves.push_back(std::make_unique<Parameter>(input));
  Tape tape;
  std::vector<Var> vars;
  for (const auto& leaf : leaves) vars.emplace_back(*leaf);
  const Var y = f(vars);
  Tensors out = {y.value()};
  if (!y.value() || y.shape() != slope.shape()) {
    out.resize(1 + inputs.size());
    return out;
  }
  Var loss = sum(y * Var(slope));
  for (const Var& var : vars) loss = loss + 0 * sum(var);
  tape.backward(loss);
  for (const auto& leaf : leaves) out.push_back(leaf->grad);
  return out;
}

}  // namespace gradus::grade
