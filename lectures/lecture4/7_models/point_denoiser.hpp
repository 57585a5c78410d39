#pragma once
// The network that turns noise into points, and the settings of the ring of 34_diffusion.
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/embedding.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus::lecture {

/// x [B, D] and t [B] -> [B, D]: an Mlp of x and 32 waves of t.
struct PointDenoiser : Module {
  PointDenoiser(Rng& random, Index D, Index hidden)
      : Module(random), layers(*this, "layers", {D + waves, hidden, hidden, hidden, D}, silu) {}
  Var operator()(const Var& x, const Tensor& t) {
    return layers(concat({x, sinusoidal_embedding(affine(t, 1000, 0), waves)}, 1));
  }
  static constexpr Index waves = 32;

  Mlp layers;
};

namespace ring_recipe {
constexpr Index hidden = 128, T = 100;
constexpr Real scale = Real(1.45);  ///< deviation of the ring's coordinates: the network sees unit variance
constexpr Real clip = Real(1.6);    ///< limit of the predicted data, in the network's units
}  // namespace ring_recipe

}  // namespace gradus::lecture
