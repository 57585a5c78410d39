// Losses, steps and value of the adversarial game compared with closed forms;
// which player learns in which step.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/minimax_game.hpp"
#include "gradus/generative/p_fake.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

using Loss = std::function<Var(const Var&)>;

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }
Real value(const Loss& loss, Real logit) { return loss(Tensor::of({1}, {logit})).item(); }
Real slope(const Loss& loss, Real logit) {
  Parameter a(Tensor::of({1}, {logit}));
  Tape tape;
  tape.backward(loss(a));
  return a.grad.item();
}

Loss real_with_label(Real label) {
  return [label](const Var& a) { return minimax_real_loss(a, label); };
}

/// A small generator or discriminator with the initial weights of its seed.
struct Net : Module {
  Net(Rng& random, const std::vector<Index>& sizes)
      : Module(random), layers(*this, "layers", sizes, gradus::tanh) {}
  Var operator()(const Var& x) { return layers(x); }
  Mlp layers;
};

std::vector<Tensor> copies(Module& module) {
  std::vector<Tensor> out;
  for (Parameter* p : module.parameters()) out.push_back(p->value.clone());
  return out;
}

int changed(Module& module, const std::vector<Tensor>& before) {
  int count = 0;
  const auto now = module.parameters();
  for (std::size_t i = 0; i < now.size(); ++i) count += !same_bits(now[i]->value, before[i]);
  return count;
}

/// z [B, 1, 1, 3] -> images [B, 4, 4, 1]
struct Painter : Module {
  using Module::Module;
  Var operator()(const Var& z) { return gradus::tanh(last(relu(norm(first(z))))); }
  ConvTranspose2d first{*this, "first", 3, 8, {.size = 4, .bias = false}};
  BatchNorm norm{*this, "norm", 8};
  Conv2d last{*this, "last", 8, 1, {.padding = 1}};
};

int with_gradient(Module& module) {
  int count = 0;
  for (Parameter* p : module.parameters()) count += static_cast<bool>(p->grad);
  return count;
}

}  // namespace

TEST_CASE("GAN losses equal their logarithms") {
  for (const Real a : {Real(-3), Real(-0.5), Real(0), Real(1.25), Real(4)}) {
    CAPTURE(a);
    const double d = 1 / (1 + std::exp(-double(a)));
    CHECK(close(value(real_with_label(1), a), -std::log(d), 1e-6));
    CHECK(close(value(real_with_label(Real(0.9)), a), -0.9 * std::log(d) - 0.1 * std::log(1 - d), 2e-6));
    CHECK(close(value(minimax_fake_loss, a), -std::log(1 - d), 2e-6));
    CHECK(close(value(saturating_generator_loss, a), std::log(1 - d), 2e-6));
    CHECK(close(value(non_saturating_generator_loss, a), -std::log(d), 1e-6));
    CHECK(close(value(least_squares_real_loss, a), (a - 1) * (a - 1), 1e-5));
    CHECK(close(value(least_squares_fake_loss, a), a * a, 1e-5));
    CHECK(close(value(least_squares_generator_loss, a), (a - 1) * (a - 1), 1e-5));
    CHECK(close(slope(minimax_fake_loss, a), d, 1e-6));
    CHECK(close(slope(saturating_generator_loss, a), -d, 1e-6));
    CHECK(close(slope(non_saturating_generator_loss, a), d - 1, 1e-6));
    CHECK(close(slope(real_with_label(Real(0.9)), a), d - 0.9, 1e-6));
  }
}

