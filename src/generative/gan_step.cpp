#include "gradus/generative/gan_step.hpp"

#include "gradus/autograd/tape.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

DiscriminatorLoss discriminator_step(const Network& discriminator, const Network& generator,
                                     const Tensor& real, const Tensor& z, const GanLosses& losses,
                                     const Optimizer& optimizer, const std::function<Var()>& penalty) {
  // [8.1]
  const Var fake = generator(z).detach();  // before the tape and detached: G's output is data here
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
                    const GanLosses& losses, const Optimizer& optimizer,
                    const std::function<Var(const Var&)>& extra) {
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
