// The layers GroupNorm, InstanceNorm and LayerNorm compared with their definitions in double.
#include <algorithm>
#include <cmath>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

/// (x_i - mean) / sqrt(variance + epsilon) over all numbers with the same set index.
template <class SetOf>
std::vector<double> normalised(const Tensor& x, Index sets, double epsilon, SetOf set_of) {
  const auto n = static_cast<std::size_t>(sets);
  std::vector<double> sum(n), squares(n), count(n);
  const auto place = [&](Index i) { return static_cast<std::size_t>(set_of(i)); };
  for (Index i = 0; i < x.size(); ++i) sum[place(i)] += x[i], ++count[place(i)];
  for (Index i = 0; i < x.size(); ++i)
    squares[place(i)] += std::pow(x[i] - sum[place(i)] / count[place(i)], 2);
  std::vector<double> out;
  for (Index i = 0; i < x.size(); ++i) {
    const std::size_t s = place(i);
    out.push_back((x[i] - sum[s] / count[s]) / std::sqrt(squares[s] / count[s] + epsilon));
  }
  return out;
}

/// y_i = gamma_k h_i + beta_k with k = channel_of(i)
template <class ChannelOf>
double worst(const Var& y, const std::vector<double>& h, const Tensor& gamma, const Tensor& beta,
             ChannelOf channel_of) {
  double difference = 0;
  for (Index i = 0; i < y.size(); ++i) {
    const Index k = channel_of(i);
    const double g = gamma ? double{gamma[k]} : 1, b = beta ? double{beta[k]} : 0;
    difference = std::max(difference, std::abs(y.value()[i] - (g * h[std::size_t(i)] + b)));
  }
  return difference;
}

template <class Layer>
void spread(Layer& layer, Rng& rng) {
  rng.fill_normal(layer.gamma.value.values(), 1, 1);
  rng.fill_normal(layer.beta.value.values());
}

constexpr double tolerance = 2e-5;

}  // namespace

TEST_CASE("GroupNorm: groups of channels of one example; images, sequences, vectors") {
  Rng rng(1);
  struct Net : Module {
    GroupNorm norm{*this, "norm", 3, 6, {.epsilon = Real(0.1)}},
        plain{*this, "plain", 2, 6, {.affine = false}};
    using Module::Module;
  } net(rng);
  CHECK(net.parameters().size() == 2);
  CHECK(net.name_of(net.norm.gamma) == "norm.gamma");
  spread(net.norm, rng);
  for (const Shape& shape : {Shape{3, 4, 5, 6}, Shape{2, 7, 6}, Shape{5, 6}, Shape{1, 1, 1, 6}}) {
    CAPTURE(shape);
    const Tensor x = Tensor::randn(shape, rng, 2, 3);
    const Index example = shape.row_size();
    const auto sets_of = [=](Index groups) {
      return [=](Index i) { return i / example * groups + i % 6 / (6 / groups); };
    };
    const auto channel = [](Index i) { return i % 6; };
    const auto h = normalised(x, shape[0] * 3, double{Real(0.1)}, sets_of(3));
    CHECK(worst(net.norm(x), h, net.norm.gamma.value, net.norm.beta.value, channel) < tolerance);
    const auto p = normalised(x, shape[0] * 2, double{norm_epsilon}, sets_of(2));
    CHECK(worst(net.plain(x), p, {}, {}, channel) < tolerance);
  }
  struct Wrong : Module {
    GroupNorm norm{*this, "norm", 4, 6};
    using Module::Module;
  };
  CHECK(contains(message([&] { Wrong wrong(rng); }),
                 "GroupNorm norm: 6 channels cannot be divided into 4 groups"));
}

