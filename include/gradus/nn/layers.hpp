#pragma once
// Layers: ops with their own parameters.
#include <memory>
#include <vector>

#include "gradus/nn/init.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/ops/dropout.hpp"
#include "gradus/ops/linear.hpp"

namespace gradus {

/// x [B, inputs] -> x wT + b [B, outputs];  w [outputs, inputs], b [outputs], both first U(-a, a), a =
/// 1/sqrt(inputs).
struct Linear : Module {
  Linear(Module& parent, const std::string& name, Index inputs, Index outputs)
      : Module(parent, name),
        w(fan_in_uniform({outputs, inputs}, inputs, rng())),
        b(fan_in_uniform({outputs}, inputs, rng())) {
    add_parameter("w", w);
    add_parameter("b", b);
  }
  Var operator()(const Var& x) { return linear(x, w, b); }

  Parameter w, b;
};

/// What stands between two layers: relu, gradus::tanh, sigmoid, softplus ...
using Activation = Var (*)(const Var&);

/// Linear layers of the given sizes with an activation between them, none after the last: {784, 400, 200} is
/// two layers. Throws Error for fewer than two sizes.
struct Mlp : Module {
  Mlp(Module& parent, const std::string& name, const std::vector<Index>& sizes, Activation between);
  Var operator()(const Var& x);

  std::vector<std::unique_ptr<Linear>> layers;
  Activation activation;
};

/// In training, sets each number to zero with the given probability and scales the others up; in evaluation,
/// nothing.
struct Dropout : Module {
  Dropout(Module& parent, const std::string& name, Real probability_in)
      : Module(parent, name), probability(probability_in), noise(rng().split(rng().below(~0ull))) {
    add_generator("noise", noise);
  }
  Var operator()(const Var& x) { return training() ? dropout(x, probability, noise) : x; }

  Real probability;
  Rng noise;  // split off by a drawn number: layers of one name in different modules must not drop alike
};

}  // namespace gradus
