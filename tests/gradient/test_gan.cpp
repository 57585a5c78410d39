// Gradients of the adversarial losses and of the difference penalty, in double, at odd shapes.
#include <cmath>
#include <string>
#include <vector>

#include "gradients.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/p_fake.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"

using namespace gradus;

namespace {}  // namespace

TEST_CASE("gradients of the adversarial losses") {
  const std::vector<std::pair<std::string, Var (*)(const Var&)>> losses{
      {"minimax_fake_loss", minimax_fake_loss},
      {"saturating_generator_loss", saturating_generator_loss},
      {"non_saturating_generator_loss", non_saturating_generator_loss},
      {"least_squares_real_loss", least_squares_real_loss},
      {"least_squares_fake_loss", least_squares_fake_loss},
      {"least_squares_generator_loss", least_squares_generator_loss},
      {"p_fake::minimax_fake_loss", p_fake::minimax_fake_loss},
      {"p_fake::saturating_generator_loss", p_fake::saturating_generator_loss},
      {"p_fake::non_saturating_generator_loss", p_fake::non_saturating_generator_loss}};
  Rng rng(21);
  for (const Shape& shape : {Shape{1}, Shape{1, 1}, Shape{7}, Shape{13, 1}, Shape{67}, Shape{16411}}) {
    const Tensor logits = Tensor::randn(shape, rng, 0, 3);
    for (const auto& [name, loss] : losses) check(name, [f = loss](Vars v) { return f(v[0]); }, {logits});
    for (const Real label : {Real(1), Real(0.9), Real(0.3)}) {
      check("minimax_real_loss", [=](Vars v) { return minimax_real_loss(v[0], label); }, {logits});
      check("p_fake::minimax_real_loss", [=](Vars v) { return p_fake::minimax_real_loss(v[0], label); },
            {logits});
    }
  }
}

TEST_CASE("gradients of the difference penalty with respect to the discriminator's weights") {
  Rng rng(22);
  for (const auto& [B, D] : {std::pair<Index, Index>{1, 1}, {5, 2}, {3, 7}}) {
    const Tensor x = Tensor::randn({B, D}, rng), u = Tensor::randn({B, D}, rng);
    const std::vector<Tensor> weights{Tensor::randn({4, D}, rng), Tensor::randn({4}, rng),
                                      Tensor::randn({1, 4}, rng), Tensor::randn({1}, rng)};
    const auto penalty = [&](Vars w) {
      const Network judge = [&](const Var& a) {
        return linear(gradus::tanh(linear(a, w[0], w[1])), w[2], w[3]);
      };
      return difference_penalty(judge, x, u, Real(0.05));
    };
    check("difference_penalty", penalty, weights);
  }
}
