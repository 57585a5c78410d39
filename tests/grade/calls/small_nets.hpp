#pragma once
// Small networks with given weights, and what a training step did to them: for the games of
// exercises 8 and 12.
#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "../frame.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"

namespace gradus::grade {

/// 2-3-outputs with these weights, in order.
struct Net : Module {
  Net(Rng& random, Index outputs, const Tensor& weights)
      : Module(random), layers(*this, "layers", {2, 3, outputs}, gradus::tanh) {
    Index at = 0;
    for (Parameter* parameter : parameters())
      for (Real& value : parameter->value.values()) value = weights[at++];
  }
  Var operator()(const Var& x) { return layers(x); }
  Mlp layers;
};

/// All numbers of all parameters, in order; an empty gradient counts as zeros.
inline Tensor flat(Module& net, bool gradients) {
  std::vector<Real> numbers;
  for (Parameter* parameter : net.parameters()) {
    const Tensor& from = gradients ? parameter->grad : parameter->value;
    for (Index i = 0; i < parameter->value.size(); ++i) numbers.push_back(from ? from[i] : Real(0));
  }
  return Tensor::of({static_cast<Index>(numbers.size())}, numbers);
}
/// [1]: number of parameters with a property.
template <class Property>
Tensor count(Module& net, Property has) {
  const std::vector<Parameter*> all = net.parameters();
  return Tensor::full({1}, static_cast<Real>(std::count_if(all.begin(), all.end(), has)));
}
inline Tensor with_gradient(Module& net) {
  return count(net, [](const Parameter* parameter) { return static_cast<bool>(parameter->grad); });
}
inline void give_gradients(Module& net, const Tensor& numbers) {
  Index at = 0;
  for (Parameter* parameter : net.parameters()) {
    parameter->grad = Tensor(parameter->value.shape());
    for (Real& value : parameter->grad.values()) value = numbers[at++];
  }
}

/// Runs it and returns 0, or the reason for an early end: 1 no parameter reaches the loss, 2 the optimizer
/// finds no gradient, 3 a value of another tape, 4 a step between the forward and the backward pass.
template <class Run>
Tensor where_stopped(Run run) {
  try {
    run();
    return Tensor::zeros({1});
  } catch (const NotImplemented&) {
    throw;
  } catch (const std::bad_function_call&) {
    throw Error("the penalty is called although it is empty: test `if (penalty)` first");
  } catch (const Error& error) {
    const std::string_view words = error.what();
    const auto says = [&](std::string_view part) { return words.find(part) != words.npos; };
    if (says("no parameter reaches this loss")) return Tensor::full({1}, 1);
    if (says("no parameter has a gradient")) return Tensor::full({1}, 2);
    if (says("belongs to another tape")) return Tensor::full({1}, 3);
    if (says("was changed after the forward pass")) return Tensor::full({1}, 4);
    throw;
  }
}

}  // namespace gradus::grade
