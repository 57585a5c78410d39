// Your file for exercise 8. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/autograd/tape.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus {

DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     Adam& optimizer, const std::function<Var()>& penalty) {
  // TODO(8.1) One step of D, on the loss
  //   mean losses.real(D(real)) + mean losses.fake(D(G(z))) + penalty()
  // Make the fakes before the tape begins, and detach() them: G's work is data here. None of it is on the
  // tape of this step, and G's gradients do not move, also while another tape is in scope. D is given
  // the real ones and the fakes in two calls, never in one batch: with batch norm they would give each other
  // away. `penalty` is called once, while the tape records, and gives [1]; it may be empty (test it like a
  // bool): then it counts 0. `optimizer` owns D's parameters; gradients of an earlier step may still be in
  // them. Return { the loss without the penalty, the penalty }.
  todo("8.1", discriminator, generator, real, z, losses, optimizer, penalty);
}

Real generator_step(const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
                    const GanLosses& losses, Adam& optimizer, const std::function<Var(const Var&)>& extra) {
  // TODO(8.2) One step of G, on the loss
  //   mean losses.generator(D(G(z))) + extra(G(z))
  // The gradient passes through D, but none arrives in D's weights, which `frozen` holds: they are constant
  // during this step, and free again after it (Frozen in gradus/nn/module.hpp does both). Gradients that D
  // had before stay as they are. `optimizer` owns G's parameters; gradients of an earlier step may still be
  // in them. `extra` may be empty (test it like a bool): then it counts 0; otherwise it is called once, with
  // the same G(z), while the tape records, and gives [1]. Return the first term alone.
  todo("8.2", discriminator, frozen, generator, z, losses, optimizer, extra);
}

}  // namespace gradus
