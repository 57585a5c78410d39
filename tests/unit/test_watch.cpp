// Gradients of inputs, and a tape that pauses.
#include <doctest/doctest.h>

#include "gradus/autograd/tape.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

struct Net : Module {
  Mlp layers{*this, "layers", {4, 8, 1}, relu};
  using Module::Module;
};

}  // namespace

TEST_CASE("watch: the gradient of an input, beside the parameters'") {
  Parameter w(Tensor::of({3}, {2, -1, 4}));
  const Tensor image = Tensor::of({3}, {1, 5, -3});
  Tape tape;
  const Var x = tape.watch(image), unused = tape.watch(Tensor::of({2}, {1, 2}));
  tape.backward(sum(square(x) * w));
  const Tensor dx = tape.grad(x);
  for (Index i = 0; i < 3; ++i) {
    CHECK(dx[i] == 2 * image[i] * w.value[i]);
    CHECK(w.grad[i] == image[i] * image[i]);
  }
  const Tensor zero = tape.grad(unused);
  CHECK(zero.shape() == Shape{2});
  CHECK((zero[0] == 0 && zero[1] == 0));
}

TEST_CASE("watch: the same gradient as a parameter's, through a network") {
  Rng rng(1);
  Net net(rng);
  const Tensor image = Tensor::randn({5, 4}, rng);
  Parameter leaf(image.clone());
  {
    Tape tape;
    tape.backward(sum(net.layers(leaf)));
  }
  Tape tape;
  const Var x = tape.watch(image);
  tape.backward(sum(net.layers(x)));
  const Tensor dx = tape.grad(x);
  for (Index i = 0; i < image.size(); ++i) CHECK(dx[i] == leaf.grad[i]);
}

TEST_CASE("watch and grad refuse what has no gradient") {
  Tape tape;
  const Var x = tape.watch(Tensor::of({1}, {2}));
  const Var loss = square(x);
  CHECK(contains(message([&] { (void)tape.grad(x); }), "call backward first"));
  CHECK(contains(message([&] { (void)tape.watch(Tensor()); }), "Tape::watch: the tensor is empty"));
  tape.backward(loss);
  CHECK(tape.grad(x)[0] == 4);
  CHECK(contains(message([&] { (void)tape.grad(loss); }), "was not made by watch()"));
  CHECK(contains(message([&] { (void)tape.grad(Tensor::of({1}, {2})); }), "was not made by watch()"));
  CHECK(contains(message([&] { (void)tape.watch(Tensor::of({1}, {2})); }),
                 {"Tape::watch", "already run", "new Tape"}));
}

TEST_CASE("NoTape: nothing is recorded while it is in scope") {
  Parameter w(Tensor::of({1}, {3}));
  Tape tape;
  const Var y = square(Var(w));
  const std::size_t steps = tape.steps().size();
  {
    const NoTape paused;
    CHECK(Tape::active() == nullptr);
    const Var z = square(y);
    CHECK(z.item() == 81);
    CHECK(!z.tracked());
    Parameter inner(Tensor::of({1}, {2}));
    Tape nested;
    CHECK(square(Var(inner)).tracked());
  }
  CHECK(Tape::active() == &tape);
  CHECK(tape.steps().size() == steps);
  tape.backward(y);
  CHECK(w.grad[0] == 6);
}
