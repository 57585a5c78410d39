// Invalid tensors, and tensors that are changed at the wrong time, give an Error that names the op or a right
// answer; never a crash, an out-of-bounds read, or a wrong gradient.
#include <functional>
#include <latch>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/nn/ema.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/sequence.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"
#include "misuse_cases.hpp"

using namespace gradus;
using namespace gradus::misuse;

namespace {

/// Runs forward and backward; throws Error where the op does.
void run(const Case& c, const std::vector<Tensor>& inputs) {
  std::vector<std::unique_ptr<Parameter>> parameters;
  Tape tape;
  std::vector<Var> vars;
  for (const Tensor& input : inputs) {
    parameters.push_back(std::make_unique<Parameter>(input));
    vars.emplace_back(*parameters.back());
  }
  const Var y = c.f(vars);
  if (!y.tracked()) return;
  tape.backward(sum(y));
  for (const auto& parameter : parameters) {
    CHECK(parameter->grad.shape() == parameter->value.shape());
    for (const Real number : parameter->grad.values()) CHECK(number == number);
  }
}

}  // namespace

TEST_CASE("every size of every input set to 0: an answer, or an Error with the op's name") {
  for (const Case& c : cases())
    for (std::size_t i = 0; i < c.shapes.size(); ++i)
      for (int axis = 0; axis < c.shapes[i].rank(); ++axis)
        for (const bool alike : {false, true}) {  // also sets the same size of the other inputs
          CAPTURE(c.name);
          CAPTURE(i);
          CAPTURE(axis);
          std::vector<Tensor> inputs;
          for (std::size_t j = 0; j < c.shapes.size(); ++j) {
            const Shape& shape = c.shapes[j];
            std::vector<Index> sizes;
            for (int k = 0; k < shape.rank(); ++k)
              sizes.push_back(k == axis && (j == i || (alike && shape[k] == c.shapes[i][axis])) ? 0
                                                                                                : shape[k]);
            inputs.push_back(Tensor::full(Shape(sizes), 1));
          }
          const std::string words = message([&] { run(c, inputs); });
          CAPTURE(words);
          if (!words.empty()) CHECK(words.starts_with(c.name));
        }
}

TEST_CASE("an empty Tensor() is refused by every op, with its name") {
  for (const Case& c : cases()) {
    std::vector<Tensor> inputs;
    for (const Shape& shape : c.shapes) inputs.push_back(Tensor::full(shape, 1));
    CHECK_NOTHROW(run(c, inputs));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string name = c.name;
      const bool optional = i == 2 && name.starts_with("conv");  // the bias is optional
      if (optional || (i > 0 && name.find("_norm") != name.npos)) continue;
      CAPTURE(i);
      std::vector<Tensor> broken = inputs;
      broken[i] = Tensor();
      const std::string words = message([&] {
        std::vector<Var> vars(broken.begin(), broken.end());
        c.f(vars);
      });
      CAPTURE(words);
      CHECK(words.starts_with(name));
    }
  }
  CHECK(contains(message([] { relu(Var()); }), {"relu: input 0 is an empty Tensor()"}));
  const Tensor codes = Tensor::full({2, 3}, 1), losses = Tensor::full({2}, 1);
  CHECK(contains(message([&] { bernoulli_nll(codes, Tensor()); }), {"bernoulli_nll"}));
  CHECK(contains(message([&] { learned_gaussian_nll(codes, Tensor::full({1}, 0), Tensor()); }),
                 {"learned_gaussian_nll"}));
  CHECK(contains(message([&] { cycle_loss(codes, Tensor()); }), {"cycle_loss"}));
  CHECK(contains(message([&] { reparameterize(codes, codes, Tensor()); }), {"reparameterize"}));
  CHECK(contains(message([&] { log_importance_weight(losses, codes, codes, Tensor()); }),
                 {"log_importance_weight"}));
  CHECK(contains(message([&] { log_importance_weight(Tensor(), codes, codes, codes); }),
                 {"log_importance_weight"}));
}

TEST_CASE("strides, paddings and sizes whose products overflow are refused") {
  const Tensor x = Tensor::full({1, 4, 4, 3}, 1), w = Tensor::full({3, 2, 2, 3}, 1);
  for (const Index huge : {Index{1} << 31, Index{1} << 62}) {
    CHECK(contains(message([&] { conv2d(x, w, {.stride = huge}); }), {"conv2d", "2^31"}));
    CHECK(contains(message([&] { conv2d(x, w, {.padding = huge}); }), {"conv2d", "2^31"}));
    CHECK(contains(message([&] { conv_transpose2d(x, w, {.stride = huge}); }), {"conv_transpose2d", "2^31"}));
    CHECK(contains(message([&] { upsample_nearest(x, huge); }), {"upsample_nearest", "2^31"}));
    CHECK(max_pool2d(x, 2, huge).shape() == Shape{1, 1, 1, 3});
  }
  CHECK(contains(message([] { Shape({0, Index{1} << 40, Index{1} << 40}); }), "overflows"));
  for (const Index stride : {0, -1}) {
    CHECK(contains(message([&] { NaiveConv2d{stride}.forward(x, w, {}); }), {"conv2d", "stride"}));
    CHECK(contains(message([&] { NaiveConvTranspose2d{stride}.forward(x, w, {}); }),
                   {"conv_transpose2d", "stride"}));
  }
  CHECK(contains(message([&] {
                   NaiveConv2d{}.forward(x, Tensor::zeros({3, 5, 5, 3}), {});
                 }),
                 "larger than x"));
  Rng rng(1);
  CHECK(contains(message([&] { fan_in_uniform({3, 0}, 0, rng); }), "at least one input"));
}

