#pragma once
// Generators and discriminators of points on a line or in a plane.
#include <vector>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"

namespace gradus::lecture {

/// An Mlp as a module of its own: a generator z [B, K] -> x [B, D],
/// or a discriminator x [B, D] -> logits [B, 1].
struct PointNet : Module {
  PointNet(Rng& random, const std::vector<Index>& sizes, Activation between)
      : Module(random), layers(*this, "layers", sizes, between) {}
  Var operator()(const Var& x) { return layers(x); }

  Mlp layers;
};

inline Var leaky(const Var& x) { return leaky_relu(x, Real(0.2)); }

/// P(real) per point: sigmoid(logits), [B].
inline Tensor probability_of_real(PointNet& discriminator, const Tensor& x) {
  return sigmoid(discriminator(x)).value().reshape({x.dim(0)});
}

}  // namespace gradus::lecture
