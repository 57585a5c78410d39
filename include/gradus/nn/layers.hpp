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
#include "gradus/ops/sequence.hpp"

namespace gradus {

/// The parameter, or nothing where a layer was built without it.
inline Var if_any(Parameter& parameter) { return parameter.value ? Var(parameter) : Var(); }

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

/// How a convolution is built: one number for both axes, or {height, width}.
struct ConvLayerOptions {
  Pair size = 3;  ///< of the window
  Pair stride = 1, padding = 0, output_padding = 0;
  bool bias = true;
  bool direct = false;  ///< see ConvOptions
  ConvOptions places() const { return {stride, padding, output_padding, direct}; }
};

/// x [B, H, W, inputs] -> [B, I, J, outputs];  w [outputs, U, V, inputs], b [outputs], both first U(-a, a),
/// a = 1 / sqrt(U V inputs); the window has U x V pixels.
struct Conv2d : Module {
  Conv2d(Module& parent, const std::string& name, Index inputs, Index outputs,
         const ConvLayerOptions& options_in);
  Var operator()(const Var& x) { return conv2d(x, w, if_any(b), options.places()); }

  ConvLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// x [B, I, J, inputs] -> [B, H, W, outputs];  w [inputs, U, V, outputs], b [outputs], first as above
/// with `outputs` in the place of `inputs`.
struct ConvTranspose2d : Module {
  ConvTranspose2d(Module& parent, const std::string& name, Index inputs, Index outputs,
                  const ConvLayerOptions& options_in);
  Var operator()(const Var& x) { return conv_transpose2d(x, w, if_any(b), options.places()); }

  ConvLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// How a convolution of sequences is built.
struct Conv1dLayerOptions {
  Index size = 3;  ///< of the window
  Index stride = 1, padding = 0, output_padding = 0;
  bool bias = true;
  Conv1dOptions places() const { return {stride, padding, output_padding}; }
};

/// x [B, L, inputs] -> [B, J, outputs];  w [outputs, size, inputs], b [outputs], first as Conv2d's.
struct Conv1d : Module {
  Conv1d(Module& parent, const std::string& name, Index inputs, Index outputs,
         const Conv1dLayerOptions& options_in);
  Var operator()(const Var& x) { return conv1d(x, w, if_any(b), options.places()); }

  Conv1dLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// x [B, J, inputs] -> [B, L, outputs];  w [inputs, size, outputs], b [outputs], first as ConvTranspose2d's.
struct ConvTranspose1d : Module {
  ConvTranspose1d(Module& parent, const std::string& name, Index inputs, Index outputs,
                  const Conv1dLayerOptions& options_in);
  Var operator()(const Var& x) { return conv_transpose1d(x, w, if_any(b), options.places()); }

  Conv1dLayerOptions options;
  Parameter w, b;  // b is empty without bias
};

/// Batch norm with gamma (first 1), beta (first 0), and the running mean and variance as buffers: checkpoints
/// and averages hold them. x [B, .., C].
struct BatchNorm : Module {
  BatchNorm(Module& parent, const std::string& name, Index channels, Real epsilon_in = norm_epsilon);
  Var operator()(const Var& x) {
    return training() ? batch_norm(x, gamma, beta, running, epsilon)
                      : batch_norm_eval(x, gamma, beta, running, epsilon);
  }

  Real epsilon;
  Parameter gamma, beta;
  RunningStatistics running;
};

/// How the other norms are built. Defaults as in PyTorch, where instance norm alone has no gamma and beta.
struct NormOptions {
  Real epsilon = norm_epsilon;
  bool affine = true;  ///< with gamma (first 1) and beta (first 0)
};

/// Group norm: `groups` sets of channels, each normalised in each example. x [B, .., C]; gamma, beta [C].
/// Wu, He 2018. Throws Error when the groups do not divide the channels.
struct GroupNorm : Module {
  GroupNorm(Module& parent, const std::string& name, Index groups_in, Index channels,
            const NormOptions& options_in = {});
  Var operator()(const Var& x) { return group_norm(x, groups, if_any(gamma), if_any(beta), options.epsilon); }

  Index groups;
  NormOptions options;
  Parameter gamma, beta;  // empty without affine
};

/// How instance norm is built.
struct InstanceNormOptions {
  Real epsilon = norm_epsilon;
  bool affine = false;   ///< with gamma (first 1) and beta (first 0)
  bool running = false;  ///< remember mean and variance in training (buffers), use them in evaluation
};

/// Instance norm: each channel of each example. x [B, .., C]; gamma, beta [C]. Ulyanov, Vedaldi, Lempitsky
/// 2016.
struct InstanceNorm : Module {
  InstanceNorm(Module& parent, const std::string& name, Index channels,
               const InstanceNormOptions& options_in = {});
  Var operator()(const Var& x);

  InstanceNormOptions options;
  Parameter gamma, beta;  // empty without affine
  RunningStatistics running;
};

/// Layer norm over the last axes, whose sizes are given: x [.., sizes]; gamma, beta [sizes], a number of its
/// own for each element. Ba, Kiros, Hinton 2016. LayerNorm(parent, name, {C}) normalises the channels of each
/// pixel; the op layer_norm normalises a whole picture, with gamma and beta per channel. Throws Error when x
/// does not end in these sizes.
struct LayerNorm : Module {
  LayerNorm(Module& parent, const std::string& name, const Shape& sizes_in,
            const NormOptions& options_in = {});
  Var operator()(const Var& x);

  Shape sizes;
  NormOptions options;
  Parameter gamma, beta;  // empty without affine
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
