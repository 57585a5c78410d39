#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/optim/optimizer.hpp"
#include "gradus/optim/schedule.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

/// Two parameters, one longer than a chunk (8192)
/// and than the threshold of a parallel region, and their gradients.
struct Problem {
  Parameter small, large;
  Rng rng{1};
  Problem() : small(Tensor({7})), large(Tensor({3, 9001})) {
    for (Parameter* p : all()) rng.fill_normal(p->value.values());
  }
  std::vector<Parameter*> all() { return {&small, &large}; }
  /// Gradients of very different magnitudes, new for every step.
  void draw_gradients() {
    for (Parameter* p : all()) {
      p->grad = Tensor::randn(p->value.shape(), rng);
      const Real sizes[] = {Real(1e-4), Real(1e-3), Real(1e-2), Real(0.1), 1, 10, 100};
      for (Index i = 0; i < p->grad.size(); ++i) p->grad[i] *= sizes[i % 7];
    }
  }
};

/// The published algorithm for one number, in double: takes (step from 1, number,
/// gradient) and keeps its own state.
using Rule = std::function<double(int, double, double)>;

/// Runs `steps` steps of the optimizer and of the rule in parallel on every 13th number.
/// Returns the largest difference, relative to the largest magnitude of the number.
/// With `in_step`, every step of the rule starts from the optimizer's numbers.
template <class Optimizer>
double drift(Problem& problem, Optimizer& optimizer, int steps, const std::function<Rule()>& make_rule,
             bool in_step) {
  struct Watched {
    Parameter* parameter;
    Index i;
    Rule rule;
    double expected, scale;
  };
  std::vector<Watched> all;
  for (Parameter* p : problem.all())
    for (Index i = 0; i < p->value.size(); i += 13) all.push_back({p, i, make_rule(), p->value[i], 0.01});
  double worst = 0;
  for (int step = 1; step <= steps; ++step) {
    problem.draw_gradients();
    for (Watched& w : all)
      w.expected = w.rule(step, in_step ? w.parameter->value[w.i] : w.expected, w.parameter->grad[w.i]);
    optimizer.step();
    for (Watched& w : all) {
      w.scale = std::max(w.scale, std::abs(w.expected));
      worst = std::max(worst, std::abs(w.parameter->value[w.i] - w.expected) / w.scale);
    }
  }
  return worst;
}

constexpr double unit = std::numeric_limits<Real>::epsilon();

Rule adam_rule(double lr, double beta1, double beta2, double eps) {
  return [=, m = 0.0, v = 0.0](int t, double p, double g) mutable {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double m_hat = m / (1 - std::pow(beta1, t)), v_hat = v / (1 - std::pow(beta2, t));
    return p - lr * m_hat / (std::sqrt(v_hat) + eps);
  };
}

/// Runs an optimizer of one parameter with the given gradients.
template <class Optimizer>
std::vector<Real> path(Parameter& p, Optimizer& optimizer, const std::vector<Real>& gradients) {
  std::vector<Real> out;
  for (const Real g : gradients) {
    p.grad = Tensor::full(p.value.shape(), g);
    optimizer.step();
    out.push_back(p.value[0]);
  }
  return out;
}

