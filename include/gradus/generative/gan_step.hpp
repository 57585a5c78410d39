#pragma once
// The adversarial game: its two alternating steps.
#include <functional>

#include "gradus/nn/module.hpp"
#include "gradus/ops/gan_losses.hpp"
#include "gradus/optim/optimizer.hpp"

namespace gradus {

/// How a network is called: a generator z -> x, a discriminator x -> logits [B] or [B, 1]. A lambda may add
/// what this call needs: labels, noise on the pictures. A module itself: std::ref(module).
using Network = std::function<Var(const Var&)>;

/// logits -> loss [B], for the three places where the game has one.
struct GanLosses {
  std::function<Var(const Var&)> real, fake, generator;
};
/// The slides' game, min_G max_D; `label` smooths the real side.
GanLosses minimax_losses(Real label = 1);
/// The same D, a generator with a gradient where it needs one: what everybody trains with.
GanLosses non_saturating_losses(Real label = 1);
GanLosses least_squares_losses();
GanLosses hinge_losses();

/// What the discriminator's step found.
struct DiscriminatorLoss {
  Real loss = 0;     ///< batch mean of the real plus batch mean of the fake loss; 2 log 2 when D = 1/2
  Real penalty = 0;  ///< what was added to it
};

/// discriminator_step: D learns to tell real from generated examples; G does not learn.
///
///   real  [B, ..]      z  [B', ..]      minimise  mean real(D(real)) + mean fake(D(G(z))) + penalty()
///
/// G(z) is detached: G's parameters and gradients keep their bits, also gradients that an earlier step has
/// left there. But G runs as it always does: in training mode the running statistics of its batch norms move
/// and its dropouts draw, once a step; under EvalMode neither happens. `penalty` is called while the
/// tape records and gives [1]. `optimizer` owns D's parameters. 6.S191 L4, "Training GANs". Throws Error as
/// the networks, losses and the tape do.
DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     Adam& optimizer, const std::function<Var()>& penalty = {});

/// generator_step: G learns to be taken for real; D does not learn.
///
///   z  [B, ..]         minimise  mean generator(D(G(z))) + extra(G(z))
///
/// The gradient passes through D on its way to G; `frozen` (D's weights) is constant meanwhile. The fakes are
/// new ones: those of the discriminator's step had their gradient cut, and were judged by an older D.
/// `extra`, what else G's examples must satisfy, is called while the tape records and gives [1]. `optimizer`
/// owns G's parameters. Returns the loss without `extra`; log 2 when D = 1/2 and the loss does not saturate.
/// Throws Error as the networks, losses and the tape do.
Real generator_step(const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
                    const GanLosses& losses, Adam& optimizer,
                    const std::function<Var(const Var&)>& extra = {});

/// difference_penalty: how steep D is at x, by a difference instead of a derivative, squared.
///
///   x, u       [B, ..]   points and directions, u ~ N(0, I)
///   penalty_b  [B]       ( (D(x_b + distance u_b) - D(x_b)) / distance )^2
///
/// Its expectation tends to |grad D(x_b)|^2 as distance -> 0 (the zero-centred penalty R1 of Mescheder,
/// Geiger, Nowozin 2018), and it needs first derivatives only. The caller weights it:
///
///     0.1 * mean(difference_penalty(discriminator, real, Tensor::randn(real.shape(), rng)))
///
/// Throws Error when the shapes of x and u differ, or unless distance > 0.
Var difference_penalty(const Network& discriminator, const Tensor& x, const Tensor& u,
                       Real distance = Real(0.05));

}  // namespace gradus
