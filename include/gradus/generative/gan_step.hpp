#pragma once
// Adversarial training: the two alternating steps.
#include <functional>

#include "gradus/generative/gan_losses.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/optim/descend.hpp"

namespace gradus {

/// A network as a function: a generator z -> x, a discriminator x -> logits [B] or [B, 1]. A lambda can add
/// the other inputs of the call: labels, noise on the images. For a module itself: std::ref(module).
using Network = std::function<Var(const Var&)>;

/// The three losses of adversarial training, each a function logits -> loss [B].
struct GanLosses {
  std::function<Var(const Var&)> real, fake, generator;  ///< D's two losses and G's
};
/// The slides' game, min_G max_D; `label` smooths the loss of real examples.
GanLosses minimax_losses(Real label = 1);
/// The same loss for D, and a generator loss whose gradient does not vanish: the usual choice.
GanLosses non_saturating_losses(Real label = 1);
/// least_squares_real_loss and the other two. Mao et al. 2017.
GanLosses least_squares_losses();

/// The result of discriminator_step.
struct DiscriminatorLoss {
  Real loss = 0;     ///< batch mean of the real loss plus batch mean of the fake loss; 2 log 2 when D = 1/2
  Real penalty = 0;  ///< the value of penalty(), which was added to the minimised loss
};

/// discriminator_step: D is trained to distinguish real from generated examples; G is not changed.
///
///   real  [B, ..]      z  [B', ..]      minimise  mean real(D(real)) + mean fake(D(G(z))) + penalty()
///
/// G(z) is detached: G's parameters keep their bits, and so do gradients that an earlier step has left there.
/// G still runs in its current mode: in training mode the running statistics of its batch norms are updated
/// and its dropouts draw random numbers, once per step; under EvalMode neither happens. `penalty` is called
/// while the tape records and returns a Var of shape [1]. `optimizer` holds D's parameters. 6.S191 L4,
/// "Training GANs". Throws Error as the networks, losses and the tape do.
DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     const Optimizer& optimizer, const std::function<Var()>& penalty = {});

/// generator_step: G is trained so that D classifies its examples as real; D is not changed.
///
///   z  [B, ..]         minimise  mean generator(D(G(z))) + extra(G(z))
///
/// The gradient passes through D to G; `frozen` (the module with D's weights) is constant meanwhile. The step
/// generates new examples: those of the discriminator's step are detached, and an older D classified them.
/// `extra`, an additional term on G's examples, is called while the tape records and returns a Var of shape
/// [1]. `optimizer` holds G's parameters. Returns the loss without `extra`; log 2 when D = 1/2 and the loss
/// does not saturate. Throws Error as the networks, losses and the tape do.
Real generator_step(const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
                    const GanLosses& losses, const Optimizer& optimizer,
                    const std::function<Var(const Var&)>& extra = {});

/// difference_penalty: the squared slope of D at x, by a finite difference instead of a derivative.
///
///   x, u       [B, ..]   points and directions, u ~ N(0, I)
///   penalty_b  [B]       ( (D(x_b + distance u_b) - D(x_b)) / distance )^2
///
/// As distance -> 0 its expectation tends to |grad D(x_b)|^2 (the zero-centred penalty R1 of Mescheder,
/// Geiger, Nowozin 2018); it needs first derivatives only. The caller applies the weight:
///
///     0.1 * mean(difference_penalty(discriminator, real, Tensor::randn(real.shape(), rng)))
///
/// Throws Error when the shapes of x and u differ, or unless distance > 0.
Var difference_penalty(const Network& discriminator, const Tensor& x, const Tensor& u,
                       Real distance = Real(0.05));

}  // namespace gradus