/// Every optimizer leaves parameters without a gradient unchanged, gives an error if no parameter has one,
/// and continues from a loaded state without difference.
template <class Optimizer>
void check_habits(const std::string& name, const std::function<Optimizer(std::vector<Parameter*>)>& make) {
  CAPTURE(name);
  Parameter a(Tensor::of({2}, {1, 2})), b(Tensor::of({2}, {3, 4}));
  Optimizer optimizer = make({&a, &b});
  CHECK(contains(message([&] { optimizer.step(); }), name + "::step: no parameter has a gradient"));
  CHECK(numbers(a.value) == std::vector<Real>{1, 2});
  a.grad = Tensor::of({2}, {1, -1});
  optimizer.step();
  CHECK(numbers(b.value) == std::vector<Real>{3, 4});
  CHECK(a.value[0] < 1);
  CHECK(a.value[1] > 2);
  CHECK(!b.grad);

  Parameter c(Tensor::of({2}, {1, 2})), d(Tensor::of({2}, {3, 4}));
  Optimizer fresh = make({&c, &d});  // a failed step changes nothing
  c.grad = Tensor::of({2}, {1, -1});
  fresh.step();
  CHECK(numbers(c.value) == numbers(a.value));

  Parameter e(a.value.clone()), f(b.value.clone());
  Optimizer loaded = make({&e, &f});
  const State from = optimizer.state(), to = loaded.state();
  REQUIRE(from.tensors.size() == to.tensors.size());
  for (std::size_t i = 0; i < from.tensors.size(); ++i) {
    CHECK(from.tensors[i].first == to.tensors[i].first);
    Tensor target = to.tensors[i].second;
    target.copy_from(from.tensors[i].second);
  }
  for (std::size_t i = 0; i < from.counters.size(); ++i) *to.counters[i].second = *from.counters[i].second;
  a.grad = e.grad = Tensor::of({2}, {Real(0.3), 2});
  b.grad = f.grad = Tensor::of({2}, {Real(-0.2), 1});
  optimizer.step();
  loaded.step();
  CHECK(numbers(a.value) == numbers(e.value));
  CHECK(numbers(b.value) == numbers(f.value));

  optimizer.zero_grad();
  CHECK(!a.grad);
  CHECK(!b.grad);
  a.value.fill(1);
  a.grad = Tensor::full({2}, 1);
  optimizer.lr = 0;  // the rate may be set between steps
  optimizer.step();
  CHECK(numbers(a.value) == std::vector<Real>{1, 1});
}

}  // namespace

TEST_CASE("sgd: hand-computed steps, with and without momentum") {
  Parameter p(Tensor::full({3}, 10));
  Sgd plain({&p}, {.lr = Real(0.5)});
  CHECK(path(p, plain, {1, 2, -4}) == std::vector<Real>{Real(9.5), Real(8.5), Real(10.5)});
  Parameter q(Tensor::full({3}, 10));
  Sgd heavy({&q}, {.lr = Real(0.5), .momentum = Real(0.5)});
  // v = 1, 2.5, -2.75
  CHECK(path(q, heavy, {1, 2, -4}) == std::vector<Real>{Real(9.5), Real(8.25), Real(9.625)});
  CHECK(plain.state().tensors.empty());
  CHECK(heavy.state().tensors.size() == 1);
}

TEST_CASE("sgd with momentum follows its formula for every element of large parameters") {
  Problem problem;
  Sgd sgd(problem.all(), {.lr = Real(0.125), .momentum = Real(0.875)});
  const auto rule = [] {
    return Rule([v = 0.0](int, double p, double g) mutable { return p - 0.125 * (v = 0.875 * v + g); });
  };
  CHECK(drift(problem, sgd, 20, rule, false) < 20 * unit);
}

TEST_CASE("adam: the first step is the rate, whatever the size of the gradient") {
  for (const Real g : {Real(1e-3), Real(1), Real(-1000)}) {
    Parameter p(Tensor::full({1}, 0));
    Adam adam({&p}, {.lr = Real(0.25)});
    CAPTURE(g);
    CHECK(path(p, adam, {g})[0] == doctest::Approx(g > 0 ? -0.25 : 0.25).epsilon(1e-4));
  }
  Parameter p(Tensor::full({1}, 1));
  Adam usual(std::vector<Parameter*>{&p});
  CHECK(usual.lr == Real(1e-3));
}