TEST_CASE("InstanceNorm: one channel of one example; the running mean is that of the batch") {
  Rng rng(2);
  struct Net : Module {
    InstanceNorm plain{*this, "plain", 3}, affine{*this, "affine", 3, {.affine = true}},
        running{*this, "running", 3, {.running = true}};
    using Module::Module;
  } net(rng);
  CHECK(net.parameters().size() == 2);  // as in PyTorch, affine must be requested
  CHECK(net.state().tensors.size() == 4);
  spread(net.affine, rng);
  const Tensor x = Tensor::randn({4, 5, 6, 3}, rng, 2, 3);
  const auto h = normalised(x, 12, double{norm_epsilon}, [](Index i) { return i / 90 * 3 + i % 3; });
  const auto channel = [](Index i) { return i % 3; };
  CHECK(worst(net.plain(x), h, {}, {}, channel) < tolerance);
  CHECK(worst(net.affine(x), h, net.affine.gamma.value, net.affine.beta.value, channel) < tolerance);
  CHECK(worst(net.running(x), h, {}, {}, channel) < tolerance);

  for (Index c = 0; c < 3; ++c) {
    double mean = 0,
           variance = 0;  // averages over the examples
    for (Index b = 0; b < 4; ++b) {
      double sum = 0, squares = 0;
      for (Index p = 0; p < 30; ++p) sum += x[(b * 30 + p) * 3 + c];
      for (Index p = 0; p < 30; ++p) squares += std::pow(x[(b * 30 + p) * 3 + c] - sum / 30, 2);
      mean += sum / 30 / 4, variance += squares / 29 / 4;
    }
    CHECK(net.running.running.mean[c] == doctest::Approx(0.1 * mean).epsilon(1e-5));
    CHECK(net.running.running.variance[c] == doctest::Approx(0.9 + 0.1 * variance).epsilon(1e-5));
  }
  net.eval();
  const Tensor before = net.running.running.mean.clone();
  const Var y = net.running(x);
  CHECK(same_bits(net.running.running.mean, before));
  for (Index i = 0; i < x.size(); i += 7) {
    const Index c = i % 3;
    const double expected = (x[i] - before[c]) / std::sqrt(double{net.running.running.variance[c]} + 1e-5);
    CHECK(y.value()[i] == doctest::Approx(expected).epsilon(1e-4));
  }
  CHECK(contains(message([&] {
                   net.running(Tensor::zeros({2, 4, 4, 5}));
                 }),
                 "instance_norm_eval: the running mean and variance must be [5]"));
  CHECK_NOTHROW(net.running(Tensor::zeros({2, 1, 1, 3})));
  CHECK(worst(net.plain(x), h, {}, {}, channel) < tolerance);  // no running statistics
}

TEST_CASE("LayerNorm: over the last axes, with one gamma and beta per element") {
  Rng rng(3);
  struct Net : Module {
    LayerNorm channels{*this, "channels", {6}, {.epsilon = Real(0.01)}}, rows{*this, "rows", {5, 6}},
        plain{*this, "plain", {4, 5, 6}, {.affine = false}};
    using Module::Module;
  } net(rng);
  CHECK(net.parameters().size() == 4);
  CHECK(net.rows.gamma.value.shape() == Shape{5, 6});
  spread(net.channels, rng), spread(net.rows, rng);
  const Tensor x = Tensor::randn({3, 4, 5, 6}, rng, 2, 3);
  const auto check = [&](auto& layer, Index K, double epsilon) {
    const auto h = normalised(x, x.size() / K, epsilon, [=](Index i) { return i / K; });
    const Var y = layer(x);
    CHECK(y.shape() == x.shape());
    CHECK(worst(y, h, layer.gamma.value, layer.beta.value, [=](Index i) { return i % K; }) < tolerance);
  };
  check(net.channels, 6, double{Real(0.01)});
  check(net.rows, 30, double{norm_epsilon});
  check(net.plain, 120, double{norm_epsilon});
  Tape tape;
  tape.backward(sum(net.rows(x)));
  for (const Real d : net.rows.beta.grad.values()) CHECK(d == 12);
  CHECK(net.rows.gamma.grad.shape() == Shape{5, 6});
  CHECK(contains(message([&] {
                   net.rows(Tensor::zeros({2, 5, 7}));
                 }),
                 "LayerNorm: x [2, 5, 7] must end in [5, 6]"));
  CHECK(contains(message([&] { net.rows(Tensor::zeros({6})); }), "must end in [5, 6]"));
  struct Wrong : Module {
    LayerNorm norm{*this, "norm", Shape{}};
    using Module::Module;
  };
  CHECK(contains(message([&] { Wrong wrong(rng); }), "LayerNorm norm: needs at least one element"));
}
