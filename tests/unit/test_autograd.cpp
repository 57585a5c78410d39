#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/runtime.hpp"
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

/// dL/dp of a loss that f computes from p, on a separate tape.
template <class F>
std::vector<Real> gradient(Parameter& p, F f) {
  p.grad = {};
  Tape tape;
  tape.backward(f(p));
  return numbers(p.grad);
}

/// A user-defined op: y = x^3, dx = 3 x^2 dy.
struct Cube {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    Tensor y(x.shape());
    for (Index i = 0; i < x.size(); ++i) y[i] = x[i] * x[i] * x[i];
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(x.shape());
    for (Index i = 0; i < x.size(); ++i) dx[i] = 3 * x[i] * x[i] * dy[i];
    return {dx};
  }
};

/// Returns the same buffer, which it also keeps, for both inputs.
struct SharedGradient {
  Tensor kept;
  Tensor forward(const Tensor& a, const Tensor&) { return a.clone(); }
  Grads<2> backward(const Tensor&) const { return {kept, kept}; }
};

/// Its gradient has the wrong shape.
struct WrongShape {
  Tensor forward(const Tensor& x) { return x.clone(); }
  Grads<1> backward(const Tensor& dy) const { return {dy.reshape({dy.size(), 1})}; }
};

/// Returns a gradient for its first input only.
struct FirstOnly {
  Tensor forward(const Tensor& a, const Tensor&) { return a.clone(); }
  Grads<2> backward(const Tensor& dy) const { return {dy, Tensor()}; }
};

/// Records which gradients are requested.
struct Asked {
  std::vector<bool>* asked;
  Tensor forward(const Tensor& a, const Tensor&, const Tensor&) { return a.clone(); }
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const {
    asked->assign(needs.begin(), needs.end());
    return {dy, dy, dy};
  }
};

/// The identity; records the memory in use during the backward pass.
struct Probe {
  std::size_t* live;
  Tensor forward(const Tensor& x) { return x.clone(); }
  Grads<1> backward(const Tensor& dy) const {
    *live = pool_stats().live_bytes;
    return {dy};
  }
};

struct Classifier : Module {
  Linear first{*this, "first", 784, 400}, second{*this, "second", 400, 393}, last{*this, "last", 393, 10};
  Dropout dropout{*this, "dropout", Real(0.1)};
  using Module::Module;
  Var operator()(const Var& x) { return last(dropout(tanh(second(relu(first(x)))))); }
};

/// Trains a small classifier on noise; calls after_step() after every step.
template <class F>
std::vector<Tensor> train(int steps, F after_step) {
  Rng rng(5);
  Classifier classifier(rng);
  Adam adam(classifier.parameters(), {.lr = Real(1e-3)});
  const Tensor x = Tensor::randn({128, 784}, rng), target = Tensor::bernoulli({128, 10}, rng, Real(0.5));
  std::vector<int> labels(128);
  for (int& label : labels) label = static_cast<int>(rng.below(10));
  for (int step = 0; step < steps; ++step) {
    Tape tape;
    const Var y = classifier(x);
    const Var loss = mean(cross_entropy(y, labels)) + mean(bernoulli_nll(y, target));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
    after_step(loss.item());
  }
  std::vector<Tensor> out;
  for (const Parameter* parameter : classifier.parameters()) out.push_back(parameter->value);
  return out;
}

}  // namespace

TEST_CASE("a loss that cannot be differentiated has a message") {
  Parameter p(Tensor::of({3}, {1, 2, 3}));
  const auto backward_twice = [&] {
    Tape tape;
    const Var loss = sum(p);
    tape.backward(loss);
    tape.backward(loss);
  };
  CHECK(contains(message(backward_twice), {"Tape::backward", "already run", "new Tape"}));

  const auto not_a_number = [&] {
    Tape tape;
    tape.backward(square(p));
  };
  CHECK(contains(message(not_a_number), {"Tape::backward", "[1]", "[3]", "mean"}));
  const auto wrong_rank = [&] {
    Tape tape;
    tape.backward(reshape(sum(p), {1, 1}));
  };
  CHECK(contains(message(wrong_rank), {"[1]", "[1, 1]"}));
  const auto unset = [&] {
    Tape tape;
    tape.backward(Var());
  };
  CHECK(contains(message(unset), {"Tape::backward", "[]"}));

  const auto constant = [&] {
    Tape tape;
    tape.backward(sum(Tensor::zeros({3})));
  };
  CHECK(contains(message(constant), {"no parameter reaches"}));
  const auto detached = [&] {
    Tape tape;
    tape.backward(sum(Var(p).detach()));
  };
  CHECK(contains(message(detached), {"no parameter reaches", "detached"}));
  const auto before_the_tape = [&] {
    const Var loss = sum(p);
    Tape tape;
    tape.backward(loss);
  };
  CHECK(contains(message(before_the_tape), {"no parameter reaches", "before the tape"}));
  const auto frozen = [&] {
    p.freeze();
    Tape tape;
    tape.backward(sum(p));
  };
  CHECK(contains(message(frozen), {"no parameter reaches", "frozen"}));
  CHECK(!Tape::active());
}

