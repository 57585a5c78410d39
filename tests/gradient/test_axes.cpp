// Sizes per axis, choices, channels per example, norm layers: backward compared with differences of forward.
#include <cmath>
#include <utility>
#include <vector>

#include "gradients.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/embedding.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/sequence.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"

using namespace gradus;

namespace {

Tensor random(const Shape& shape, Rng& rng) { return Tensor::randn(shape, rng); }
/// Values away from zero, where differences of 1 / x are inaccurate.
Tensor positive(const Shape& shape, Rng& rng) { return Tensor::uniform(shape, rng, Real(0.5), 2); }
/// a plus a nonzero term of either sign, so that there are no near ties.
Tensor apart_from(const Tensor& a, Rng& rng) {
  Tensor b = Tensor::uniform(a.shape(), rng, Real(0.1), 1);
  for (Index i = 0; i < b.size(); ++i) b[i] = a[i] + (rng.below(2) ? b[i] : -b[i]);
  return b;
}

/// Different multiples of 0.01 in random order: no two elements are near.
Tensor ranked(const Shape& shape, Rng& rng) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = Real(0.01) * static_cast<Real>(i - x.size() / 2);
  for (Index i = x.size() - 1; i > 0; --i)
    std::swap(x[i], x[static_cast<Index>(rng.below(static_cast<std::uint64_t>(i + 1)))]);
  return x;
}

const std::vector<Shape> shapes{{1}, {5}, {7, 13}, {2, 3, 5}, {3, 2, 7, 11}, {131, 127}};

}  // namespace

TEST_CASE("numbers before an operator, powers, choices") {
  Rng rng(1);
  for (const Shape& shape : shapes) {
    const Tensor x = positive(shape, rng), a = random(shape, rng), b = apart_from(a, rng),
                 mask = Tensor::bernoulli(shape, rng, Real(0.5));
    check("3 / x", [](Vars v) { return 3 / v[0]; }, {x});
    check("1 + x", [](Vars v) { return square(1 + v[0]); }, {x});
    for (const Real exponent : {Real(-1.5), Real(0), Real(1), Real(2), Real(3.7)})
      check("pow", [=](Vars v) { return pow(v[0], exponent); }, {x});
    check("pow of any sign", [](Vars v) { return pow(v[0], 3); }, {a});
    check("maximum", [](Vars v) { return maximum(v[0], v[1]); }, {a, b});
    check("minimum", [](Vars v) { return minimum(v[0], v[1]); }, {a, b});
    check("where", [=](Vars v) { return where(mask, v[0], v[1]); }, {a, b});
    check("reshape with -1", [](Vars v) { return square(reshape(v[0], {-1, 1})); }, {a});
    for (int axis = 0; axis < shape.rank(); ++axis) {
      check("sum of an axis", [=](Vars v) { return sum(v[0], axis); }, {a});
      check("mean of an axis", [=](Vars v) { return square(mean(v[0], axis)); }, {a});
      check("log_sum_exp", [=](Vars v) { return log_sum_exp(v[0], axis); }, {a});
      check("max", [=](Vars v) { return square(gradus::max(v[0], axis)); }, {ranked(shape, rng)});
    }
  }
}

TEST_CASE("silu, rows of a table, sinusoidal embeddings, batched products") {
  Rng rng(7);
  for (const Shape& shape : shapes) check("silu", [](Vars v) { return silu(v[0]); }, {random(shape, rng)});
  for (const Shape& shape : {Shape{1}, Shape{5, 3}, Shape{13, 2, 7}, Shape{131, 127}}) {
    std::vector<int> indices(17);
    for (int& index : indices) index = static_cast<int>(rng.below(static_cast<std::uint64_t>(shape[0])));
    check("gather", [&](Vars v) { return gather(v[0], indices); }, {random(shape, rng)});
  }
  for (const Index K : {2, 6, 128})
    check("sinusoidal_embedding", [=](Vars v) { return sinusoidal_embedding(v[0], K, 50); },
          {random({13}, rng)});
  for (const auto& [a, b] : {std::pair{Shape{1, 1, 1}, Shape{1, 1, 1}},
                             {Shape{3, 5, 7}, Shape{3, 7, 2}},
                             {Shape{2, 3, 13, 11}, Shape{2, 3, 11, 5}},
                             {Shape{2, 131, 67}, Shape{2, 67, 127}}}) {
    const std::vector<Tensor> inputs{random(a, rng), random(b, rng)};
    check(
        "batched_matmul", [](Vars v) { return batched_matmul(v[0], v[1]); }, inputs);
  }
  check("batched_matmul with b transposed", [](Vars v) { return batched_matmul(v[0], v[1], Transpose::yes); },
        {random({3, 2, 5, 7}, rng), random({3, 2, 4, 7}, rng)});
}

TEST_CASE("one number per channel and example") {
  Rng rng(2);
  for (const Shape& shape :
       {Shape{5, 3}, Shape{2, 7, 3}, Shape{3, 4, 5, 67}, Shape{1, 1, 1, 1}, Shape{17, 16, 9, 5}}) {
    const std::vector<Tensor> inputs{random(shape, rng), random({shape[0], shape.back()}, rng)};
    check(
        "add_channels", [](Vars v) { return square(add_channels(v[0], v[1])); }, inputs);
    check(
        "multiply_channels", [](Vars v) { return multiply_channels(v[0], v[1]); }, inputs);
  }
}

