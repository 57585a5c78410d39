// Your file for exercise 8. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/gan_step.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     const Optimizer& optimizer, const std::function<Var()>& penalty) {
  // TODO(8.1) One step of D, on the loss
  //   mean losses.real(D(real)) + mean losses.fake(D(G(z))) + penalty()
  // Generate the fakes before the tape begins, and detach() them: they are data here.
  // The tape of this step records no op of G, and G's gradients do not change, even while another tape
  // is in scope. Call D with the real examples and with the fakes in two calls, never in one batch:
  // batch norm would reveal the fakes. Call `penalty` once, while the tape records; it gives [1].
  // It may be empty (test it like a bool): then it counts as 0. `optimizer` owns D's parameters;
  // gradients of an earlier step may still be in them. Return { the loss without the penalty, the penalty }.
  todo("8.1", discriminator, generator, real, z, losses, optimizer, penalty);
}

Real generator_step(const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
                    const GanLosses& losses, const Optimizer& optimizer,
                    const std::function<Var(const Var&)>& extra) {
  // TODO(8.2) One step of G, on the loss
  //   mean losses.generator(D(G(z))) + extra(G(z))
  // The gradient passes through D, but none is stored in D's weights, which `frozen` holds:
  // they are constant during this step, and trainable again after it (Frozen in gradus/nn/module.hpp
  // does both). Gradients that D had before stay unchanged. `optimizer` owns G's parameters;
  // gradients of an earlier step may still be in them. `extra` may be empty (test it like a bool):
  // then it counts as 0; otherwise call it once, with the same G(z), while the tape records; it gives [1].
  // Return the first term alone.
  todo("8.2", discriminator, frozen, generator, z, losses, optimizer, extra);
}

GanLosses minimax_losses(Real label) {
  return {[label](const Var& a) { return minimax_real_loss(a, label); }, minimax_fake_loss,
          saturating_generator_loss};
}
GanLosses non_saturating_losses(Real label) {
  return {[label](const Var& a) { return minimax_real_loss(a, label); }, minimax_fake_loss,
          non_saturating_generator_loss};
}
GanLosses least_squares_losses() {
  return {least_squares_real_loss, least_squares_fake_loss, least_squares_generator_loss};
}

Var difference_penalty(const Network& discriminator, const Tensor& x, const Tensor& u, Real distance) {
  check_same_shape("difference_penalty (x, u)", x, u);
  GRADUS_CHECK(distance > 0, "difference_penalty: the distance must be positive, got ", distance);
  const Tensor moved = zipped(x, u, [distance](Real a, Real b) { return a + distance * b; });
  const Var slope = (discriminator(moved) - discriminator(x)) / distance;
  return square(reshape(slope, {x.dim(0)}));
}

}  // namespace gradus
