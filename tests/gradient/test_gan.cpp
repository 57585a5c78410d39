// Gradients of the adversarial losses and of the difference penalty, in double, at odd shapes.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gradus/autograd/gradcheck.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/p_fake.hpp"

using namespace gradus;

namespace {

using Inputs = std::span<const Var>;

void check(const std::string& name, const std::function<Var(Inputs)>& f, const std::vector<Tensor>& inputs,
           Index probes = 0) {
  const GradcheckResult result = gradcheck(f, inputs, 1e-5, 1, probes);
  CAPTURE(name);
  CAPTURE(result.where);
  CHECK(result.error < 1e-7);
}

}  // namespace

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
    const Index probes = shape.size() > 4096 ? 25 : 0;
    for (const auto& [name, loss] : losses)
      check(
          name, [f = loss](Inputs v) { return f(v[0]); }, {logits}, probes);
    for (const Real label : {Real(1), Real(0.9), Real(0.3)}) {
      check(
          "minimax_real_loss", [=](Inputs v) { return minimax_real_loss(v[0], label); }, {logits}, probes);
      check(
          "p_fake::minimax_real_loss", [=](Inputs v) { return p_fake::minimax_real_loss(v[0], label); },
          {logits}, probes);
    }
  }
}

TEST_CASE("gradients of the difference penalty with respect to the discriminator's weights") {
  Rng rng(22);
  for (const auto& [B, D] : {std::pair<Index, Index>{1, 1}, {5, 2}, {3, 7}}) {
    const Tensor x = Tensor::randn({B, D}, rng), u = Tensor::randn({B, D}, rng);
    const std::vector<Tensor> weights{Tensor::randn({4, D}, rng), Tensor::randn({4}, rng),
                                      Tensor::randn({1, 4}, rng), Tensor::randn({1}, rng)};
    const auto penalty = [&](Inputs w) {
      const Network judge = [&](const Var& a) {
        return linear(gradus::tanh(linear(a, w[0], w[1])), w[2], w[3]);
      };
      return difference_penalty(judge, x, u, Real(0.05));
    };
    check("difference_penalty", penalty, weights);
  }
}