TEST_CASE("adam follows algorithm 1 of its paper: one step exactly, 100 steps closely") {
  const Real lr = Real(1e-3), beta1 = Real(0.9), beta2 = Real(0.999), eps = Real(1e-8);
  const auto rule = [=] { return adam_rule(lr, beta1, beta2, eps); };
  {
    Problem problem;
    Adam adam(problem.all(), {.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = eps});
    CHECK(drift(problem, adam, 10, rule, true) < 2 * unit);
  }
  {
    Problem problem;
    Adam adam(problem.all(), {.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = eps});
    CHECK(drift(problem, adam, 100, rule, false) < 50 * unit);
  }
  {
    Problem problem;  // other settings: a GAN's, with an eps that matters
    Adam adam(problem.all(), {.lr = Real(2e-3), .beta1 = Real(0.5), .beta2 = Real(0.9), .eps = Real(0.1)});
    const auto gan = [] { return adam_rule(Real(2e-3), Real(0.5), Real(0.9), Real(0.1)); };
    CHECK(drift(problem, adam, 10, gan, true) < 2 * unit);
  }
}

TEST_CASE("AdamW: the weights decay separately from Adam's step, not through its averages") {
  const Real lr = Real(1e-2), decay = Real(0.1);
  const auto rule = [=] {
    const double kept = 1 - double{lr} * double{decay};
    return [=, adam = adam_rule(lr, Real(0.9), Real(0.999), Real(1e-8))](int t, double p, double g) mutable {
      return adam(t, kept * p, g);  // torch.optim.AdamW: p.mul_(1 - lr * weight_decay), then Adam's step
    };
  };
  {
    Problem problem;
    Adam adam(problem.all(), {.lr = lr, .decoupled_weight_decay = decay});
    CHECK(drift(problem, adam, 10, rule, true) < 2 * unit);
  }
  {
    Problem problem;
    Adam adam(problem.all(), {.lr = lr, .decoupled_weight_decay = decay});
    CHECK(drift(problem, adam, 100, rule, false) < 50 * unit);
  }
  Parameter p(Tensor::full({1}, 8)), idle(Tensor::full({1}, 8));
  Adam adam(std::vector<Parameter*>{&p, &idle}, {.lr = Real(0.5), .decoupled_weight_decay = Real(0.5)});
  p.grad = Tensor::zeros({1});
  adam.step();
  CHECK(p.value[0] == 6);  // a gradient of 0: the decay alone, 8 (1 - 0.5 0.5)
  adam.lr = Real(0.25);    // a schedule changes the decay as well
  adam.step();
  CHECK(p.value[0] == Real(5.25));
  CHECK(idle.value[0] == 8);  // no gradient, no decay
}

TEST_CASE("every optimizer meets the common requirements") {
  check_habits<Sgd>("Sgd", [](auto p) { return Sgd(p, {.lr = Real(0.1), .momentum = Real(0.9)}); });
  check_habits<Adam>("Adam", [](auto p) { return Adam(p); });
}

TEST_CASE("the norm of all gradients, and its limit") {
  Parameter a(Tensor::zeros({1})), b(Tensor::zeros({2})), none(Tensor::zeros({5}));
  const std::vector<Parameter*> all{&a, &b, &none};
  CHECK(gradient_norm(all) == 0);
  a.grad = Tensor::of({1}, {2});
  b.grad = Tensor::of({2}, {-6, 9});
  CHECK(gradient_norm(all) == 11);
  CHECK(clip_gradient_norm(all, 11) == 11);
  CHECK(b.grad[1] == 9);
  CHECK(clip_gradient_norm(all, Real(5.5)) == 11);
  CHECK(a.grad[0] == 1);
  CHECK(numbers(b.grad) == std::vector<Real>{-3, Real(4.5)});
  CHECK(!none.grad);
  CHECK(gradient_norm(all) == Real(5.5));
  CHECK(contains(message([&] { clip_gradient_norm(all, 0); }), "clip_gradient_norm"));

  Parameter large(Tensor::zeros({100003}));
  large.grad = Tensor::full({100003}, 3);
  CHECK(gradient_norm({&large}) == doctest::Approx(3 * std::sqrt(100003.0)).epsilon(1e-6));
}

