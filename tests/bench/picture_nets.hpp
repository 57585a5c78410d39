#pragma once
// Networks that `bench` and `rank_bench` train, and their batches.
#include <memory>
#include <string>
#include <vector>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

/// Random batches in turn.
struct Pool {
  Pool(Rng& rng, const Shape& shape, Real low = 0, Index count = 8) {
    for (Index i = 0; i < count; ++i) tensors.push_back(Tensor::uniform(shape, rng, low, 1));
  }
  const Tensor& operator()() { return tensors[next++ % tensors.size()]; }
  std::vector<Tensor> tensors;
  std::size_t next = 0;
};

inline constexpr ConvOptions halve{.size = 4, .stride = 2, .padding = 1};
inline constexpr ConvOptions halve_plain{.size = 4, .stride = 2, .padding = 1, .bias = false};
inline constexpr ConvOptions whole_plain{.size = 4, .bias = false};

/// 28 x 28: conv 32, conv 64, 16 latent units, and back; Bernoulli likelihood, batch 128.
struct ConvVae : Module {
  Conv2d c1{*this, "c1", 1, 32, halve}, c2{*this, "c2", 32, 64, halve};
  Linear mu{*this, "mu", 3136, 16}, logvar{*this, "logvar", 3136, 16}, up{*this, "up", 16, 3136};
  ConvTranspose2d t1{*this, "t1", 64, 32, halve}, t2{*this, "t2", 32, 1, halve};
  using Module::Module;
};
/// DCGAN's generator: noise 100 -> 4 x 4 -> ... -> size x size.
struct Generator : Module {
  Generator(Rng& random, const std::vector<Index>& channels, Index colours)
      : Module(random),
        first(*this, "first", 100, channels[0], whole_plain),
        last(*this, "last", channels.back(), colours, halve_plain) {
    for (std::size_t i = 0; i < channels.size(); ++i)
      norms.push_back(std::make_unique<BatchNorm>(*this, "norm" + std::to_string(i), channels[i]));
    for (std::size_t i = 1; i < channels.size(); ++i)
      ups.push_back(std::make_unique<ConvTranspose2d>(*this, "up" + std::to_string(i), channels[i - 1],
                                                      channels[i], halve_plain));
  }
  Var operator()(const Var& z) {
    Var h = relu((*norms[0])(first(z)));
    for (std::size_t i = 0; i < ups.size(); ++i) h = relu((*norms[i + 1])((*ups[i])(h)));
    return gradus::tanh(last(h));
  }
  ConvTranspose2d first, last;
  std::vector<std::unique_ptr<BatchNorm>> norms;
  std::vector<std::unique_ptr<ConvTranspose2d>> ups;
};
struct Discriminator : Module {
  Discriminator(Rng& random, const std::vector<Index>& channels, Index colours)
      : Module(random),
        first(*this, "first", colours, channels[0], halve_plain),
        last(*this, "last", channels.back(), 1, whole_plain) {
    for (std::size_t i = 1; i < channels.size(); ++i) {
      downs.push_back(std::make_unique<Conv2d>(*this, "down" + std::to_string(i), channels[i - 1],
                                               channels[i], halve_plain));
      norms.push_back(std::make_unique<BatchNorm>(*this, "norm" + std::to_string(i), channels[i]));
    }
  }
  Var operator()(const Var& x) {
    Var h = leaky_relu(first(x));
    for (std::size_t i = 0; i < downs.size(); ++i) h = leaky_relu((*norms[i])((*downs[i])(h)));
    const Var y = last(h);
    return reshape(y, {y.shape()[0], 1});
  }
  Conv2d first, last;
  std::vector<std::unique_ptr<Conv2d>> downs;
  std::vector<std::unique_ptr<BatchNorm>> norms;
};

}  // namespace gradus
