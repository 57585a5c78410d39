#include <algorithm>
#include <cmath>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

struct Encoder : Module {
  Linear hidden{*this, "hidden", 6, 4}, mu{*this, "mu", 4, 2};
  Dropout dropout{*this, "dropout", Real(0.25)};
  using Module::Module;
};

struct Model : Module {
  Encoder encoder{*this, "encoder"};
  Linear decoder{*this, "decoder", 2, 6};
  Dropout dropout{*this, "dropout", Real(0.25)};
  Parameter temperature{Tensor::full({1}, 2)};
  Tensor running = Tensor::zeros({6});
  explicit Model(Rng& rng) : Module(rng) {
    add_parameter("temperature", temperature);
    add_buffer("running", running);
  }
};

std::vector<std::string> names_of(const State& state) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state.tensors) names.push_back(name);
  return names;
}

double largest(const Tensor& x) {
  double most = 0;
  for (const Real v : x.values()) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

double mean_square(const Tensor& x) {
  double sum = 0;
  for (const Real v : x.values()) sum += static_cast<double>(v) * v;
  return sum / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("parameters have dotted names: a module's own first, then its children's in order") {
  Rng rng(1);
  Model model(rng);
  std::vector<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"temperature", "encoder.hidden.w", "encoder.hidden.b",
                                          "encoder.mu.w", "encoder.mu.b", "decoder.w", "decoder.b"});
  const auto parameters = model.parameters();
  REQUIRE(parameters.size() == 7);
  CHECK(parameters[0] == &model.temperature);
  CHECK(parameters[4] == &model.encoder.mu.b);
  CHECK(model.parameter_count() == 1 + 24 + 4 + 8 + 2 + 12 + 6);
  CHECK(model.name_of(model.encoder.mu.w) == "encoder.mu.w");
  CHECK(model.encoder.name_of(model.encoder.mu.w) == "mu.w");
  Parameter stranger(Tensor::zeros({1}));
  CHECK(model.name_of(stranger).empty());
}

TEST_CASE("a state names parameters and buffers and shares their numbers") {
  Rng rng(1);
  Model model(rng);
  const State state = model.state();
  CHECK(names_of(state) == std::vector<std::string>{"temperature", "running", "encoder.hidden.w",
                                                    "encoder.hidden.b", "encoder.mu.w", "encoder.mu.b",
                                                    "decoder.w", "decoder.b"});
  Tensor handle = state.tensors[1].second;
  handle[3] = 7;
  CHECK(model.running[3] == 7);
  handle = state.tensors[7].second;
  handle.fill(5);
  CHECK(model.decoder.b.value[5] == 5);
}

TEST_CASE("a name is used once and is a single word") {
  struct Open : Module {
    using Module::add_buffer;
    using Module::add_parameter;
    using Module::Module;
  };
  Rng rng(1);
  Open root(rng);
  Parameter p(Tensor::zeros({1}));
  root.add_parameter("w", p);
  const Open child(root, "child");
  CHECK(contains(message([&] { root.add_parameter("w", p); }), "\"w\" is taken"));
  Tensor buffer;
  CHECK(contains(message([&] { root.add_buffer("w", buffer); }), "\"w\" is taken"));
  CHECK(contains(message([&] { Open(root, "child"); }), "\"child\" is taken"));
  CHECK(contains(message([&] { Open(root, "w"); }), "\"w\" is taken"));
  CHECK(contains(message([&] { Open(root, ""); }), "must not be empty"));
  CHECK(contains(message([&] { root.add_parameter("a.b", p); }), "\"a.b\""));
  CHECK(root.parameters().size() == 1);  // a refused name leaves nothing behind
}

TEST_CASE("train and eval reach every child, and EvalMode restores the previous mode") {
  Rng rng(1);
  Model model(rng);
  const auto modes = [&] {
    return std::vector<bool>{model.training(), model.encoder.training(), model.encoder.dropout.training(),
                             model.decoder.training()};
  };
  const std::vector<bool> training(4, true), evaluation(4, false);
  CHECK(modes() == training);
  model.eval();
  CHECK(modes() == evaluation);
  {
    EvalMode eval{model};
    CHECK(modes() == evaluation);
  }
  CHECK(modes() == evaluation);
  model.train();
  CHECK(modes() == training);
  try {
    EvalMode eval{model};
    CHECK(modes() == evaluation);
    throw Error("in between");
  } catch (const Error&) {
  }
  CHECK(modes() == training);
  model.encoder.eval();
  CHECK(modes() == std::vector<bool>{true, false, false, true});
}

