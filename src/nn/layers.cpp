#include "gradus/nn/layers.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

Mlp::Mlp(Module& parent, const std::string& name, const std::vector<Index>& sizes, Activation between)
    : Module(parent, name), activation(between) {
  GRADUS_CHECK(sizes.size() >= 2, "Mlp ", name, ": needs at least two sizes, got ", sizes.size());
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    layers.push_back(std::make_unique<Linear>(*this, text("layer", i + 1), sizes[i], sizes[i + 1]));
}

Var Mlp::operator()(const Var& x) {
  Var h = (*layers[0])(x);
  for (std::size_t i = 1; i < layers.size(); ++i) h = (*layers[i])(activation(h));
  return h;
}

Conv2d::Conv2d(Module& parent, const std::string& name, Index inputs, Index outputs,
               const ConvOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({outputs, options.size.height, options.size.width, inputs},
                       inputs * options.size.height * options.size.width, rng())),
      b(options.bias ? fan_in_uniform({outputs}, inputs * options.size.height * options.size.width, rng())
                     : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

ConvTranspose2d::ConvTranspose2d(Module& parent, const std::string& name, Index inputs, Index outputs,
                                 const ConvOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({inputs, options.size.height, options.size.width, outputs},
                       outputs * options.size.height * options.size.width, rng())),
      b(options.bias ? fan_in_uniform({outputs}, outputs * options.size.height * options.size.width, rng())
                     : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

Conv1d::Conv1d(Module& parent, const std::string& name, Index inputs, Index outputs,
               const Conv1dOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({outputs, options.size, inputs}, inputs * options.size, rng())),
      b(options.bias ? fan_in_uniform({outputs}, inputs * options.size, rng()) : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

ConvTranspose1d::ConvTranspose1d(Module& parent, const std::string& name, Index inputs, Index outputs,
                                 const Conv1dOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({inputs, options.size, outputs}, outputs * options.size, rng())),
      b(options.bias ? fan_in_uniform({outputs}, outputs * options.size, rng()) : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

BatchNorm::BatchNorm(Module& parent, const std::string& name, Index channels, const NormOptions& options_in)
    : Module(parent, name),
      options(options_in),
      gamma(options.affine ? Tensor::full({channels}, 1) : Tensor()),
      beta(options.affine ? Tensor::zeros({channels}) : Tensor()),
      running{Tensor::zeros({channels}), Tensor::full({channels}, 1)} {
  if (options.affine) add_parameter("gamma", gamma), add_parameter("beta", beta);
  add_buffer("running_mean", running.mean);
  add_buffer("running_variance", running.variance);
}

GroupNorm::GroupNorm(Module& parent, const std::string& name, Index groups_in, Index channels,
                     const NormOptions& options_in)
    : Module(parent, name),
      groups(groups_in),
      options(options_in),
      gamma(options.affine ? Tensor::full({channels}, 1) : Tensor()),
      beta(options.affine ? Tensor::zeros({channels}) : Tensor()) {
  GRADUS_CHECK(groups >= 1 && channels % groups == 0, "GroupNorm ", name, ": ", channels,
               " channels cannot be divided into ", groups, " groups");
  if (options.affine) add_parameter("gamma", gamma), add_parameter("beta", beta);
}

InstanceNorm::InstanceNorm(Module& parent, const std::string& name, Index channels,
                           const InstanceNormOptions& options_in)
    : Module(parent, name),
      options(options_in),
      gamma(options.affine ? Tensor::full({channels}, 1) : Tensor()),
      beta(options.affine ? Tensor::zeros({channels}) : Tensor()) {
  if (options.affine) add_parameter("gamma", gamma), add_parameter("beta", beta);
  if (!options.running) return;
  running = {Tensor::zeros({channels}), Tensor::full({channels}, 1)};
  add_buffer("running_mean", running.mean);
  add_buffer("running_variance", running.variance);
}

Var InstanceNorm::operator()(const Var& x) {
  const Var g = if_any(gamma), b = if_any(beta);
  if (!options.running) return instance_norm(x, g, b, options.epsilon);
  if (training()) return instance_norm(x, g, b, running, options.epsilon);
  return instance_norm_eval(x, g, b, running, options.epsilon);
}

LayerNorm::LayerNorm(Module& parent, const std::string& name, const Shape& sizes_in,
                     const NormOptions& options_in)
    : Module(parent, name),
      sizes(sizes_in),
      options(options_in),
      gamma(options.affine ? Tensor::full(sizes, 1) : Tensor()),
      beta(options.affine ? Tensor::zeros(sizes) : Tensor()) {
  GRADUS_CHECK(sizes.size() >= 1, "LayerNorm ", name, ": needs at least one element, got the sizes ", sizes);
  if (options.affine) add_parameter("gamma", gamma), add_parameter("beta", beta);
}

Var LayerNorm::operator()(const Var& x) {
  const auto all = x.shape().sizes(), last = sizes.sizes();
  GRADUS_CHECK(all.size() >= last.size() && std::equal(last.rbegin(), last.rend(), all.rbegin()),
               "LayerNorm: x ", x.shape(), " must end in ", sizes);
  GRADUS_CHECK(x.size() > 0, "LayerNorm: x ", x.shape(), " has no numbers");
  const Index K = sizes.size();
  const Var rows = reshape(x, Shape{x.size() / K, K}, "LayerNorm");
  const Var g = options.affine ? reshape(gamma, Shape{K}, "LayerNorm") : Var();
  const Var b = options.affine ? reshape(beta, Shape{K}, "LayerNorm") : Var();
  return reshape(layer_norm(rows, g, b, options.epsilon), x.shape(), "LayerNorm");
}

}  // namespace gradus