TEST_CASE("an empty slice, and axes that count from the end") {
  Parameter p(Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}));
  Tape tape;
  const Var nothing = slice(p, 1, 2, 2), last = slice(p, -1, 2, 3);
  CHECK(nothing.shape() == Shape{2, 0});
  CHECK(numbers(last.value()) == std::vector<Real>{3, 6});
  const Var both = concat({nothing, last}, -1);
  CHECK(both.shape() == Shape{2, 1});
  tape.backward(sum(both));
  CHECK(numbers(p.grad) == std::vector<Real>{0, 0, 1, 0, 0, 1});
  CHECK(slice(Tensor::zeros({0, 3}), 0, 0, 0).shape() == Shape{0, 3});
}

TEST_CASE("batch norm does not train on one value per channel") {
  RunningStatistics running{Tensor::zeros({3}), Tensor::full({3}, 1)};
  for (const Tensor& x : {Tensor::full({1, 3}, 2), Tensor::full({1, 1, 1, 3}, 2)}) {
    CHECK(contains(message([&] { batch_norm(x, Tensor(), Tensor(), running); }),
                   {"batch_norm", "one value per channel"}));
    CHECK(numbers(running.mean) == std::vector<Real>{0, 0, 0});
    CHECK_NOTHROW(batch_norm_eval(x, Tensor(), Tensor(), running));
    CHECK_NOTHROW(layer_norm(x));
  }
}

TEST_CASE("a function made of several ops names itself when it refuses a value of another tape") {
  struct Net : Module {
    LayerNorm norm{*this, "norm", {2}};
    using Module::Module;
  };
  Rng random(1);
  Net net(random);
  Parameter parameter(Tensor::full({1, 4, 2}, 1));
  Var stale;
  {
    Tape ended;
    stale = square(parameter);
  }
  const Tensor w = Tensor::full({3, 2, 2}, 1), back = Tensor::full({2, 2, 3}, 1);
  Tape tape;
  const std::vector<std::pair<std::string, std::function<Var()>>> calls{
      {"conv1d", [&] { return conv1d(stale, w); }},
      {"conv_transpose1d", [&] { return conv_transpose1d(stale, back); }},
      {"max_pool1d", [&] { return max_pool1d(stale, 2); }},
      {"average_pool1d", [&] { return average_pool1d(stale, 2); }},
      {"layer_norm", [&] { return net.norm(stale); }}};
  for (const auto& [name, call] : calls) {
    const std::string words = message([f = call] { f(); });
    CAPTURE(words);
    CHECK(words.starts_with(name + ": "));
  }
  CHECK(contains(message([&] { net.norm(Tensor::zeros({0, 2})); }), {"LayerNorm: x [0, 2]", "no numbers"}));
}

TEST_CASE("an input or output changed before the backward pass is refused with the function's name") {
  std::set<std::string> refused;
  for (const Case& c : cases())
    for (std::size_t changed = 0; changed <= c.shapes.size(); ++changed) {  // the last one is the output
      std::vector<std::unique_ptr<Parameter>> parameters;
      Tape tape;
      std::vector<Var> vars;
      for (const Shape& shape : c.shapes) {
        parameters.push_back(std::make_unique<Parameter>(Tensor::full(shape, 1)));
        vars.emplace_back(*parameters.back());
      }
      const Var y = c.f(vars), loss = sum(y);
      Tensor(changed < vars.size() ? vars[changed].value() : y.value()).touch();
      const std::string words = message([&] { tape.backward(loss); });
      CAPTURE(c.name);
      CAPTURE(words);
      if (words.empty()) continue;
      CHECK(words.starts_with(c.name + std::string(": its ")));
      refused.insert(c.name);
    }
  std::istringstream names(
      "divide maximum minimum where multiply_row multiply_column multiply_scalar multiply_channels conv1d "
      "conv2d "
      "conv_transpose1d linear batch_norm batch_norm_eval instance_norm layer_norm group_norm pow "
      "silu sinusoidal_embedding batched_matmul "
      "least_squares_real_loss least_squares_fake_loss least_squares_generator_loss");
  for (std::string name; names >> name;) {
    CAPTURE(name);
    CHECK(refused.count(name) == 1);
  }
}

