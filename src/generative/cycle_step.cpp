#include "gradus/generative/cycle_step.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus {

CycleGeneratorLoss cycle_generator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                        const CycleWeights& weights, const GanLosses& losses,
                                        const Optimizer& optimizer) {
  // [12.4]
  const Frozen constant_b{gan.frozen_b}, constant_a{gan.frozen_a};
  Tape tape;
  const Var fake_b = gan.to_b(a), fake_a = gan.to_a(b);
  const Var game_b = mean(losses.generator(gan.discriminator_b(fake_b))),
            game_a = mean(losses.generator(gan.discriminator_a(fake_a)));
  const Var cycle_a = mean(cycle_loss(gan.to_a(fake_b), a)), cycle_b = mean(cycle_loss(gan.to_b(fake_a), b));
  Var loss = game_b + game_a + weights.cycle * (cycle_a + cycle_b);
  Var identity_b = Tensor::zeros({1}), identity_a = Tensor::zeros({1});
  if (weights.identity > 0) {
    identity_b = mean(identity_loss(gan.to_b(b), b)), identity_a = mean(identity_loss(gan.to_a(a), a));
    loss = loss + weights.identity * (identity_b + identity_a);
  }
  optimizer.zero_grad();
  tape.backward(loss);
  optimizer.step();
  return {game_b.item(),
          game_a.item(),
          cycle_a.item(),
          cycle_b.item(),
          identity_b.item(),
          identity_a.item(),
          {fake_b.detach(), fake_a.detach()}};
  // [end]
}

CycleDiscriminatorLoss cycle_discriminator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                                const CycleFakes& fakes, const CyclePools& pools,
                                                const GanLosses& losses, const Optimizer& optimizer) {
  // [12.5]
  const Tensor fake_b = pools.b.draw(fakes.b.value()), fake_a = pools.a.draw(fakes.a.value());  // constants
  Tape tape;
  const Var loss_b =
      mean(losses.real(gan.discriminator_b(b))) + mean(losses.fake(gan.discriminator_b(fake_b)));
  const Var loss_a =
      mean(losses.real(gan.discriminator_a(a))) + mean(losses.fake(gan.discriminator_a(fake_a)));
  optimizer.zero_grad();
  tape.backward(loss_b + loss_a);
  optimizer.step();
  return {loss_b.item(), loss_a.item()};
  // [end]
}

}  // namespace gradus