TEST_CASE("a value of another tape, a tape that has run and a wrong gradient have a message") {
  Parameter p(Tensor::of({3}, {1, 2, 3}));
  const auto after_its_tape = [&] {
    Var y;
    {
      Tape tape;
      y = square(p);
    }
    Tape tape;
    sum(y);
  };
  CHECK(contains(message(after_its_tape), {"sum: ", "[3]", "another tape", "detach"}));
  const auto loss_of_another = [&] {
    Tape outer;
    const Var loss = sum(p);
    Tape inner;
    inner.backward(loss);
  };
  CHECK(contains(message(loss_of_another), {"the loss belongs to another tape"}));
  const auto record_after_backward = [&] {
    Tape tape;
    tape.backward(sum(p));
    square(p);
  };
  CHECK(contains(message(record_after_backward), {"square: ", "already run", "new Tape"}));
  const auto wrong_shape = [&] {
    Tape tape;
    tape.backward(sum(record(WrongShape{}, Var(p))));
  };
  CHECK(contains(message(wrong_shape), {"WrongShape::backward", "gradient 0", "[3, 1]", "[3]"}));
  CHECK(!Tape::active());
}

TEST_CASE("a mistake does not affect the next tape") {
  Parameter p(Tensor::of({2}, {1, 2}));
  CHECK(!message([&] {
           Tape tape;
           tape.backward(sum(square(record(WrongShape{}, Var(p)))));
         }).empty());
  CHECK(gradient(p, [](Parameter& x) { return sum(square(x)); }) == std::vector<Real>{2, 4});
}

TEST_CASE("only parameters that the loss depends on must have the shape of the forward pass") {
  Parameter used(Tensor::of({2}, {1, 2})), idle(Tensor::of({2}, {3, 4}));
  Tape tape;
  const Var loss = sum(square(used)), other = sum(square(idle)), both = loss + other;
  idle.value = Tensor::full({3}, 1);
  CHECK(contains(message([&] { tape.backward(both); }), {"Tape::backward: a parameter was [2]", "[3]"}));
  CHECK(!used.grad);
  tape.backward(loss);
  CHECK(numbers(used.grad) == std::vector<Real>{2, 4});
  CHECK(!idle.grad);
}

TEST_CASE("a user-defined op struct is recorded like the library's") {
  Parameter p(Tensor::of({3}, {1, -2, 3}));
  CHECK(numbers(record(Cube{}, Var(p)).value()) == std::vector<Real>{1, -8, 27});
  CHECK(gradient(p, [](Parameter& x) { return sum(record(Cube{}, Var(x))); }) ==
        std::vector<Real>{3, 12, 27});
  Tape tape;
  const Var y = record(Cube{}, Var(p));
  REQUIRE(tape.steps().size() == 2);
  CHECK(tape.steps()[0].op == "Parameter");
  CHECK(tape.steps()[1].op == "Cube");
  CHECK(tape.steps()[1].inputs == std::vector<int>{0});
  CHECK(tape.steps()[1].shape == Shape{3});
  CHECK(y.tracked());
}

TEST_CASE("gradients add up") {
  Parameter p(Tensor::of({2}, {3, 5}));
  SUBCASE("over the uses of a value") {
    CHECK(gradient(p, [](Parameter& x) {
            const Var y = square(x);
            return sum(y + y * y + 2 * y);  // y^2 + 3 y, y = x^2
          }) == std::vector<Real>{4 * 27 + 18, 4 * 125 + 30});
  }
  SUBCASE("over the uses of a parameter") {
    CHECK(gradient(p, [](Parameter& x) { return sum(square(x)) + sum(7 * Var(x)) + sum(Var(x)); }) ==
          std::vector<Real>{14, 18});
  }
  SUBCASE("when both inputs are the same value") {
    CHECK(gradient(p, [](Parameter& x) { return sum(add(x, x)); }) == std::vector<Real>{2, 2});
    CHECK(gradient(p, [](Parameter& x) { return sum(subtract(x, x)); }) == std::vector<Real>{0, 0});
    CHECK(gradient(p, [](Parameter& x) { return sum(multiply(x, x)); }) == std::vector<Real>{6, 10});
    CHECK(gradient(p, [](Parameter& x) {
            return sum(square(concat({x, x, x}, 0)));
          }) == std::vector<Real>{18, 30});
  }
  SUBCASE("over two tapes, until they are dropped") {
    for (int pass = 1; pass <= 3; ++pass) {
      Tape tape;
      tape.backward(sum(square(p)));
      CHECK(numbers(p.grad) == std::vector<Real>{6 * Real(pass), 10 * Real(pass)});
    }
    zero_grad({&p});
    CHECK(!p.grad);
  }
  SUBCASE("when the loss is the parameter itself") {
    Parameter number(Tensor::of({1}, {4}));
    CHECK(gradient(number, [](Parameter& x) { return Var(x); }) == std::vector<Real>{1});
  }
}