TEST_CASE("GAN losses: [B] and [B, 1] give [B]; other shapes and labels are refused with the op's name") {
  const std::vector<Loss> all{real_with_label(1),
                              minimax_fake_loss,
                              saturating_generator_loss,
                              non_saturating_generator_loss,
                              least_squares_real_loss,
                              least_squares_fake_loss,
                              least_squares_generator_loss,
                              p_fake::minimax_fake_loss,
                              p_fake::saturating_generator_loss};
  for (const Loss& loss : all) {
    const Var flat = loss(Tensor::of({3}, {-1, 0, 2})), column = loss(Tensor::of({3, 1}, {-1, 0, 2}));
    CHECK(flat.shape() == Shape{3});
    CHECK(column.shape() == Shape{3});
    CHECK(same_bits(flat.value(), column.value()));
    Parameter a(Tensor::of({3, 1}, {-1, 0, 2}));
    Tape tape;
    tape.backward(sum(loss(a)));
    CHECK(a.grad.shape() == Shape{3, 1});
    CHECK(message([&] {
            loss(Tensor::zeros({3, 2}));
          }).find("must be [B] or [B, 1], one per example, got [3, 2]") != std::string::npos);
    CHECK_THROWS_AS(loss(Tensor()), Error);
    CHECK_THROWS_AS(loss(Tensor::zeros({2, 1, 1})), Error);
  }
  CHECK(message([] { minimax_real_loss(Tensor::zeros({2}), Real(1.5)); }) ==
        "minimax_real_loss: the label must be in (0, 1], got 1.5");
  CHECK_THROWS_AS(minimax_real_loss(Tensor::zeros({2}), 0), Error);
  CHECK_THROWS_AS(minimax_real_loss(Tensor::zeros({2}), std::numeric_limits<Real>::quiet_NaN()), Error);
}

TEST_CASE("GAN losses stay finite, keep small gradients, and pass on NaN and infinities") {
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  CHECK(value(real_with_label(1), -1000) == 1000);
  CHECK(value(minimax_fake_loss, 1000) == 1000);
  CHECK(value(real_with_label(1), 1000) == 0);
  CHECK(close(slope(real_with_label(1), 20) / -std::exp(-20.0), 1,
              1e-5));  // sigmoid(20) - 1 would be 0 in float
  CHECK(close(slope(non_saturating_generator_loss, 20) / -std::exp(-20.0), 1, 1e-5));
  CHECK(slope(non_saturating_generator_loss, -1000) == -1);
  CHECK(slope(saturating_generator_loss, -1000) == 0);
  CHECK(value(real_with_label(1), infinity) == 0);
  CHECK(value(real_with_label(1), -infinity) == infinity);
  CHECK(value(real_with_label(Real(0.9)), infinity) == infinity);
  CHECK(value(minimax_fake_loss, -infinity) == 0);
  for (const Loss& loss : {real_with_label(1), Loss(minimax_fake_loss), Loss(saturating_generator_loss),
                           Loss(non_saturating_generator_loss), Loss(least_squares_real_loss)})
    CHECK(std::isnan(value(loss, std::numeric_limits<Real>::quiet_NaN())));
}