TEST_CASE("schedules at their boundaries") {
  const auto near = [](Real value) { return doctest::Approx(value).epsilon(1e-6); };
  CHECK(linear_decay(0) == 1);
  CHECK(linear_decay(0.25) == near(Real(0.75)));
  CHECK(linear_decay(1, Real(0.1)) == near(Real(0.1)));
  CHECK(linear_decay(2, Real(0.1)) == near(Real(0.1)));
  CHECK(linear_decay(-1, Real(0.1)) == 1);
  CHECK(decay_second_half(0) == 1);
  CHECK(decay_second_half(0.5) == 1);
  CHECK(decay_second_half(0.75) == near(Real(0.51)));
  CHECK(decay_second_half(1) == near(Real(0.02)));
  CHECK(decay_second_half(0.75, Real(0.5)) == near(Real(0.75)));
  CHECK(cosine_decay(0) == 1);
  CHECK(cosine_decay(0.5) == near(Real(0.5)));
  CHECK(cosine_decay(1.0 / 3, Real(0.2)) == near(Real(0.8)));
  CHECK(cosine_decay(1, Real(0.2)) == near(Real(0.2)));
  CHECK(warm_up(0, 10) == 0);
  CHECK(warm_up(3, 10) == near(Real(0.3)));
  CHECK(warm_up(10, 10) == 1);
  CHECK(warm_up(11, 10) == 1);
  CHECK(warm_up(1, 0) == 1);
}

TEST_CASE("averages of a unit that no longer learns end at zero, not as denormal numbers") {
  Parameter p(Tensor::full({64}, 1));
  Adam adam({&p});
  p.grad = Tensor::full({64}, Real(1e-3));
  adam.step();
  for (int step = 0; step < 1200; ++step) {  // 0.9^1200 is about 1e-55, below every float
    p.grad = Tensor::zeros({64});
    adam.step();
  }
  const State state = adam.state();
  for (const auto& [name, tensor] : state.tensors)
    for (const Real value : tensor.values()) {
      const bool zero_or_normal = value == 0 || std::abs(value) >= std::numeric_limits<Real>::min();
      CHECK(zero_or_normal);
      if (sizeof(Real) == sizeof(float) && name == "m0") CHECK(value == 0);
    }
}

TEST_CASE("a parameter that is passed twice is updated once") {
  Parameter once(Tensor::full({4}, 1)), twice(Tensor::full({4}, 1));
  Adam a({&once}), b({&twice, &twice});
  once.grad = Tensor::full({4}, 2), twice.grad = Tensor::full({4}, 2);
  a.step();
  b.step();
  for (Index i = 0; i < 4; ++i) CHECK(once.value[i] == twice.value[i]);
}

TEST_CASE("descend makes one step: old gradients do not count, the gradients of this step remain") {
  Parameter p(Tensor::of({2}, {3, -1}));
  p.grad = Tensor::full({2}, 100);
  Sgd sgd({&p}, {.lr = Real(0.25)});
  int evaluations = 0;
  const auto loss = [&] {
    ++evaluations;
    return sum(square(p));
  };
  CHECK(descend(sgd, loss) == 10);  // the loss before the step
  CHECK(numbers(p.value) == std::vector<Real>{Real(1.5), Real(-0.5)});
  CHECK(numbers(p.grad) == std::vector<Real>{6, -2});
  CHECK(descend(sgd, loss) == Real(2.5));
  CHECK(evaluations == 2);
  CHECK(!Tape::active());
  CHECK(
      contains(message([&] { descend(sgd, [&] { return sum(square(Var(p).detach())); }); }), "no parameter"));
}