TEST_CASE("convolutions and pools with sizes per axis") {
  Rng rng(3);
  struct Case {
    Shape x, w;
    ConvOptions options;
  };
  for (const Case& c :
       std::vector<Case>{{{2, 5, 7, 3}, {5, 3, 2, 3}, {.stride = {2, 1}, .padding = {1, 0}}},
                         {{1, 1, 9, 4}, {6, 1, 3, 4}, {.stride = {1, 2}, .padding = {0, 1}}},
                         {{1, 8, 6, 16}, {20, 2, 4, 16}, {.stride = {2, 3}, .padding = {0, 2}}},
                         {{1, 6, 7, 32}, {3, 1, 5, 32}, {.padding = {0, 2}}},
                         {{1, 7, 5, 33}, {1, 4, 1, 33}, {.padding = {3, 0}}},
                         {{1, 6, 7, 64}, {64, 3, 3, 64}, {.padding = {2, 0}}}})
    check("conv2d", [&](Vars v) { return conv2d(v[0], v[1], v[2], c.options); },
          {random(c.x, rng), random(c.w, rng), random({c.w[0]}, rng)});
  for (const Case& c : std::vector<Case>{
           {{2, 3, 4, 6}, {6, 4, 3, 1}, {.stride = {2, 1}, .padding = {1, 0}, .output_padding = {1, 0}}},
           {{1, 2, 5, 9}, {9, 1, 4, 20}, {.stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 2}}},
           {{1, 5, 4, 64}, {64, 3, 3, 64}, {.padding = {0, 2}}}})
    check("conv_transpose2d", [&](Vars v) { return conv_transpose2d(v[0], v[1], v[2], c.options); },
          {random(c.x, rng), random(c.w, rng), random({c.w[3]}, rng)});
  for (const Shape& shape : {Shape{2, 5, 7, 3}, Shape{3, 4, 4, 33}, Shape{4, 16, 17, 6}}) {
    const std::vector<Tensor> x{random(shape, rng)};
    check(
        "max_pool2d",
        [](Vars v) {
          return max_pool2d(v[0], {3, 2}, {1, 2}, {1, 0});
        },
        x);
    check(
        "max_pool2d of rows",
        [](Vars v) {
          return max_pool2d(v[0], {1, 3}, 1, {0, 1});
        },
        x);
    check(
        "average_pool2d",
        [](Vars v) {
          return average_pool2d(v[0], {2, 4}, {2, 1}, {1, 2});
        },
        x);
  }
}

TEST_CASE("sequences") {
  Rng rng(4);
  const std::vector<Tensor> inputs{random({2, 9, 3}, rng), random({5, 4, 3}, rng), random({5}, rng)};
  check(
      "conv1d", [](Vars v) { return conv1d(v[0], v[1], v[2], {.stride = 2, .padding = 1}); }, inputs);
  const std::vector<Tensor> painted{random({2, 5, 4}, rng), random({4, 3, 6}, rng), random({6}, rng)};
  check(
      "conv_transpose1d",
      [](Vars v) {
        return conv_transpose1d(v[0], v[1], v[2], {.stride = 2, .padding = 1, .output_padding = 1});
      },
      painted);
  check("max_pool1d", [](Vars v) { return max_pool1d(v[0], 3, 2, 1); }, {inputs[0]});
  check("average_pool1d", [](Vars v) { return average_pool1d(v[0], 3, 1, 1); }, {inputs[0]});
}

TEST_CASE("norm layers and their running statistics") {
  Rng rng(5);
  struct Net : Module {
    GroupNorm group{*this, "group", 2, 6};
    InstanceNorm instance{*this, "instance", 6, {.affine = true}},
        running{*this, "running", 6, {.running = true}};
    LayerNorm channels{*this, "channels", {6}}, rows{*this, "rows", {5, 6}, {.epsilon = Real(0.1)}};
    using Module::Module;
  } net(rng);
  for (Parameter* parameter : net.parameters()) rng.fill_normal(parameter->value.values());
  for (const Shape& shape : {Shape{3, 4, 5, 6}, Shape{7, 5, 6}}) {
    const std::vector<Tensor> x{random(shape, rng)};
    check(
        "GroupNorm", [&](Vars v) { return square(net.group(v[0])); }, x);
    check(
        "InstanceNorm", [&](Vars v) { return square(net.instance(v[0])); }, x);
    check(
        "InstanceNorm that remembers", [&](Vars v) { return square(net.running(v[0])); }, x);
    check(
        "LayerNorm of channels", [&](Vars v) { return square(net.channels(v[0])); }, x);
    check(
        "LayerNorm of rows", [&](Vars v) { return square(net.rows(v[0])); }, x);
    net.eval();
    check(
        "InstanceNorm in evaluation", [&](Vars v) { return square(net.running(v[0])); }, x);
    net.train();
    check("group_norm's weights", [](Vars v) { return square(group_norm(v[0], 3, v[1], v[2], Real(0.01))); },
          {x[0], random({6}, rng), random({6}, rng)});
  }
}