TEST_CASE("no gradient is written to a shared buffer") {
  Parameter a(Tensor::of({2}, {1, 2})), b(Tensor::of({2}, {3, 4}));
  SUBCASE("add hands one buffer to two parameters") {
    for (int pass = 1; pass <= 2; ++pass) {
      Tape tape;
      tape.backward(sum(add(a, b)));
      CHECK(a.grad.data() != b.grad.data());
      CHECK(a.grad.unique());
      CHECK(b.grad.unique());
      CHECK(numbers(a.grad) == std::vector<Real>(2, Real(pass)));
      CHECK(numbers(b.grad) == std::vector<Real>(2, Real(pass)));
    }
  }
  SUBCASE("one of the two receives more") {
    Tape tape;
    const Var u = affine(a, 1, 0), v = affine(b, 1, 0);  // both pass dy on unchanged
    const Var early = 3 * u;                             // visited after the sharing
    const Var y = add(u, v);
    tape.backward(sum(early) + sum(y));
    CHECK(numbers(a.grad) == std::vector<Real>{4, 4});
    CHECK(numbers(b.grad) == std::vector<Real>{1, 1});
  }
  SUBCASE("an op returns what it keeps") {
    const Tensor kept = Tensor::full({2}, 5);
    for (int pass = 1; pass <= 2; ++pass) {
      Tape tape;
      const Var twice = 2 * Var(a);
      tape.backward(sum(twice) + sum(record(SharedGradient{kept}, Var(a), Var(b))));
    }
    CHECK(numbers(kept) == std::vector<Real>{5, 5});
    CHECK(numbers(a.grad) == std::vector<Real>{14, 14});
    CHECK(numbers(b.grad) == std::vector<Real>{10, 10});
  }
  SUBCASE("views of one buffer") {
    Tape tape;
    const Var flat = reshape(a, {2, 1});
    tape.backward(sum(reshape(flat, {2})) + sum(square(flat)) + sum(add(flat, reshape(b, {2, 1}))));
    CHECK(numbers(a.grad) == std::vector<Real>{4, 6});
    CHECK(numbers(b.grad) == std::vector<Real>{1, 1});
  }
}

TEST_CASE("an empty gradient means none; unneeded gradients are not requested") {
  Parameter a(Tensor::of({2}, {1, 2})), b(Tensor::of({2}, {3, 4}));
  {
    Tape tape;
    tape.backward(sum(record(FirstOnly{}, Var(a), Var(b))));
    CHECK(a.grad);
    CHECK(!b.grad);
  }
  std::vector<bool> asked;
  {
    Tape tape;
    tape.backward(sum(record(Asked{&asked}, Var(Tensor::zeros({2})), Var(b), Var(a).detach())));
  }
  CHECK(asked == std::vector<bool>{false, true, false});
  CHECK(numbers(a.grad) == std::vector<Real>{1, 1});
  CHECK(numbers(b.grad) == std::vector<Real>{1, 1});
}

TEST_CASE("detach passes values and no gradient") {
  Parameter p(Tensor::of({2}, {3, 5}));
  CHECK(gradient(p, [](Parameter& x) {
          const Var y = square(x);
          CHECK(y.tracked());
          CHECK(!y.detach().tracked());
          CHECK(y.detach().value().data() == y.value().data());
          return sum(y.detach() * Var(x));
        }) == std::vector<Real>{9, 25});
}