// Erratum: D is P(real) in the editions of 2020 and P(fake) in those of 2025 and 2026.
TEST_CASE("both label conventions are the same game; mixing them reverses the generator's gradient") {
  Rng rng(4);
  Net judge(rng, {2, 5, 1});
  Parameter fake(Tensor::randn({7, 2}, rng));
  const Tensor real = Tensor::randn({7, 2}, rng, 1);
  struct Gradients {
    std::vector<Tensor> judge;
    Tensor fake;
  };
  const auto gradients = [&](Real sign, const Loss& real_loss, const Loss& fake_loss, const Loss& g_loss) {
    Gradients out;
    zero_grad(judge.parameters());
    {
      Tape tape;
      tape.backward(mean(real_loss(sign * judge(real))) + mean(fake_loss(sign * judge(Var(fake).detach()))));
    }
    for (Parameter* p : judge.parameters()) out.judge.push_back(p->grad.clone());
    fake.grad = Tensor();
    const Frozen frozen{judge};
    Tape tape;
    tape.backward(mean(g_loss(sign * judge(fake))));
    out.fake = fake.grad.clone();
    return out;
  };
  // The network's output is read as the logit of P(real), or its negative as the logit of P(fake).
  for (const bool saturating : {true, false}) {
    const Gradients old = gradients(1, real_with_label(Real(0.9)), minimax_fake_loss,
                                    saturating ? saturating_generator_loss : non_saturating_generator_loss);
    const Gradients recent = gradients(
        -1, [](const Var& a) { return p_fake::minimax_real_loss(a, Real(0.9)); }, p_fake::minimax_fake_loss,
        saturating ? p_fake::saturating_generator_loss : p_fake::non_saturating_generator_loss);
    for (std::size_t i = 0; i < old.judge.size(); ++i) CHECK(same_bits(old.judge[i], recent.judge[i]));
    CHECK(same_bits(old.fake, recent.fake));
  }
  // The newer slide's formulas, written with log D and log(1 - D), D = sigmoid = P(fake).
  const Gradients printed = gradients(
      -1, [](const Var& a) { return -log(1 - reshape(sigmoid(a), {a.dim(0)})); },
      [](const Var& a) { return -log(reshape(sigmoid(a), {a.dim(0)})); },
      [](const Var& a) { return log(reshape(sigmoid(a), {a.dim(0)})); });
  const Gradients ours = gradients(1, real_with_label(1), minimax_fake_loss, saturating_generator_loss);
  for (Index i = 0; i < ours.fake.size(); ++i) CHECK(close(ours.fake[i], printed.fake[i], 1e-6));
  for (std::size_t k = 0; k < ours.judge.size(); ++k)
    for (Index i = 0; i < ours.judge[k].size(); ++i)
      CHECK(close(ours.judge[k][i], printed.judge[k][i], 1e-6));
  // D = P(real) with the newer edition's formula for G:
  // every coordinate of every point moves the opposite way.
  const Gradients mixed =
      gradients(1, real_with_label(1), minimax_fake_loss, p_fake::saturating_generator_loss);
  for (Index i = 0; i < ours.fake.size(); ++i) CHECK(mixed.fake[i] * ours.fake[i] < 0);
}

TEST_CASE("the discriminator's step leaves the generator unchanged, and vice versa") {
  Rng rng(5);
  Net generator(rng, {2, 4, 2}), judge(rng, {2, 4, 1});
  Adam g_adam(generator.parameters()), d_adam(judge.parameters());
  const Tensor real = Tensor::randn({6, 2}, rng), z = Tensor::randn({5, 2}, rng);
  for (const GanLosses& losses :
       {minimax_losses(), minimax_losses(Real(0.9)), non_saturating_losses(), least_squares_losses()}) {
    zero_grad(generator.parameters());
    std::vector<Tensor> g = copies(generator), d = copies(judge);
    const double expected =
        mean(losses.real(judge(real))).item() + mean(losses.fake(judge(generator(z)))).item();
    const DiscriminatorLoss found =
        discriminator_step(std::ref(judge), std::ref(generator), real, z, losses, d_adam,
                           [&] { return 0.5 * mean(square(judge(real))); });
    CHECK(close(found.loss, expected, 1e-6));
    CHECK(found.penalty > 0);
    CHECK(with_gradient(generator) == 0);
    CHECK(changed(generator, g) == 0);
    CHECK(with_gradient(judge) == 4);
    CHECK(changed(judge, d) == 4);

    zero_grad(judge.parameters());
    d = copies(judge);
    const double g_expected = mean(losses.generator(judge(generator(z)))).item();
    CHECK(close(generator_step(std::ref(judge), judge, std::ref(generator), z, losses, g_adam), g_expected,
                1e-6));
    CHECK(changed(judge, d) == 0);
    CHECK(with_gradient(judge) == 0);
    CHECK(changed(generator, g) == 4);
    CHECK(with_gradient(generator) == 4);
    CHECK(!judge.parameters()[0]->frozen());
  }
}

