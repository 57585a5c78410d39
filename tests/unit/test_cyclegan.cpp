// CycleGAN: the losses by hand, the pool of earlier fakes, who learns in which step, and a resumed training.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/generative/cycle_step.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/train/trainer.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

/// Examples [B, .., C] -> the same shape.
struct Map : Module {
  Map(Rng& random, Index channels) : Module(random), only(*this, "only", channels, channels) {}
  Var operator()(const Var& x) {
    const Index C = only.w.value.dim(1);
    return reshape(gradus::tanh(only(reshape(x, {x.size() / C, C}))), x.shape());
  }
  Linear only;
};

/// Examples [B, .., C] -> one logit per position.
struct Critic : Module {
  Critic(Rng& random, Index channels) : Module(random), only(*this, "only", channels, 1) {}
  Var operator()(const Var& x) { return only(reshape(x, {x.size() / x.shape()[x.shape().rank() - 1], -1})); }
  Linear only;
};

/// The four networks with their optimizers and pools.
struct Game {
  Game(std::uint64_t seed, const Shape& example, Index capacity = 3)
      : rng(seed),
        to_b(rng, example[example.rank() - 1]),
        to_a(rng, example[example.rank() - 1]),
        d_b(rng, example[example.rank() - 1]),
        d_a(rng, example[example.rank() - 1]),
        pool_b(example, rng.split("pool b"), capacity),
        pool_a(example, rng.split("pool a"), capacity) {}
  static std::vector<Parameter*> both(Module& one, Module& two) {
    std::vector<Parameter*> all = one.parameters();
    for (Parameter* parameter : two.parameters()) all.push_back(parameter);
    return all;
  }
  CycleGan gan() { return {std::ref(to_b), std::ref(to_a), std::ref(d_b), std::ref(d_a), d_b, d_a}; }
  std::vector<Real> weights() {
    std::vector<Real> all;
    for (Module* net : std::initializer_list<Module*>{&to_b, &to_a, &d_b, &d_a})
      for (const Parameter* p : net->parameters())
        all.insert(all.end(), p->value.values().begin(), p->value.values().end());
    return all;
  }
  Rng rng;
  Map to_b, to_a;
  Critic d_b, d_a;
  Adam g_adam{both(to_b, to_a), {.beta1 = Real(0.5)}}, d_adam{both(d_b, d_a), {.beta1 = Real(0.5)}};
  ImagePool pool_b, pool_a;
};

int with_gradient(Module& module) {
  int count = 0;
  for (const Parameter* p : module.parameters()) count += static_cast<bool>(p->grad);
  return count;
}