TEST_CASE("Frozen: gradients pass through a module but do not accumulate in it") {
  Rng rng(3);
  struct Two : Module {
    Linear inner{*this, "inner", 3, 4}, outer{*this, "outer", 4, 2};
    using Module::Module;
  } model(rng);
  Parameter x(Tensor::randn({5, 3}, rng));
  const auto run = [&] {
    zero_grad(model.parameters());
    x.grad = {};
    Tape tape;
    tape.backward(sum(square(model.outer(tanh(model.inner(x))))));
    return numbers(x.grad);
  };
  const auto arrived = [&] {
    std::vector<bool> out;
    for (const Parameter* parameter : model.parameters()) out.push_back(static_cast<bool>(parameter->grad));
    return out;
  };
  const std::vector<Real> expected = run();
  CHECK(arrived() == std::vector<bool>{true, true, true, true});
  {
    Frozen all{model};
    CHECK(run() == expected);
    CHECK(arrived() == std::vector<bool>{false, false, false, false});
    {
      Frozen again{model.outer};
      CHECK(run() == expected);
    }
    CHECK(model.outer.w.frozen());  // the outer Frozen is still active
  }
  {
    Frozen part{model.inner};
    CHECK(run() == expected);
    CHECK(arrived() == std::vector<bool>{false, false, true, true});
  }
  CHECK(!model.inner.w.frozen());
  CHECK(run() == expected);
  CHECK(arrived() == std::vector<bool>{true, true, true, true});
}

TEST_CASE("without a tape nothing is recorded or kept") {
  Parameter p(Tensor::full({1000}, 2));
  const std::size_t before = pool_stats().live_bytes;
  {
    Var y = p;
    for (int i = 0; i < 10; ++i) y = sqrt(exp(y) + 1);
    CHECK(!y.tracked());
    CHECK(pool_stats().live_bytes - before < 2 * 1000 * sizeof(Real));
  }
  CHECK(pool_stats().live_bytes == before);
  Tape tape;
  const Var constant = exp(square(Var(Tensor::full({3}, 2))));
  CHECK(!constant.tracked());
  CHECK(tape.steps().empty());
}

TEST_CASE("tapes nest: the innermost tape records") {
  Parameter p(Tensor::of({2}, {3, 5}));
  CHECK(!Tape::active());
  {
    Tape outer;
    CHECK(Tape::active() == &outer);
    const Var y = square(p);
    {
      Tape inner;
      CHECK(Tape::active() == &inner);
      CHECK(contains(message([&] { sum(y); }), {"another tape"}));
      inner.backward(sum(y.detach() * Var(p)));
      CHECK(numbers(p.grad) == std::vector<Real>{9, 25});
    }
    CHECK(Tape::active() == &outer);
    p.grad = {};
    outer.backward(sum(y) + sum(7 * Var(p)));  // p was used on another tape in between
    CHECK(numbers(p.grad) == std::vector<Real>{13, 17});
    Var elsewhere;
    std::thread([&] { elsewhere = square(p); }).join();
    CHECK(!elsewhere.tracked());  // a tape records only its own thread
  }
  CHECK(!Tape::active());
}

TEST_CASE("the backward pass releases saved tensors step by step") {
  const Index n = 50'000;
  const int depth = 10;
  Parameter p(Tensor::full({n}, Real(0.5)));
  const std::size_t start = pool_stats().live_bytes, one = n * sizeof(Real);
  std::size_t on_arrival = 0;
  {
    Tape tape;
    Var loss;
    {
      Var y = record(Probe{&on_arrival}, Var(p));
      for (int i = 0; i < depth; ++i) y = tanh(y);  // each saves its output
      loss = sum(y);
    }
    CHECK(pool_stats().live_bytes - start >= depth * one);
    tape.backward(loss);
    CHECK(on_arrival - start < 4 * one);
    CHECK(pool_stats().live_bytes - start < 2 * one);  // only the gradient of p remains
  }
  p.grad = {};
  CHECK(pool_stats().live_bytes == start);
}

TEST_CASE("training allocates no new buffer after its second step") {
  std::vector<std::uint64_t> fresh;
  std::vector<Real> losses;
  train(8, [&](Real loss) {
    fresh.push_back(pool_stats().fresh);
    losses.push_back(loss);
  });
  CHECK(std::vector<std::uint64_t>(6, fresh[1]) ==
        std::vector<std::uint64_t>(fresh.begin() + 2, fresh.end()));
  CHECK(losses.back() < losses.front());
}

TEST_CASE("training gives the same bits at any number of threads") {
  const int before = threads();
  const auto parameters_at = [](int count) {
    set_threads(count);
    return train(20, [](Real) {});
  };
  const auto one = parameters_at(1);
  for (const int count : {2, 3}) {
    const auto other = parameters_at(count);
    REQUIRE(one.size() == other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
      CAPTURE(count);
      CAPTURE(i);
      CHECK(std::memcmp(one[i].data(), other[i].data(), one[i].bytes()) == 0);
    }
  }
  set_threads(before);
}
