#pragma once
// descend: one step of training.
#include <functional>

#include "gradus/autograd/var.hpp"
#include "gradus/optim/optimizer.hpp"

namespace gradus {

/// One gradient step: records the loss on a new tape, runs backward and updates the optimizer's parameters.
///
///     const Real loss = descend(adam, [&] { return mean(squared_error(model(x), x)); });
///
/// `loss` is called once and returns a Var of shape [1]. Returns the loss before the step; the parameters
/// keep this step's gradients. 6.S191 L4, "Autoencoders: background": train the model to reconstruct.
/// Throws Error as the tape and the optimizer do.
Real descend(const Optimizer& optimizer, const std::function<Var()>& loss);

}  // namespace gradus
