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

/// The parameter, or an empty Var where a layer was built without it.
inline Var if_any(Parameter& parameter) { return parameter.value ? Var(parameter) : Var(); }

/// Fully connected layer: x [B, inputs] -> x wT + b [B, outputs].
/// w [outputs, inputs] and b [outputs] start as U(-a, a) with a = 1/sqrt(inputs).
struct Linear : Module {
  Linear(Module& parent, const std::string& name, Index inputs, Index outputs)
      : Module(parent, name),
        w(fan_in_uniform({outputs, inputs}, inputs, rng())),
        b(fan_in_uniform({outputs}, inputs, rng())) {
    add_parameter("w", w);
    add_parameter("b", b);
  }
  Var operator()(const Var& x) { return linear(x, w, b); }

  Parameter w, b;  ///< weights and bias
};

/// The function between two layers: relu, gradus::tanh, sigmoid, softplus ...
using Activation = Var (*)(const Var&);

/// Linear layers of the given sizes with an activation between them and none after the last: {784, 400, 200}
/// has two layers. x [B, sizes.front()] -> [B, sizes.back()]. Throws Error for fewer than two sizes.
struct Mlp : Module {
  Mlp(Module& parent, const std::string& name, const std::vector<Index>& sizes, Activation between);
  Var operator()(const Var& x);

  std::vector<std::unique_ptr<Linear>> layers;  ///< one per pair of sizes
  Activation activation;                        ///< between two layers
};

/// Convolution layer: x [B, H, W, inputs] -> [B, I, J, outputs], see conv2d. With a window of U x V pixels,
/// w [outputs, U, V, inputs] and b [outputs] start as U(-a, a) with a = 1 / sqrt(U V inputs).
struct Conv2d : Module {
  Conv2d(Module& parent, const std::string& name, Index inputs, Index outputs, const ConvOptions& options_in);
  Var operator()(const Var& x) { return conv2d(x, w, if_any(b), options); }

  ConvOptions options;
  Parameter w, b;  ///< weights and bias; b is empty without bias
};

/// Transposed convolution layer: x [B, I, J, inputs] -> [B, H, W, outputs], see conv_transpose2d.
/// w [inputs, U, V, outputs] and b [outputs] start as U(-a, a) with a = 1 / sqrt(U V outputs).
struct ConvTranspose2d : Module {
  ConvTranspose2d(Module& parent, const std::string& name, Index inputs, Index outputs,
                  const ConvOptions& options_in);
  Var operator()(const Var& x) { return conv_transpose2d(x, w, if_any(b), options); }

  ConvOptions options;
  Parameter w, b;  ///< weights and bias; b is empty without bias
};

/// x [B, L, inputs] -> [B, J, outputs], see conv1d.
/// w [outputs, size, inputs], b [outputs] start as in Conv2d.
struct Conv1d : Module {
  Conv1d(Module& parent, const std::string& name, Index inputs, Index outputs,
         const Conv1dOptions& options_in);
  Var operator()(const Var& x) { return conv1d(x, w, if_any(b), options); }

  Conv1dOptions options;
  Parameter w, b;  ///< weights and bias; b is empty without bias
};

/// x [B, J, inputs] -> [B, L, outputs], see conv_transpose1d.
/// w [inputs, size, outputs], b [outputs] start as in ConvTranspose2d.
struct ConvTranspose1d : Module {
  ConvTranspose1d(Module& parent, const std::string& name, Index inputs, Index outputs,
                  const Conv1dOptions& options_in);
  Var operator()(const Var& x) { return conv_transpose1d(x, w, if_any(b), options); }

  Conv1dOptions options;
  Parameter w, b;  ///< weights and bias; b is empty without bias
};

/// Options of the norms but instance norm, whose defaults differ, as in PyTorch.
struct NormOptions {
  Real epsilon = norm_epsilon;  ///< added to every variance
  bool affine = true;           ///< with gamma (initially 1) and beta (initially 0)
};

/// Batch norm: x [B, .., C]; gamma [C] starts at 1, beta [C] at 0. The running mean and variance are buffers:
/// checkpoints and averages include them. Ioffe, Szegedy 2015.
struct BatchNorm : Module {
  BatchNorm(Module& parent, const std::string& name, Index channels, const NormOptions& options_in = {});
  Var operator()(const Var& x) {
    const Var g = if_any(gamma), b = if_any(beta);
    return training() ? batch_norm(x, g, b, running, options.epsilon)
                      : batch_norm_eval(x, g, b, running, options.epsilon);
  }

  NormOptions options;
  Parameter gamma, beta;      ///< factor and offset per channel, empty without affine
  RunningStatistics running;  ///< for evaluation
};

/// Group norm: the channels of each example are normalised in `groups` sets. x [B, .., C]; gamma, beta [C].
/// Wu, He 2018. Throws Error when `groups` does not divide the channels.
struct GroupNorm : Module {
  GroupNorm(Module& parent, const std::string& name, Index groups_in, Index channels,
            const NormOptions& options_in = {});
  Var operator()(const Var& x) { return group_norm(x, groups, if_any(gamma), if_any(beta), options.epsilon); }

  Index groups;  ///< number of sets
  NormOptions options;
  Parameter gamma, beta;  ///< factor and offset; empty without affine
};

/// Options of instance norm.
struct InstanceNormOptions {
  Real epsilon = norm_epsilon;  ///< added to every variance
  bool affine = false;          ///< with gamma (initially 1) and beta (initially 0)
  bool running = false;         ///< track mean and variance in training (buffers), use them in evaluation
};

/// Instance norm: normalises each channel of each example. x [B, .., C]; gamma, beta [C].
/// Ulyanov, Vedaldi, Lempitsky 2016.
struct InstanceNorm : Module {
  InstanceNorm(Module& parent, const std::string& name, Index channels,
               const InstanceNormOptions& options_in = {});
  Var operator()(const Var& x);

  InstanceNormOptions options;
  Parameter gamma, beta;      ///< factor and offset; empty without affine
  RunningStatistics running;  ///< for evaluation
};

/// Layer norm over the last axes, whose sizes are given: x [.., sizes]; gamma, beta [sizes], one value per
/// element. Ba, Kiros, Hinton 2016. LayerNorm(parent, name, {C}) normalises the channels of each pixel; the
/// op layer_norm normalises a whole image, with gamma and beta per channel.
/// Throws Error when x does not end in these sizes.
struct LayerNorm : Module {
  LayerNorm(Module& parent, const std::string& name, const Shape& sizes_in,
            const NormOptions& options_in = {});
  Var operator()(const Var& x);

  Shape sizes;  ///< of the last axes
  NormOptions options;
  Parameter gamma, beta;  ///< factor and offset; empty without affine
};

/// In training, sets each element to zero with the given probability and scales the others up.
/// In evaluation, returns x. Any shape; see dropout.
struct Dropout : Module {
  Dropout(Module& parent, const std::string& name, Real probability_in)
      : Module(parent, name), probability(probability_in), noise(rng().split(rng().below(~0ull))) {
    add_generator("noise", noise);
  }
  Var operator()(const Var& x) { return training() ? dropout(x, probability, noise) : x; }

  Real probability;  ///< of a zero
  Rng noise;  ///< split by a random number, so that layers of equal name in other modules drop differently
};

}  // namespace gradus
