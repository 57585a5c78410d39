// Your file for exercise 12. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/cycle_step.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus {

CycleGeneratorLoss cycle_generator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                        const CycleWeights& weights, const GanLosses& losses,
                                        const Optimizer& optimizer) {
  // TODO(12.4) One step of G = gan.to_b and F = gan.to_a on the loss
  //   mean losses.generator(D_B(G(a))) + mean losses.generator(D_A(F(b)))
  //   + weights.cycle    ( mean cycle_loss(F(G(a)), a) + mean cycle_loss(G(F(b)), b) )
  //   + weights.identity ( mean identity_loss(G(b), b) + mean identity_loss(F(a), a) )
  // Compute G(a) and F(b) once each and use them for the discriminators and for the way back. If
  // weights.identity is 0, the identity translations are not computed and their losses are 0. Gradients
  // pass through both discriminators, but none is stored in gan.frozen_b and gan.frozen_a, which are
  // trainable again after the step. `optimizer` owns the parameters of both translators; gradients of an
  // earlier step may still be in them. Return the six losses without their weights, in the order of
  // CycleGeneratorLoss, and { G(a), F(b) } detached.
  todo("12.4", gan, a, b, weights, losses, optimizer);
}

CycleDiscriminatorLoss cycle_discriminator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                                const CycleFakes& fakes, const CyclePools& pools,
                                                const GanLosses& losses, const Optimizer& optimizer) {
  // TODO(12.5) One step of D_B = gan.discriminator_b and D_A = gan.discriminator_a on the sum of
  //   loss_b = mean losses.real(D_B(b)) + mean losses.fake(D_B(x))         x: pools.b.draw of fakes.b
  //   loss_a = mean losses.real(D_A(a)) + mean losses.fake(D_A(y))         y: pools.a.draw of fakes.a
  // Draw once from each pool. The fakes are data: they may be on a caller's tape, and no gradient may
  // reach the translators, which are not called. Real and generated examples never share a batch.
  // `optimizer` owns the parameters of both discriminators; gradients of an earlier step may still be in
  // them. Return { loss_b, loss_a }.
  todo("12.5", gan, a, b, fakes, pools, losses, optimizer);
}

}  // namespace gradus
