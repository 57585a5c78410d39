#include "gradus/autograd/tape.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus {

DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     Adam& optimizer, const std::function<Var()>& penalty) {
  // [8.1]
  const Var fake = generator(z).detach();  // before the tape, and cut off: G's work is data here
  Tape tape;
  const Var loss = mean(losses.real(discriminator(real))) + mean(losses.fake(discriminator(fake)));
  const Var extra = penalty ? penalty() : Var(Tensor::zeros({1}));
  optimizer.zero_grad();
  tape.backward(loss + extra);
  optimizer.step();
  return {loss.item(), extra.item()};
  // [end]
}

Real generator_step(const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
                    const GanLosses& losses, Adam& optimizer, const std::function<Var(const Var&)>& extra) {
  // [8.2]
  const Frozen constant{frozen};
  Tape tape;
  const Var fake = generator(z);
  const Var loss = mean(losses.generator(discriminator(fake)));
  optimizer.zero_grad();
  tape.backward(extra ? loss + extra(fake) : loss);
  optimizer.step();
  return loss.item();
  // [end]
}

}  // namespace gradus