TEST_CASE("optimizers refuse rates and averages out of range, at construction and in a step") {
  Parameter p(Tensor::full({2}, 1));
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), inf = std::numeric_limits<Real>::infinity();
  for (const Real wrong : {nan, inf, Real(-0.1)}) {
    CHECK(contains(message([&] { Sgd({&p}, {.lr = wrong}); }), {"Sgd: lr must be"}));
    CHECK(contains(message([&] { Adam({&p}, {.lr = wrong}); }), {"Adam: lr must be"}));
    CHECK(contains(message([&] { Adam({&p}, {.eps = wrong}); }), {"Adam: eps must be"}));
  }
  for (const Real wrong : {nan, Real(1), Real(-0.1)}) {
    CHECK(contains(message([&] { Sgd({&p}, {.momentum = wrong}); }), {"Sgd: momentum must be in [0, 1)"}));
    CHECK(contains(message([&] { Adam({&p}, {.beta1 = wrong}); }), {"Adam: beta1 must be in [0, 1)"}));
    CHECK(contains(message([&] { Adam({&p}, {.beta2 = wrong}); }), {"Adam: beta2 must be in [0, 1)"}));
  }
  Adam adam({&p});
  p.grad = Tensor::full({2}, 1);
  adam.lr = nan;
  CHECK(contains(message([&] { adam.step(); }), {"Adam: lr must be"}));
  CHECK(p.value[0] == 1);
}

TEST_CASE("a replaced parameter is refused with another shape and followed with the same shape") {
  const auto try_all = [](const auto& make) {
    Parameter p(Tensor::full({2}, 1));
    auto optimizer = make(p);
    p.grad = Tensor::full({2}, 1);
    p.value = Tensor::full({5}, 1);
    CHECK(contains(message([&] { optimizer.step(); }), {"::step: parameter 0 is [5], its gradient [2]"}));
    p.grad = Tensor::full({5}, 1);
    CHECK(contains(message([&] { optimizer.step(); }), {"::step: parameter 0 is [5], and was [2]"}));
    p.value = Tensor::full({2}, 1);
    p.grad = Tensor::full({2}, 1);
    optimizer.step();
    CHECK(p.value[0] < 1);
  };
  try_all([](Parameter& p) { return Sgd({&p}, {.momentum = Real(0.9)}); });
  try_all([](Parameter& p) { return Adam({&p}); });

  Parameter p(Tensor::full({2}, 1));
  Tape tape;
  const Var loss = sum(square(p));
  p.value = Tensor::full({3}, 1);
  CHECK(contains(message([&] { tape.backward(loss); }), {"Tape::backward: a parameter was [2]", "[3]"}));
}

TEST_CASE("parameters added later train as in a separate optimizer") {
  const auto try_all = [](const auto& make) {
    Parameter first(Tensor::full({2}, 1)), late(Tensor::full({3}, 1)), alone(Tensor::full({3}, 1));
    auto grown = make(first), own = make(alone);
    for (int step = 0; step < 9; ++step) {
      if (step == 4) grown.add({&first, &late});
      first.grad = Tensor::full({2}, 1);
      if (step >= 4) {
        late.grad = Tensor::full({3}, static_cast<Real>(step));
        alone.grad = late.grad.clone();
        own.step();
      }
      grown.step();
    }
    CHECK(late.value[0] < 1);
    CHECK(same_bits(late.value, alone.value));
    Parameter again(Tensor::full({2}, 1)), more(Tensor::full({3}, 1));
    auto loaded = make(again);  // a checkpoint of the extended optimizer
    loaded.add({&more});
    const State from = grown.state(), to = loaded.state();
    REQUIRE(from.tensors.size() == to.tensors.size());
    REQUIRE(from.counters.size() == to.counters.size());
  };
  try_all([](Parameter& p) { return Sgd({&p}, {.momentum = Real(0.9)}); });
  try_all([](Parameter& p) { return Adam({&p}); });
  Parameter a(Tensor::full({1}, 1)), b(Tensor::full({1}, 1));
  Adam adam({&a});
  a.grad = Tensor::full({1}, 1);
  adam.step();
  adam.add({&b});
  const State state = adam.state();
  REQUIRE(state.counters.size() == 2);
  CHECK(state.counters[1].first == "start1");
  CHECK(*state.counters[1].second == 1);
}