TEST_CASE(
    "a parameter step or an in-place write between forward and backward is refused with the op's name") {
  Parameter w(Tensor::of({1, 2}, {1, 2})), b(Tensor::of({1}, {3}));
  Tensor x = Tensor::of({1, 2}, {5, 7});
  Sgd sgd({&w, &b}, {.lr = Real(0.1)});
  const auto refused = [&](const std::function<void()>& change) {
    sgd.zero_grad();
    Tape tape;
    const Var loss = reshape(linear(x, w, b), {1});
    change();
    return message([&] { tape.backward(loss); });
  };
  const auto step = [&] {
    Tape tape;
    tape.backward(reshape(linear(x, w, b), {1}));
    sgd.step();
    sgd.zero_grad();
  };
  CHECK(refused([] {}).empty());
  CHECK(contains(refused(step), {"linear: its input 1 [1, 2] was changed after the forward pass"}));
  CHECK(contains(refused([&] { x.fill(1); }), {"linear", "input 0"}));
  CHECK(contains(refused([&] { x.copy_from(Tensor::zeros({1, 2})); }), {"linear", "input 0"}));
  CHECK(contains(refused([&] { x.row(0).fill(1); }), {"linear", "input 0"}));  // a view
  CHECK(contains(refused([&] { x.data()[0] = 1, x.touch(); }), {"linear", "input 0"}));
  CHECK(refused([&] { b.value.fill(0); }).empty());  // addition does not save its bias

  Tensor mask = Tensor::of({1, 2}, {1, 0});
  {
    Tape tape;
    const Var chosen = sum(where(mask, w, Tensor::zeros({1, 2})));
    mask.fill(1);
    CHECK(contains(message([&] { tape.backward(chosen); }), {"where: its input 0"}));
  }

  Tape tape;
  const Var y = exp(w), z = sum(y);
  Tensor(y.value()).fill(0);
  CHECK(contains(message([&] { tape.backward(z); }), {"exp", "output [1, 2]"}));
}

TEST_CASE("values that an op does not save may change, and reading is not a change") {
  Parameter p(Tensor::of({2}, {1, 2}));
  Tensor constant = Tensor::of({2}, {3, 4});
  {
    Tape tape;
    const Var loss = sum(Var(p) + constant);
    constant.fill(0);
    p.value.fill(7);
    CHECK_NOTHROW(tape.backward(loss));
  }
  Tape tape;
  const Var loss = sum(square(Var(p)) * constant);
  Real total = 0;
  for (const Real number : constant.values()) total += number;
  CHECK(total + p.value[0] + *p.value.data() == 14);
  CHECK_NOTHROW(tape.backward(loss));
}

TEST_CASE("two threads cannot have the same parameter on their tapes at the same time") {
  Parameter p(Tensor::of({1}, {3})), other(Tensor::of({1}, {2}));
  const auto in_thread = [&](Parameter& used) {
    std::string words;
    std::thread([&] {
      words = message([&] {
        Tape tape;
        tape.backward(square(used));
      });
    }).join();
    return words;
  };
  {
    Tape tape;
    const Var y = square(p);
    {
      Tape inner;  // its end does not release the outer tape's parameters
      inner.backward(square(p));
    }
    CHECK(contains(in_thread(p), {"parameter of shape [1]", "another thread"}));
    CHECK(in_thread(other).empty());
    tape.backward(y);
  }
  CHECK(p.grad[0] == 12);
  CHECK(in_thread(p).empty());  // the tape has ended
  CHECK(p.grad[0] == 18);
}

TEST_CASE("of threads that compete for one module some are refused, and no update is lost") {
  Rng rng(1);
  struct Net : Module {
    Linear layer{*this, "layer", 3, 2};
    using Module::Module;
  } net(rng);
  net.layer.b.grad = Tensor::zeros({2});
  const Tensor x = Tensor::full({1, 3}, 1);
  std::latch recorded(1), tried(3);
  std::vector<int> done(4, 0), refused(4, 0);
  const auto train = [&](std::size_t self) {
    try {
      Tape tape;
      const Var loss = sum(net.layer(x));
      if (self == 0 && done[0] == 0)
        recorded.count_down(), tried.wait();  // all other threads find the module in use
      tape.backward(loss);
      ++done[self];
    } catch (const Error&) {
      ++refused[self];
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t self = 0; self < 4; ++self)
    threads.emplace_back([&, self] {
      if (self > 0) {
        recorded.wait();
        train(self);
        tried.count_down();
      }
      for (int i = 0; i < 200; ++i) train(self);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t self : {1, 2, 3}) CHECK(refused[self] >= 1);
  CHECK(done[0] >= 1);
  CHECK(net.layer.b.grad[0] == static_cast<Real>(done[0] + done[1] + done[2] + done[3]));
}
