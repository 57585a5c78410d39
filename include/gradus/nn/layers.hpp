#pragma once
// Layers: ops with their own parameters.
#include <memory>
#include <vector>

#include "gradus/nn/init.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/dropout.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/norm.hpp"

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

/// How a convolution is built.
struct ConvLayerOptions {
  Index size = 3;  ///< the window is size x size
  Index stride = 1, padding = 0, output_padding = 0;
  bool bias = true;
  ConvOptions places() const { return {stride, padding, output_padding}; }
};

/// x [B, H, W, inputs] -> [B, I, J, outputs];  w [outputs, size, size, inputs], b [outputs], both first U(-a,
/// a), a = 1 / (size sqrt(inputs)).
struct Conv2d : Module {
  Conv2d(Module& parent, const std::string& name, Index inputs, Index outputs,
         const ConvLayerOptions& options_in);
  Var operator()(const Var& x) {
    return b.value ? conv2d(x, w, b, options.places()) : conv2d(x, w, options.places());
  }

  ConvLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// x [B, I, J, inputs] -> [B, H, W, outputs];  w [inputs, size, size, outputs], b [outputs], first as above
/// with `outputs` in the place of `inputs`.
struct ConvTranspose2d : Module {
  ConvTranspose2d(Module& parent, const std::string& name, Index inputs, Index outputs,
                  const ConvLayerOptions& options_in);
  Var operator()(const Var& x) {
    return b.value ? conv_transpose2d(x, w, b, options.places()) : conv_transpose2d(x, w, options.places());
  }

  ConvLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// Batch norm with gamma (first 1), beta (first 0), and the running mean and variance as buffers: checkpoints
/// and averages hold them. x [B, H, W, C] or [B, C].
struct BatchNorm : Module {
  BatchNorm(Module& parent, const std::string& name, Index channels);
  Var operator()(const Var& x) {
    return training() ? batch_norm(x, gamma, beta, running) : batch_norm_eval(x, gamma, beta, running);
  }

  Parameter gamma, beta;
  RunningStatistics running;
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
