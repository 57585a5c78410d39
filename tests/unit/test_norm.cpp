#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/nn/ema.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/window.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

/// Mean and variance of channel c over numbers first .. last - 1 with step C.
std::pair<double, double> channel(const Tensor& x, Index first, Index last, Index c) {
  const Index C = x.dim(x.rank() - 1);
  double mean = 0, squares = 0, n = 0;
  for (Index i = first + c; i < last; i += C)
    mean += double{x[i]}, squares += double{x[i]} * double{x[i]}, ++n;
  return {mean / n, squares / n - mean / n * mean / n};
}

Tensor shifted(const Shape& shape, Rng& rng) { return Tensor::randn(shape, rng, 3, 2); }

}  // namespace

TEST_CASE("normalised groups have mean 0 and variance 1") {
  Rng rng(1);
  const Tensor x = shifted({4, 6, 5, 70}, rng);
  const Index picture = 6 * 5 * 70;
  RunningStatistics running{Tensor::zeros({70}), Tensor::full({70}, 1)};
  const Tensor batch = batch_norm(x, Tensor::full({70}, 2), Tensor::full({70}, 5), running).value();
  const Tensor instance = instance_norm(x).value();
  for (const Index c : {0, 33, 69}) {
    const auto [mean, variance] = channel(batch, 0, batch.size(), c);
    CHECK(mean == doctest::Approx(5).epsilon(1e-4));
    CHECK(variance == doctest::Approx(4).epsilon(1e-3));
    for (Index b = 0; b < 4; ++b) {
      const auto [m, v] = channel(instance, b * picture, (b + 1) * picture, c);
      CHECK(std::abs(m) < 1e-4);
      CHECK(v == doctest::Approx(1).epsilon(1e-3));
    }
    const auto [true_mean, true_variance] = channel(x, 0, x.size(), c);
    CHECK(running.mean[c] == doctest::Approx(0.1 * true_mean).epsilon(1e-4));
    CHECK(running.variance[c] == doctest::Approx(0.9 + 0.1 * true_variance * 120 / 119).epsilon(1e-4));
  }
  double sum = 0, squares = 0;
  const Tensor layer = layer_norm(x).value();
  for (Index i = 0; i < picture; ++i) sum += double{layer[i]}, squares += double{layer[i]} * double{layer[i]};
  CHECK(std::abs(sum / double(picture)) < 1e-4);
  CHECK(squares / double(picture) == doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("one group equals layer norm; one group per channel equals instance norm") {
  Rng rng(2);
  const Tensor x = shifted({2, 3, 4, 6}, rng);
  const auto same = [](const Tensor& a, const Tensor& b) {
    return std::equal(a.values().begin(), a.values().end(), b.values().begin(),
                      [](Real u, Real v) { return std::abs(u - v) < Real(1e-5); });
  };
  CHECK(same(group_norm(x, 1).value(), layer_norm(x).value()));
  CHECK(same(group_norm(x, 6).value(), instance_norm(x).value()));
  CHECK(!same(group_norm(x, 2).value(), layer_norm(x).value()));
}

TEST_CASE("layer norm of long and short rows, compared with its definition in double") {
  Rng rng(7);
  for (const Shape& shape :
       {Shape{3, 1}, Shape{1, 10007}, Shape{700, 5}, Shape{3, 4097, 3}, Shape{2, 40, 40, 7}}) {
    CAPTURE(shape);
    const Tensor x = shifted(shape, rng), gamma = shifted({shape.back()}, rng);
    const Tensor beta = shifted({shape.back()}, rng), y = layer_norm(x, gamma, beta).value();
    const Index K = shape.row_size();
    double worst = 0;
    for (Index b = 0; b < shape[0]; ++b) {
      double mean = 0, variance = 0;
      for (Index i = b * K; i < (b + 1) * K; ++i) mean += double{x[i]} / double(K);
      for (Index i = b * K; i < (b + 1) * K; ++i) variance += std::pow(x[i] - mean, 2) / double(K);
      for (Index i = b * K; i < (b + 1) * K; ++i) {
        const Index c = i % shape.back();
        const double h = (x[i] - mean) / std::sqrt(variance + double{norm_epsilon});
        worst = std::max(worst, std::abs(y[i] - (gamma[c] * h + beta[c])));
      }
    }
    CHECK(worst < 2e-5);
  }
}

TEST_CASE("a large mean does not cancel the variance") {
  Rng rng(3);
  Tensor x = Tensor::randn({8, 16, 16, 3}, rng);
  for (Real& v : x.values()) v = 10000 + v;
  const Tensor y = instance_norm(x).value();
  const auto [mean, variance] = channel(y, 0, 16 * 16 * 3, 1);
  CHECK(std::abs(mean) < 1e-2);
  CHECK(variance == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE(
    "normalisations, pools and margins, and their gradients, give the same bits at any number of threads") {
  using Vars = std::span<const Var>;
  Rng rng(4);
  const Tensor x = shifted({3, 40, 40, 66}, rng), gamma = shifted({66}, rng), beta = shifted({66}, rng);
  const Tensor rows = shifted({1500, 66}, rng);
  struct Case {
    std::string name;
    std::function<Var(Vars)> f;
    std::vector<Tensor> inputs;
  };
  for (const Case& c : std::vector<Case>{
           {"instance_norm", [](Vars v) { return instance_norm(v[0], v[1], v[2]); }, {x, gamma, beta}},
           {"layer_norm", [](Vars v) { return layer_norm(v[0], v[1], v[2]); }, {x, gamma, beta}},
           {"layer_norm of rows", [](Vars v) { return layer_norm(v[0], v[1], v[2]); }, {rows, gamma, beta}},
           {"group_norm", [](Vars v) { return group_norm(v[0], 3, v[1], v[2]); }, {x, gamma, beta}},
           {"pixel_norm", [](Vars v) { return pixel_norm(v[0]); }, {x}},
           {"minibatch_deviation", [](Vars v) { return minibatch_deviation(v[0], 3); }, {x}},
           {"max_pool2d", [](Vars v) { return max_pool2d(v[0], 3, 2); }, {x}},
           {"average_pool2d", [](Vars v) { return average_pool2d(v[0], 3, 2); }, {x}},
           {"upsample_nearest", [](Vars v) { return upsample_nearest(v[0], 2); }, {x}},
           {"reflection_pad2d", [](Vars v) { return reflection_pad2d(v[0], 3); }, {x}}}) {
    CAPTURE(c.name);
    CHECK(same_bits_at_any_threads([&] { return value_and_gradients(c.f, c.inputs); }));
  }
  // These two also update running statistics.
  CHECK(same_bits_at_any_threads([&] {
    RunningStatistics running{Tensor::zeros({66}), Tensor::full({66}, 1)};
    auto out =
        value_and_gradients([&](Vars v) { return batch_norm(v[0], v[1], v[2], running); }, {x, gamma, beta});
    out.insert(out.end(), {running.mean, running.variance});
    return out;
  }));
}

TEST_CASE("the norms equal the formula for one set of numbers, in both passes") {
  Rng rng(11);
  const Index B = 3, P = 10, C = 6;  // P pixels
  const Tensor x = shifted({B, 2, 5, C}, rng), dy = Tensor::randn(x.shape(), rng);
  RunningStatistics none;
  struct Case {
    const char* name;
    std::function<Var(const Var&)> norm;
    Index sets;
    std::function<Index(Index b, Index c)> set_of;
  };
  for (const Case& c : std::vector<Case>{
           {"batch_norm", [&](const Var&v) { return batch_norm(v, Var(), Var(), none); }, C,
            [](Index, Index k) { return k; }},
           {"instance_norm", [](const Var&v) { return instance_norm(v); }, B * C,
            [](Index b, Index k) { return b * C + k; }},
           {"group_norm", [](const Var&v) { return group_norm(v, 2); }, B * 2,
            [](Index b, Index k) { return b * 2 + k / 3; }},
           {"layer_norm", [](const Var&v) { return layer_norm(v); }, B, [](Index b, Index) { return b; }}}) {
    CAPTURE(c.name);
    const Index n = x.size() / c.sets;
    std::vector<Index> place(static_cast<std::size_t>(x.size())), filled(static_cast<std::size_t>(c.sets));
    for (Index i = 0; i < x.size(); ++i) {
      const Index set = c.set_of(i / (P * C), i % C);
      place[std::size_t(i)] = set * n + filled[std::size_t(set)]++;
    }
    const auto in_sets = [&](const Tensor& from) {
      Tensor to({c.sets, n});
      for (Index i = 0; i < from.size(); ++i) to[place[std::size_t(i)]] = from[i];
      return to;
    };
    Parameter input(x.clone());
    Tape tape;
    const Var y = c.norm(input);
    tape.backward(sum(y * dy));
    NaiveNormalize naive;
    const Tensor h = naive.forward(in_sets(x)), dx = naive.backward(in_sets(dy))[0];
    for (Index i = 0; i < x.size(); ++i) {
      CHECK(std::abs(y.value()[i] - h[place[std::size_t(i)]]) < 2e-6);
      CHECK(std::abs(input.grad[i] - dx[place[std::size_t(i)]]) < 2e-6);
    }
  }
}

TEST_CASE("normalisation propagates NaN") {
  Rng rng(4);
  Tensor spoilt = shifted({3, 4, 4, 67}, rng);
  spoilt[5] = std::numeric_limits<Real>::quiet_NaN();
  CHECK(std::isnan(instance_norm(spoilt).value()[5 + 67]));
}

TEST_CASE(
    "batch norm's layer: evaluation uses the running statistics, and an average of weights includes them") {
  Rng rng(5);
  struct Net : Module {
    BatchNorm norm{*this, "norm", 2};
    using Module::Module;
  } net(rng);
  Ema average(net, Real(0.5));
  for (int i = 0; i < 200; ++i) net.norm(shifted({64, 2}, rng));
  average.update();
  CHECK(net.norm.running.mean[0] == doctest::Approx(3).epsilon(0.1));
  CHECK(net.norm.running.variance[1] == doctest::Approx(4).epsilon(0.2));
  const Tensor x = Tensor::full({1, 2}, 3);
  {
    EvalMode eval(net);
    CHECK(std::abs(net.norm(x).value()[0]) < 0.2);  // a batch of one, but not 0 / 0
    const Real weights_mean = net.norm.running.mean[0];
    Ema::Applied applied(average);
    CHECK(net.norm.running.mean[0] == doctest::Approx(0.5 * double{weights_mean}).epsilon(1e-4));
  }
  CHECK(net.state().tensors.size() == 4);
}

TEST_CASE("minibatch deviation detects similar images") {
  const Tensor equal = Tensor::full({4, 1, 1, 2}, 3);
  CHECK(minibatch_deviation(equal, 4).value()[2] == doctest::Approx(1e-4).epsilon(0.01));  // sqrt(epsilon)
  const Tensor x = Tensor::of({4, 1, 1, 1}, {1, -1, 10, 10});
  const Tensor y = minibatch_deviation(x, 2).value();
  CHECK(y.shape() == Shape{4, 1, 1, 2});
  CHECK(y[1] == doctest::Approx(1));
  CHECK(y[5] == doctest::Approx(1e-4).epsilon(0.01));
  // Deviations of 1 and 3 in two channels: 2 in the new channel, the others unchanged.
  const Tensor two = minibatch_deviation(Tensor::of({2, 1, 1, 2}, {6, 3, 4, -3}), 2).value();
  const std::vector<Real> expected{6, 3, 2, 4, -3, 2};
  REQUIRE(two.shape() == Shape{2, 1, 1, 3});
  for (Index i = 0; i < 6; ++i) CHECK(two[i] == doctest::Approx(double{expected[std::size_t(i)]}));
}

TEST_CASE("pixel norm divides by the root mean square over the channels, including epsilon") {
  const Tensor x = Tensor::of({1, 1, 3, 2}, {3, 4, 0, 0, -5, 0});
  const Tensor y = pixel_norm(x).value();
  const double expected[] = {3 / std::sqrt(12.5), 4 / std::sqrt(12.5), 0, 0, -std::sqrt(2.0), 0};
  for (Index i = 0; i < 6; ++i) CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  const Tensor large = pixel_norm(Tensor::of({1, 2}, {3, 4}), Real(12.5)).value();
  CHECK(large[0] == doctest::Approx(0.6).epsilon(1e-6));  // 3 / sqrt(12.5 + 12.5)
  CHECK(large[1] == doctest::Approx(0.8).epsilon(1e-6));
}

TEST_CASE("pools, upsampling and margins by hand") {
  const Tensor x = Tensor::of({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto equals = [](const Tensor& y, std::initializer_list<Real> expected) {
    return y.size() == static_cast<Index>(expected.size()) &&
           std::equal(expected.begin(), expected.end(), y.values().begin());
  };
  CHECK(equals(max_pool2d(x, 2, 1).value(), {5, 6, 8, 9}));
  CHECK(equals(average_pool2d(x, 2, 1).value(), {3, 4, 6, 7}));
  CHECK(equals(max_pool2d(x, 3).value(), {9}));
  CHECK(equals(upsample_nearest(x.reshape({1, 1, 9, 1}).rows(0, 1).reshape({1, 9, 1, 1}), 1).value(),
               {1, 2, 3, 4, 5, 6, 7, 8, 9}));
  CHECK(equals(upsample_nearest(Tensor::of({1, 1, 2, 1}, {1, 2}), 2).value(), {1, 1, 2, 2, 1, 1, 2, 2}));
  CHECK(equals(reflection_pad2d(Tensor::of({1, 2, 2, 1}, {1, 2, 3, 4}), 1).value(),
               {4, 3, 4, 3, 2, 1, 2, 1, 4, 3, 4, 3, 2, 1, 2, 1}));
  Tensor spoilt = x.clone();
  spoilt[0] = std::numeric_limits<Real>::quiet_NaN();
  CHECK(std::isnan(max_pool2d(spoilt, 2).value()[0]));
}

TEST_CASE("normalisations and pools that do not fit give an error with the reason") {
  const Tensor x = Tensor::zeros({2, 4, 4, 6});
  CHECK_THROWS_WITH_AS(group_norm(x, 4), doctest::Contains("cannot be divided into 4 groups"), Error);
  CHECK_THROWS_WITH_AS(instance_norm(x, Tensor::zeros({5})), doctest::Contains("gamma and beta must be [6]"),
                       Error);
  CHECK_THROWS_WITH_AS(layer_norm(Tensor::zeros({4})), doctest::Contains("[B, C], [B, L, C] or [B, H, W, C]"),
                       Error);
  CHECK_THROWS_WITH_AS(minibatch_deviation(x, 4), doctest::Contains("do not divide"), Error);
  CHECK_THROWS_WITH_AS(minibatch_deviation(x, 0), doctest::Contains("do not divide"), Error);
  CHECK_THROWS_WITH_AS(minibatch_deviation(Tensor::zeros({4, 6})), doctest::Contains("4 axes"), Error);
  CHECK_THROWS_WITH_AS(pixel_norm(Tensor::zeros({4})), doctest::Contains("[B, C], [B, L, C] or [B, H, W, C]"),
                       Error);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 5), doctest::Contains("must fit into x"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(x, 2, -1), doctest::Contains("max_pool2d: the stride must be"), Error);
  CHECK_THROWS_WITH_AS(average_pool2d(x, 2, -2), doctest::Contains("average_pool2d: the stride must be"),
                       Error);
  CHECK_THROWS_WITH_AS(upsample_nearest(x, 0), doctest::Contains("at least 1"), Error);
  CHECK_THROWS_WITH_AS(reflection_pad2d(x, 4), doctest::Contains("margin"), Error);
}

TEST_CASE("instance norm does not update its running variance from a single pixel") {
  RunningStatistics running{Tensor::zeros({3}), Tensor::full({3}, 1)};
  const Tensor none;
  for (const Tensor& x :
       {Tensor::full({4, 1, 1, 3}, 2), Tensor::full({4, 1, 3}, 2), Tensor::full({4, 3}, 2)}) {
    CHECK_THROWS_WITH_AS(instance_norm(x, none, none, running), doctest::Contains("instance_norm: x "),
                         Error);
    CHECK_THROWS_WITH_AS(instance_norm(x, none, none, running), doctest::Contains("one pixel per picture"),
                         Error);
    CHECK(running.mean[0] == 0);
    CHECK(running.variance[0] == 1);
    CHECK_NOTHROW(batch_norm_eval(x, none, none, running));
  }
  CHECK_NOTHROW(instance_norm(Tensor::full({1, 1, 2, 3}, 2), none, none, running));
}

TEST_CASE(
    "batch norm refuses statistics of another number of channels, and no norm averages over an empty set") {
  const Tensor x = Tensor::full({2, 4, 4, 6}, 1), none;
  const auto memory = [](Index mean, Index variance) {
    return RunningStatistics{Tensor::zeros({mean}), Tensor::full({variance}, 1)};
  };
  for (RunningStatistics running : {memory(5, 6), memory(6, 7), memory(1, 1)}) {
    CHECK_THROWS_WITH_AS(batch_norm(x, none, none, running),
                         doctest::Contains("the running mean and variance must be [6] for x [2, 4, 4, 6]"),
                         Error);
    CHECK_THROWS_WITH_AS(batch_norm_eval(x, none, none, running),
                         doctest::Contains("the running mean and variance must be [6]"), Error);
  }
  RunningStatistics half{Tensor::zeros({6}), {}}, empty, fits = memory(6, 6);
  RunningStatistics wrong = memory(5, 5);
  CHECK_THROWS_WITH_AS(batch_norm(x, none, none, wrong), doctest::Contains("batch_norm: the running"), Error);
  CHECK_THROWS_WITH_AS(instance_norm(x, none, none, wrong), doctest::Contains("instance_norm: the running"),
                       Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, none, none, half), doctest::Contains("got [6] and []"), Error);
  CHECK_THROWS_WITH_AS(batch_norm_eval(x, none, none, empty), doctest::Contains("got [] and []"), Error);
  CHECK(batch_norm(x, none, none, empty).shape() == x.shape());

  const Tensor no_example = Tensor::zeros({0, 4, 4, 6}), no_row = Tensor::zeros({2, 0, 4, 6});
  for (const Tensor& nothing : {no_example, no_row}) {
    CHECK_THROWS_WITH_AS(batch_norm(nothing, none, none, fits), doctest::Contains("has no numbers"), Error);
    CHECK_THROWS_WITH_AS(instance_norm(nothing), doctest::Contains("has no numbers"), Error);
    CHECK_THROWS_WITH_AS(layer_norm(nothing), doctest::Contains("has no numbers"), Error);
    CHECK_THROWS_WITH_AS(group_norm(nothing, 2), doctest::Contains("has no numbers"), Error);
    CHECK(batch_norm_eval(nothing, none, none, fits).shape() == nothing.shape());
  }
  CHECK_THROWS_WITH_AS(pixel_norm(Tensor::zeros({2, 0})), doctest::Contains("has no channel"), Error);
  CHECK_THROWS_WITH_AS(layer_norm(Tensor::zeros({2, 0})), doctest::Contains("has no channel"), Error);
}