TEST_CASE(
    "the discriminator's step adds nothing to the generator's gradients, but G's batch norm is updated") {
  Rng rng(10);
  Painter generator(rng);
  Net judge(rng, {16, 5, 1});
  const Network discriminator = [&](const Var& x) { return judge(reshape(x, {x.dim(0), 16})); };
  Adam g_adam(generator.parameters()), d_adam(judge.parameters());
  const Tensor real = Tensor::randn({6, 4, 4, 1}, rng), z = Tensor::randn({5, 1, 1, 3}, rng);
  const GanLosses losses = non_saturating_losses();
  generator_step(discriminator, judge, std::ref(generator), z, losses, g_adam);
  REQUIRE(with_gradient(generator) == 5);
  std::vector<Tensor> gradients;
  for (Parameter* p : generator.parameters()) gradients.push_back(p->grad.clone());
  const std::vector<Tensor> values = copies(generator);
  const auto untouched = [&] {
    const auto now = generator.parameters();
    for (std::size_t i = 0; i < now.size(); ++i)
      if (!same_bits(now[i]->grad, gradients[i])) return false;
    return changed(generator, values) == 0;
  };
  const auto step = [&] {
    const std::vector<Tensor> before = copies(judge);
    discriminator_step(discriminator, std::ref(generator), real, z, losses, d_adam);
    CHECK(changed(judge, before) == 4);
  };
  const RunningStatistics& running = generator.norm.running;
  Tensor mean_before = running.mean.clone(), variance_before = running.variance.clone();
  step();
  CHECK(untouched());
  CHECK(!same_bits(running.mean, mean_before));
  CHECK(!same_bits(running.variance, variance_before));
  {
    Tape outer;  // the caller's tape
    step();
    CHECK(untouched());
  }
  mean_before = running.mean.clone(), variance_before = running.variance.clone();
  const EvalMode eval(generator);
  step();
  CHECK(untouched());
  CHECK(same_bits(running.mean, mean_before));
  CHECK(same_bits(running.variance, variance_before));
}

TEST_CASE("the generator's step also minimises the extra term, on the examples that D sees") {
  Rng rng(9);
  Net generator(rng, {2, 4, 2}), judge(rng, {2, 4, 1});
  Adam adam(generator.parameters());
  const Tensor z = Tensor::randn({5, 2}, rng), target = Tensor::randn({5, 2}, rng);
  const GanLosses losses = non_saturating_losses();
  const auto gradient = [&] { return generator.parameters()[0]->grad.clone(); };
  Tensor expected, judged;
  {
    Tape tape;
    const Frozen constant{judge};
    const Var fake = generator(z);
    zero_grad(generator.parameters());
    tape.backward(mean(losses.generator(judge(fake))) + 3 * mean(squared_error(fake, target)));
    expected = gradient();
  }
  const Real loss_alone = mean(losses.generator(judge(generator(z)))).item();
  const Network discriminator = [&](const Var& x) {
    judged = x.value();
    return judge(x);
  };
  const Real loss =
      generator_step(discriminator, judge, std::ref(generator), z, losses, adam, [&](const Var& fake) {
        CHECK(fake.value().data() == judged.data());
        return 3 * mean(squared_error(fake, target));
      });
  CHECK(close(loss, loss_alone, 1e-6));
  for (Index i = 0; i < expected.size(); ++i) CHECK(close(gradient()[i], expected[i], 1e-6));
}

TEST_CASE("the discriminator's step detaches the generator even when its work was recorded by the caller") {
  Rng rng(6);
  Net generator(rng, {1, 3, 1}), judge(rng, {1, 3, 1});
  Adam d_adam(judge.parameters());
  const Tensor z = Tensor::randn({4, 1}, rng);
  Tape outer;  // the caller's tape
  discriminator_step(std::ref(judge), std::ref(generator), z, z, minimax_losses(), d_adam);
  CHECK(with_gradient(generator) == 0);
}