/// mean |a - b| and mean (a - target)^2 over all elements.
double distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += std::abs(double{a[i]} - double{b[i]});
  return sum / static_cast<double>(a.size());
}
double squares(const Tensor& a, double target) {
  double sum = 0;
  for (const Real value : a.values()) sum += (value - target) * (value - target);
  return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("cycle and identity loss: the mean absolute difference per example, by hand") {
  const Tensor x = Tensor::of({2, 1, 2, 2}, {1, 2, 3, 4, 0, 0, 0, 0});
  Parameter y(Tensor::of({2, 1, 2, 2}, {1, 4, 2, 3, -1, 0, 2, 1}));
  Tape tape;
  const Var loss = cycle_loss(y, x);
  CHECK(numbers(loss.value()) == std::vector<Real>{1, 1});
  CHECK(same_bits(identity_loss(Var(y.value), x).value(), loss.value()));
  tape.backward(sum(loss * Var(Tensor::of({2}, {4, -8}))));
  CHECK(numbers(y.grad) == std::vector<Real>{0, 1, -1, -1, 2, 0, -2, -2});  // 0 where both are equal
}

TEST_CASE("cycle and identity loss refuse other shapes and empty examples under their own names") {
  const auto refused = [](auto loss, const Shape& y, const Shape& x) {
    return message([&] { loss(Var(Tensor::zeros(y)), Tensor::zeros(x)); });
  };
  CHECK(contains(refused(cycle_loss, {2, 3}, {3, 2}), {"cycle_loss", "[2, 3]", "[3, 2]"}));
  CHECK(contains(refused(identity_loss, {2, 3}, {2, 4}), {"identity_loss", "[2, 4]"}));
  CHECK(contains(refused(cycle_loss, {2, 0}, {2, 0}), {"cycle_loss", "no values"}));
  CHECK(numbers(cycle_loss(Var(Tensor::zeros({0, 3})), Tensor::zeros({0, 3})).value()).empty());
  CHECK(std::isnan(cycle_loss(Var(Tensor::of({1}, {std::nanf("")})), Tensor::zeros({1})).item()));
}

TEST_CASE("image pool: fills first, then returns old examples in half of the draws, never a new one as old") {
  ImagePool pool({2}, Rng(3), 5);
  std::vector<Real> stored;
  Index old = 0, number = 0;
  for (; number < 5; ++number) {
    const Tensor in = Tensor::full({1, 2}, static_cast<Real>(number));
    CHECK(same_bits(pool.draw(in), in));
    stored.push_back(static_cast<Real>(number));
    CHECK(pool.size() == number + 1);
  }
  constexpr Index draws = 4000;
  for (; number < draws; ++number) {
    const Tensor in = Tensor::full({1, 2}, static_cast<Real>(number)), out = pool.draw(in);
    CHECK(out[0] == out[1]);
    if (out[0] == in[0]) continue;
    const auto place = std::find(stored.begin(), stored.end(), out[0]);
    REQUIRE(place != stored.end());  // in the pool, and once only: the new example has replaced it
    *place = in[0];
    ++old;
  }
  CHECK(std::abs(static_cast<double>(old) / draws - 0.5) < 0.03);
  CHECK(pool.size() == 5);
}

TEST_CASE("image pool: batches, buffers, capacity 0, state, refusals") {
  const Tensor batch = Tensor::of({3, 1, 2}, {1, 2, 3, 4, 5, 6});
  ImagePool none({1, 2}, Rng(1), 0), first({1, 2}, Rng(1), 2), second({1, 2}, Rng(9), 2);
  CHECK(same_bits(none.draw(batch), batch));
  CHECK_FALSE(none.draw(batch).shares(batch));
  for (int i = 0; i < 4; ++i) first.draw(batch);
  const State from = first.state();
  State to = second.state();
  for (std::size_t i = 0; i < from.tensors.size(); ++i)
    to.tensors[i].second.copy_from(from.tensors[i].second);
  for (std::size_t i = 0; i < from.counters.size(); ++i) *to.counters[i].second = *from.counters[i].second;
  for (int i = 0; i < 20; ++i) CHECK(same_bits(first.draw(batch), second.draw(batch)));
  CHECK(numbers(batch) == std::vector<Real>{1, 2, 3, 4, 5, 6});
  CHECK(contains(message([&] { first.draw(Tensor::zeros({3, 2, 1})); }), {"ImagePool", "[3, 2, 1]"}));
  CHECK(contains(message([&] { first.draw(Tensor::zeros({2})); }), "ImagePool"));
  CHECK(contains(message([] { ImagePool({2}, Rng(1), -1); }), {"capacity", "-1"}));
  CHECK(contains(message([] { ImagePool({2, 0}, Rng(1)); }), "at least one value"));
  CHECK(contains(message([] { ImagePool({1, 1, 1, 1}, Rng(1)); }), "rank 1 to 3"));
}

TEST_CASE("CycleGAN: the losses of both steps equal their formulas, for pictures and for spectrograms") {
  for (const Shape& example : {Shape{4, 3, 2}, Shape{5, 6}}) {
    CAPTURE(example);
    const auto batch = [&](Index B, Rng& rng) {
      return example.rank() == 3 ? Tensor::randn({B, 4, 3, 2}, rng) : Tensor::randn({B, 5, 6}, rng);
    };
    Game game(1, example, 0), twin(1, example, 0);  // twin: the weights before the steps
    Rng rng(2);
    const Tensor a = batch(2, rng), b = batch(3, rng);
    const Tensor fake_b = twin.to_b(a).value(), fake_a = twin.to_a(b).value();
    const CycleGeneratorLoss g = cycle_generator_step(game.gan(), a, b, {.cycle = 10, .identity = 2},
                                                      least_squares_losses(), game.g_adam);
    CHECK(g.game_b == doctest::Approx(squares(twin.d_b(fake_b).value(), 1)));
    CHECK(g.game_a == doctest::Approx(squares(twin.d_a(fake_a).value(), 1)));
    CHECK(g.cycle_a == doctest::Approx(distance(twin.to_a(fake_b).value(), a)));
    CHECK(g.cycle_b == doctest::Approx(distance(twin.to_b(fake_a).value(), b)));
    CHECK(g.identity_b == doctest::Approx(distance(twin.to_b(b).value(), b)));
    CHECK(g.identity_a == doctest::Approx(distance(twin.to_a(a).value(), a)));
    CHECK(same_bits(g.fakes.b.value(), fake_b));
    CHECK(same_bits(g.fakes.a.value(), fake_a));
    const CycleDiscriminatorLoss d = cycle_discriminator_step(
        game.gan(), a, b, g.fakes, {game.pool_b, game.pool_a}, least_squares_losses(), game.d_adam);
    CHECK(d.b == doctest::Approx(squares(twin.d_b(b).value(), 1) + squares(twin.d_b(fake_b).value(), 0)));
    CHECK(d.a == doctest::Approx(squares(twin.d_a(a).value(), 1) + squares(twin.d_a(fake_a).value(), 0)));
  }
}

TEST_CASE("CycleGAN: the gradients of both steps are those of the weighted sums") {
  Game game(7, {4, 2}), twin(7, {4, 2});
  Rng rng(8);
  const Tensor a = Tensor::randn({2, 4, 2}, rng), b = Tensor::randn({3, 4, 2}, rng);
  const GanLosses losses = least_squares_losses();
  const auto same_gradients = [](Module& one, Module& other) {
    const std::vector<Parameter*> p = one.parameters(), q = other.parameters();
    for (std::size_t k = 0; k < p.size(); ++k)
      for (Index i = 0; i < p[k]->value.size(); ++i)
        CHECK(p[k]->grad[i] == doctest::Approx(q[k]->grad[i]).epsilon(1e-4).scale(0.01));
  };
  const CycleGeneratorLoss g =
      cycle_generator_step(game.gan(), a, b, {.cycle = 7, .identity = 3}, losses, game.g_adam);
  {
    Tape tape;
    const Var fake_b = twin.to_b(a), fake_a = twin.to_a(b);
    const Var adversarial = mean(square(twin.d_b(fake_b) - 1)) + mean(square(twin.d_a(fake_a) - 1));
    const Var cycle = mean(abs(twin.to_a(fake_b) - Var(a))) + mean(abs(twin.to_b(fake_a) - Var(b)));
    const Var identity = mean(abs(twin.to_b(b) - Var(b))) + mean(abs(twin.to_a(a) - Var(a)));
    tape.backward(adversarial + 7 * cycle + 3 * identity);
  }
  same_gradients(game.to_b, twin.to_b);
  same_gradients(game.to_a, twin.to_a);
  cycle_discriminator_step(game.gan(), a, b, g.fakes, {game.pool_b, game.pool_a}, losses, game.d_adam);
  for (Module* critic : {static_cast<Module*>(&twin.d_b), static_cast<Module*>(&twin.d_a)})
    for (Parameter* parameter : critic->parameters()) parameter->grad = Tensor();
  Tape tape;
  const Var of_b = mean(square(twin.d_b(b) - 1)) + mean(square(twin.d_b(g.fakes.b)));
  const Var of_a = mean(square(twin.d_a(a) - 1)) + mean(square(twin.d_a(g.fakes.a)));
  tape.backward(of_b + of_a);
  same_gradients(game.d_b, twin.d_b);
  same_gradients(game.d_a, twin.d_a);
}

TEST_CASE("CycleGAN: each step changes its own two networks and leaves no gradient in the others") {
  Game game(3, {2, 2});
  Rng rng(4);
  const Tensor a = Tensor::randn({2, 2, 2}, rng), b = Tensor::randn({2, 2, 2}, rng);
  const std::vector<Real> before = game.weights();
  const auto judges = static_cast<std::ptrdiff_t>(2 * (4 + 2));  // where the discriminators' weights begin
  const Tape callers;                                            // a tape of the caller
  CycleFakes tracked{game.to_b(a), game.to_a(b)};
  REQUIRE(tracked.b.tracked());
  SUBCASE("translators") {
    const CycleGeneratorLoss loss =
        cycle_generator_step(game.gan(), a, b, {}, least_squares_losses(), game.g_adam);
    CHECK_FALSE(loss.fakes.b.tracked());
    CHECK_FALSE(loss.fakes.a.tracked());
    const std::vector<Real> after = game.weights();
    CHECK(std::equal(before.begin() + judges, before.end(), after.begin() + judges));
    CHECK_FALSE(std::equal(before.begin(), before.begin() + judges / 2, after.begin()));
    CHECK_FALSE(std::equal(before.begin() + judges / 2, before.begin() + judges, after.begin() + judges / 2));
    CHECK(with_gradient(game.d_b) + with_gradient(game.d_a) == 0);
    for (const Parameter* p : game.d_b.parameters()) CHECK_FALSE(p->frozen());
  }
  SUBCASE("discriminators") {
    cycle_discriminator_step(game.gan(), a, b, tracked, {game.pool_b, game.pool_a}, least_squares_losses(),
                             game.d_adam);
    const std::vector<Real> after = game.weights();
    CHECK(std::equal(before.begin(), before.begin() + judges, after.begin()));
    CHECK_FALSE(std::equal(before.begin() + judges, before.end(), after.begin() + judges));
    CHECK(with_gradient(game.to_b) + with_gradient(game.to_a) == 0);
    CHECK(game.pool_b.size() == 2);
    CHECK(game.pool_a.size() == 2);
  }
}

TEST_CASE("CycleGAN: without an identity weight the translators run four times, with it six times") {
  Game game(5, {2, 2});
  Index calls = 0;
  CycleGan gan = game.gan();
  gan.to_b = [&](const Var& x) { return ++calls, game.to_b(x); };
  gan.to_a = [&](const Var& x) { return ++calls, game.to_a(x); };
  const Tensor a = Tensor::full({1, 2, 2}, Real(0.1)), b = Tensor::full({1, 2, 2}, Real(0.3));
  const CycleGeneratorLoss loss =
      cycle_generator_step(gan, a, b, {.cycle = 10, .identity = 0}, least_squares_losses(), game.g_adam);
  CHECK(calls == 4);
  CHECK(loss.identity_b == 0);
  CHECK(loss.identity_a == 0);
  cycle_generator_step(gan, a, b, {}, least_squares_losses(), game.g_adam);
  CHECK(calls == 10);
  cycle_discriminator_step(gan, a, b, loss.fakes, {game.pool_b, game.pool_a}, least_squares_losses(),
                           game.d_adam);
  CHECK(calls == 10);
}

TEST_CASE("CycleGAN: a resumed training with pools and four networks has the bits of an uninterrupted one") {
  struct Break {};
  const auto run = [](const std::filesystem::path& folder, bool resume, Index stop_at) {
    Game game(6, {2, 2});
    Session session{"cycle", folder, game.rng, resume, {}};
    Trainer trainer(session, "cycle",
                    {{"to_b", game.to_b},
                     {"to_a", game.to_a},
                     {"d_b", game.d_b},
                     {"d_a", game.d_a},
                     {"g_adam", game.g_adam},
                     {"d_adam", game.d_adam},
                     {"pool_b", game.pool_b},
                     {"pool_a", game.pool_a}},
                    Steps{30, 10});
    while (trainer.next()) {
      if (trainer.step() == stop_at) throw Break();
      const Tensor a = Tensor::randn({2, 2, 2}, game.rng), b = Tensor::randn({2, 2, 2}, game.rng, 1);
      const CycleGeneratorLoss g =
          cycle_generator_step(game.gan(), a, b, {}, least_squares_losses(), game.g_adam);
      cycle_discriminator_step(game.gan(), a, b, g.fakes, {game.pool_b, game.pool_a}, least_squares_losses(),
                               game.d_adam);
    }
    return game.weights();
  };
  const Folder folder;
  const std::vector<Real> whole = run(folder.path / "whole", false, -1);
  CHECK_THROWS_AS(run(folder.path / "parts", false, 17), Break);
  const std::vector<Real> resumed = run(folder.path / "parts", true, -1);
  REQUIRE(whole.size() == resumed.size());
  CHECK(std::memcmp(whole.data(), resumed.data(), whole.size() * sizeof(Real)) == 0);
}
