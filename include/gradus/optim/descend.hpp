#pragma once
// descend: one step of training.
#include <functional>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// What a step needs of an optimizer, whichever it is: Sgd, Adam, RmsProp, or one of your own.
struct Optimizer {
  template <class Any>
  requires requires(Any& any) {
    any.zero_grad();
    any.step();
  }
  Optimizer(Any& any) : zero_grad([&any] { any.zero_grad(); }), step([&any] { any.step(); }) {}  // NOLINT
  std::function<void()> zero_grad;  ///< drops all gradients
  std::function<void()> step;       ///< moves the parameters against their gradients
};

/// One step down the loss: records it on a tape of its own, walks back, moves the optimizer's parameters.
///
///     const Real loss = descend(adam, [&] { return mean(squared_error(model(x), x)); });
///
/// `loss` is called once and gives [1]. Returns the loss before the step; the parameters keep this step's
/// gradients. 6.S191 L4, "Autoencoders: background": train the model to reconstruct. Throws Error as the
/// tape and the optimizer do.
Real descend(const Optimizer& optimizer, const std::function<Var()>& loss);

}  // namespace gradus