TEST_CASE("D's steps separate real from generated, and G's step raises D's output for the fakes") {
  Rng rng(7);
  Net generator(rng, {1, 8, 1}), judge(rng, {1, 8, 1});
  Adam g_adam(generator.parameters()), d_adam(judge.parameters());
  const Tensor real = Tensor::randn({64, 1}, rng, 2), z = Tensor::randn({64, 1}, rng);
  const auto believed = [&](const Tensor& x) { return mean(sigmoid(judge(x))).item(); };
  for (const GanLosses& losses : {minimax_losses(), non_saturating_losses(), least_squares_losses()}) {
    const Tensor fakes = generator(z).value();
    const Real gap = believed(real) - believed(fakes);
    for (int step = 0; step < 20; ++step)
      discriminator_step(std::ref(judge), std::ref(generator), real, z, losses, d_adam);
    CHECK(believed(real) - believed(fakes) > gap);
    generator_step(std::ref(judge), judge, std::ref(generator), z, losses, g_adam);
    CHECK(believed(generator(z).value()) > believed(fakes));
  }
}

TEST_CASE("the difference penalty of a linear function is its squared slope in the direction") {
  const Tensor w = Tensor::of({1, 2}, {3, -4});
  const Network plane = [&](const Var& x) { return linear(x, w, Tensor::of({1}, {Real(0.5)})); };
  const Tensor x = Tensor::of({3, 2}, {0, 0, 1, -1, 2, Real(0.5)}),
               u = Tensor::of({3, 2}, {1, 0, 0, 2, 1, 1});
  const Var penalty = difference_penalty(plane, x, u);
  CHECK(penalty.shape() == Shape{3});
  for (const auto& [i, expected] : {std::pair<Index, double>{0, 9}, {1, 64}, {2, 1}})
    CHECK(close(penalty.value()[i], expected, 1e-3));
  Rng rng(8);  // averaged over directions: |w|^2
  CHECK(close(
      mean(difference_penalty(plane, Tensor::zeros({200000, 2}), Tensor::randn({200000, 2}, rng))).item(), 25,
      0.3));
  CHECK(message([&] {
          difference_penalty(plane, x, Tensor::zeros({2, 2}));
        }) == "difference_penalty (x, u): the shapes must be equal, got [3, 2] and [2, 2]");
  CHECK_THROWS_AS(difference_penalty(plane, x, u, 0), Error);
}

TEST_CASE("the optimal discriminator, and the value 2 JS - log 4 in both conventions") {
  const Tensor p = Tensor::of({2, 4}, {.5, .3, .2, 0, .25, .25, .25, .25}),
               q = Tensor::of({2, 4}, {.1, .2, .3, .4, .25, .25, .25, .25});
  const Tensor best = optimal_discriminator(p, q);
  for (const auto& [i, expected] : {std::pair<Index, double>{0, 5. / 6}, {1, .6}, {2, .4}, {3, 0}, {4, .5}})
    CHECK(close(best[i], expected, 1e-6));
  CHECK(optimal_discriminator(Tensor::zeros({1, 1}), Tensor::zeros({1, 1})).item() == Real(0.5));
  const Tensor v = game_value(p, q, best), other = game_value(q, p, optimal_discriminator(q, p));
  const Tensor js = js_divergence(p, q).value();
  for (Index b = 0; b < 2; ++b) {
    CHECK(close(v[b], 2 * double(js[b]) - std::log(4.0), 1e-6));
    CHECK(close(v[b], other[b], 1e-6));
  }
  CHECK(close(v[0], -.9433, 5e-5));
  CHECK(close(js[0], .2215, 5e-5));
  CHECK(close(v[1], -std::log(4.0), 1e-6));
  Rng rng(9);  // no other discriminator has a higher value
  for (int trial = 0; trial < 50; ++trial) {
    const Tensor d = Tensor::uniform({2, 4}, rng, Real(0.01), Real(0.99)), worse = game_value(p, q, d);
    CHECK(worse[0] < v[0]);
    CHECK(worse[1] < v[1]);
  }
  const Tensor apart =
      game_value(Tensor::of({1, 2}, {1, 0}), Tensor::of({1, 2}, {0, 1}), Tensor::of({1, 2}, {1, 0}));
  CHECK(apart.item() == 0);  // disjoint distributions: JS = log 2
  CHECK_THROWS_AS(game_value(p, q, Tensor::zeros({2, 3})), Error);
  CHECK_THROWS_AS(optimal_discriminator(p, Tensor::zeros({4, 2})), Error);
}
