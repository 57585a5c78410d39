#include "gradus/nn/layers.hpp"

#include "gradus/base/check.hpp"

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
               const ConvLayerOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({outputs, options.size, options.size, inputs}, inputs * options.size * options.size,
                       rng())),
      b(options.bias ? fan_in_uniform({outputs}, inputs * options.size * options.size, rng()) : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

ConvTranspose2d::ConvTranspose2d(Module& parent, const std::string& name, Index inputs, Index outputs,
                                 const ConvLayerOptions& options_in)
    : Module(parent, name),
      options(options_in),
      w(fan_in_uniform({inputs, options.size, options.size, outputs}, outputs * options.size * options.size,
                       rng())),
      b(options.bias ? fan_in_uniform({outputs}, outputs * options.size * options.size, rng()) : Tensor()) {
  add_parameter("w", w);
  if (options.bias) add_parameter("b", b);
}

BatchNorm::BatchNorm(Module& parent, const std::string& name, Index channels)
    : Module(parent, name),
      gamma(Tensor::full({channels}, 1)),
      beta(Tensor::zeros({channels})),
      running{Tensor::zeros({channels}), Tensor::full({channels}, 1)} {
  add_parameter("gamma", gamma);
  add_parameter("beta", beta);
  add_buffer("running_mean", running.mean);
  add_buffer("running_variance", running.variance);
}

}  // namespace gradus
