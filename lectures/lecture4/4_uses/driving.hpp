// A driving net of program 21: image -> steering and brake, what it should do, and its errors on a test set.
#pragma once

#include <cmath>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// x [B, 32, 32, 3] -> conv 12 -> conv 24 (4 x 4, stride 2) -> 64 -> steering, logit of the brake: [B, 2].
struct Driver : Module {
  Conv2d first{*this, "first", 3, 12, {.size = 4, .stride = 2, .padding = 1}};
  Conv2d second{*this, "second", 12, 24, {.size = 4, .stride = 2, .padding = 1}};
  Linear hidden{*this, "hidden", 24 * 64, 64}, out{*this, "out", 64, 2};
  using Module::Module;
  Var operator()(const Var& x) {
    return out(relu(hidden(reshape(relu(second(relu(first(x)))), {x.dim(0), 24 * 64}))));
  }
};

/// What a good driver does: the bend as steering, and the brake for a person: [N] each.
struct Wanted {
  Tensor steering, brake;
  explicit Wanted(const Tensor& factors) : steering({factors.dim(0)}), brake({factors.dim(0)}) {
    for (Index i = 0; i < factors.dim(0); ++i)
      steering[i] = factors[4 * i + 1], brake[i] = factors[4 * i + 2] == 1 ? Real(1) : Real(0);
  }
};

/// What a driver does on a test set: [N] each.
struct Drive {
  Tensor brake;     // probability
  Tensor absolute;  // error of the steering plus error of the brake's probability
  Tensor squared;   // the sum of their squares
  Drive() = default;
  Drive(Driver& driver, const Roads& roads)
      : brake({roads.data.size()}), absolute({roads.data.size()}), squared({roads.data.size()}) {
    const Wanted wanted(roads.factors);
    const Tensor y = latent_means(
        driver, [&](const Tensor& x) { return driver(x); }, roads.data.images);
    for (Index i = 0; i < y.dim(0); ++i) {
      brake[i] = 1 / (1 + std::exp(-y[2 * i + 1]));
      const Real steering = y[2 * i] - wanted.steering[i], braking = brake[i] - wanted.brake[i];
      absolute[i] = std::abs(steering) + std::abs(braking);
      squared[i] = steering * steering + braking * braking;
    }
  }
};

}  // namespace gradus::lecture