TEST_CASE("the same seed builds the same module; layers differ from each other") {
  Rng a(7), b(7), c(8);
  Model first(a), second(b), third(c);
  const auto same = [](Parameter& x, Parameter& y) {
    return std::equal(x.value.values().begin(), x.value.values().end(), y.value.values().begin());
  };
  for (std::size_t i = 0; i < 7; ++i) CHECK(same(*first.parameters()[i], *second.parameters()[i]));
  CHECK(!same(first.decoder.w, third.decoder.w));
  CHECK(!same(first.decoder.w, first.encoder.mu.w));
}

TEST_CASE("initial weights have the documented spread") {
  Rng rng(1);
  struct One : Module {
    Linear layer{*this, "layer", 400, 300};
    using Module::Module;
  } one(rng);
  const double a = 1 / std::sqrt(400.0);
  CHECK(one.layer.w.value.shape() == Shape{300, 400});
  CHECK(one.layer.b.value.shape() == Shape{300});
  CHECK(largest(one.layer.w.value) <= a * 1.000001);
  CHECK(largest(one.layer.w.value) > 0.99 * a);
  CHECK(largest(one.layer.b.value) <= a * 1.000001);
  CHECK(largest(one.layer.b.value) > 0.9 * a);
  CHECK(mean_square(one.layer.w.value) == doctest::Approx(a * a / 3).epsilon(0.02));
}

TEST_CASE("Linear is x wT + b and trains") {
  Rng rng(1);
  Model model(rng);
  model.decoder.w.value.fill(2);
  model.decoder.b.value.fill(1);
  const Var y = model.decoder(Tensor::of({1, 2}, {3, 4}));
  CHECK(y.shape() == Shape{1, 6});
  CHECK(y.value()[5] == 15);
  Tape tape;
  tape.backward(sum(model.decoder(Tensor::of({1, 2}, {3, 4}))));
  CHECK(model.decoder.w.grad.at({5, 0}) == 3);
  CHECK(model.decoder.b.grad[0] == 1);
}

TEST_CASE("Dropout keeps the expectation in training and does nothing in evaluation") {
  Rng rng(1);
  Model model(rng);
  const Tensor x = Tensor::full({400, 100}, 3);
  const Tensor y = model.dropout(x).value();
  Index zeros = 0;
  bool only_two_values = true;
  double sum_of_all = 0;
  for (const Real v : y.values()) {
    zeros += v == 0;
    only_two_values = only_two_values && (v == 0 || std::abs(v - 4) < 1e-6);
    sum_of_all += static_cast<double>(v);
  }
  CHECK(only_two_values);
  CHECK(std::abs(static_cast<double>(zeros) - 10000) < 4 * std::sqrt(40000 * 0.25 * 0.75));
  CHECK(sum_of_all / 40000 == doctest::Approx(3).epsilon(0.02));

  const auto same = [](const Tensor& a, const Tensor& b) {
    return std::equal(a.values().begin(), a.values().end(), b.values().begin());
  };
  CHECK(!same(y, model.dropout(x).value()));  // a new mask every time
  CHECK(!same(model.dropout(x).value(), model.encoder.dropout(x).value()));

  // The gradient has the same mask as the values.
  Parameter p(x);
  Tape tape;
  const Var out = model.dropout(p);
  tape.backward(sum(out));
  bool same_way = true;
  for (Index i = 0; i < x.size(); ++i) same_way = same_way && p.grad[i] * 3 == out.value()[i];
  CHECK(same_way);

  model.eval();
  CHECK(model.dropout(x).value().data() == x.data());
}

TEST_CASE("two Dropout layers of the same name in different modules use different masks") {
  Rng rng(1);
  Model model(rng);
  const Tensor x = Tensor::full({100}, 1);
  const Tensor a = model.dropout(x).value(), b = model.encoder.dropout(x).value();
  CHECK(!std::equal(a.values().begin(), a.values().end(), b.values().begin()));
  Rng again(1);
  Model twin(again);
  const Tensor c = twin.dropout(x).value();
  CHECK(std::equal(a.values().begin(), a.values().end(), c.values().begin()));
}

TEST_CASE("a parent forgets a child that ends before it") {
  Rng rng(1);
  struct Root : Module {
    using Module::Module;
  } root(rng);
  {
    Linear child(root, "child", 2, 3);
    CHECK(root.parameters().size() == 2);
  }
  CHECK(root.parameters().empty());
  Linear again(root, "child", 2, 3);  // the name is free again
  CHECK(root.parameters().size() == 2);
}

TEST_CASE("threads that freeze one module at the same time leave it trainable") {
  Rng rng(1);
  struct Net : Module {
    Linear layer{*this, "layer", 3, 2};
    using Module::Module;
  } net(rng);
  std::latch start(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int round = 0; round < 20000; ++round) const Frozen constant{net};
    });
  for (std::thread& thread : threads) thread.join();
  for (const Parameter* parameter : net.parameters()) CHECK(!parameter->frozen());
  const Frozen constant{net};
  for (const Parameter* parameter : net.parameters()) CHECK(parameter->frozen());
}
