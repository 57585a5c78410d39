// Windows, strides and paddings with separate sizes per axis; sequences.
#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/sequence.hpp"
#include "gradus/ops/window.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

struct Case {
  Index B, H, W, C, K, U, V;
  Pair stride, padding, output_padding = 0;
  Index I() const { return (H + 2 * padding.height - U) / stride.height + 1; }
  Index J() const { return (W + 2 * padding.width - V) / stride.width + 1; }
};

/// By class, few channels, few outputs, Winograd's algorithm; windows of one row and of one column;
/// a stride above the window size; an image as high as the window.
const std::vector<Case> cases{
    {2, 5, 7, 3, 5, 3, 2, {2, 1}, {1, 0}, {1, 0}},
    {1, 1, 9, 4, 6, 1, 3, {1, 2}, {0, 1}, {0, 1}},
    {2, 9, 1, 3, 2, 5, 1, {3, 1}, {2, 0}, {1, 0}},
    {2, 8, 6, 33, 17, 2, 4, {2, 3}, {0, 2}, {1, 2}},
    {1, 6, 7, 32, 3, 1, 5, {1, 1}, {0, 2}},
    {2, 7, 5, 48, 1, 4, 1, {1, 1}, {3, 0}},
    {1, 6, 9, 32, 2, 3, 5, {1, 1}, {1, 3}},
    {3, 5, 8, 16, 32, 3, 3, {1, 2}, {1, 1}, {0, 1}},
    {2, 9, 7, 64, 64, 3, 3, {1, 1}, {2, 0}},
    {2, 6, 8, 64, 72, 3, 3, {1, 1}, {0, 1}},
    {2, 9, 9, 3, 5, 2, 2, {1, 4}, {1, 0}, {0, 3}},
    {5, 6, 9, 1, 32, 4, 2, {2, 1}, {1, 1}, {1, 0}},
    {1, 5, 11, 96, 20, 1, 1, {2, 3}, {0, 0}},
    {2, 4, 4, 20, 4, 2, 2, {1, 1}, {3, 1}},
    {9, 16, 13, 64, 128, 4, 4, {2, 2}, {1, 2}, {1, 0}},
};

/// Calls joined(index in the image, in the weight, in the output) for every such triple.
template <class Joined>
void seven_loops(const Case& q, Index H, Index W, Joined joined) {
  for (Index b = 0; b < q.B; ++b)
    for (Index i = 0; i < q.I(); ++i)
      for (Index j = 0; j < q.J(); ++j)
        for (Index k = 0; k < q.K; ++k)
          for (Index u = 0; u < q.U; ++u)
            for (Index v = 0; v < q.V; ++v)
              for (Index c = 0; c < q.C; ++c) {
                const Index y = q.stride.height * i + u - q.padding.height,
                            x = q.stride.width * j + v - q.padding.width;
                if (y < 0 || y >= H || x < 0 || x >= W) continue;
                joined(((b * H + y) * W + x) * q.C + c, ((k * q.U + u) * q.V + v) * q.C + c,
                       ((b * q.I() + i) * q.J() + j) * q.K + k);
              }
}

/// Compares shape and numbers, relative to the largest number.
bool near(const Tensor& got, const Shape& shape, const std::vector<double>& expected, bool winograd) {
  if (got.shape() != shape) return false;
  double difference = 0, size = 1e-3;
  for (Index i = 0; i < got.size(); ++i) {
    const double e = expected[static_cast<std::size_t>(i)];
    if (!std::isfinite(got[i])) return false;
    difference = std::max(difference, std::abs(double{got[i]} - e)), size = std::max(size, std::abs(e));
  }
  return difference < (winograd ? 400 : 40) * double{std::numeric_limits<Real>::epsilon()} * size;
}

std::vector<double> zeros(const Shape& shape) {
  return std::vector<double>(static_cast<std::size_t>(shape.size()));
}
double& at(std::vector<double>& x, Index i) { return x[static_cast<std::size_t>(i)]; }
bool equals(const Tensor& x, const Shape& shape, const std::vector<Real>& expected) {
  return x.shape() == shape && numbers(x) == expected;
}

}  // namespace

TEST_CASE("conv2d with sizes per axis equals the seven loops") {
  Rng rng(1);
  for (const Case& q : cases) {
    const Shape picture{q.B, q.H, q.W, q.C}, weights{q.K, q.U, q.V, q.C}, answer{q.B, q.I(), q.J(), q.K};
    CAPTURE(picture);
    CAPTURE(weights);
    CAPTURE(q.stride);
    CAPTURE(q.padding);
    const bool winograd = q.U == 3 && q.V == 3 && std::min(q.C, q.K) >= 64;
    const Tensor x = Tensor::randn(picture, rng), w = Tensor::randn(weights, rng),
                 dy = Tensor::randn(answer, rng);
    std::vector<double> y = zeros(answer), dx = zeros(picture), dw = zeros(weights);
    seven_loops(q, q.H, q.W, [&](Index n, Index weight, Index m) {
      at(y, m) += double{x[n]} * double{w[weight]};
      at(dx, n) += double{dy[m]} * double{w[weight]};
      at(dw, weight) += double{dy[m]} * double{x[n]};
    });
    Conv2dOp op{q.stride, q.padding};
    CHECK(near(op.forward(x, w, {}), answer, y, winograd));
    const Grads<3> grads = op.backward(dy, {true, true, false});
    CHECK(near(grads[0], picture, dx, winograd));
    CHECK(near(grads[1], weights, dw, winograd));
  }
}

TEST_CASE("conv_transpose2d with sizes per axis equals the seven loops in reverse") {
  Rng rng(2);
  for (const Case& q : cases) {
    const Index H = q.stride.height * (q.I() - 1) + q.U - 2 * q.padding.height + q.output_padding.height,
                W = q.stride.width * (q.J() - 1) + q.V - 2 * q.padding.width + q.output_padding.width;
    const Shape picture{q.B, H, W, q.C}, weights{q.K, q.U, q.V, q.C}, given{q.B, q.I(), q.J(), q.K};
    CAPTURE(given);
    CAPTURE(weights);
    CAPTURE(q.stride);
    CAPTURE(q.padding);
    const bool winograd = q.U == 3 && q.V == 3 && std::min(q.C, q.K) >= 64;
    const Tensor x = Tensor::randn(given, rng), w = Tensor::randn(weights, rng),
                 dy = Tensor::randn(picture, rng);
    std::vector<double> y = zeros(picture), dx = zeros(given), dw = zeros(weights);
    seven_loops(q, H, W, [&](Index n, Index weight, Index m) {
      at(y, n) += double{x[m]} * double{w[weight]};
      at(dx, m) += double{dy[n]} * double{w[weight]};
      at(dw, weight) += double{dy[n]} * double{x[m]};
    });
    ConvTranspose2dOp op{q.stride, q.padding, q.output_padding};
    CHECK(near(op.forward(x, w, {}), picture, y, winograd));
    const Grads<3> grads = op.backward(dy, {true, true, false});
    CHECK(near(grads[0], given, dx, winograd));
    CHECK(near(grads[1], weights, dw, winograd));
  }
}

TEST_CASE("rectangular convolutions and pools by hand") {
  const Tensor x = Tensor::of({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6}), w = Tensor::of({1, 1, 2, 1}, {1, -1});
  CHECK(equals(conv2d(x, w).value(), {1, 2, 2, 1}, {-1, -1, -1, -1}));
  CHECK(equals(conv2d(x, w, {.stride = {2, 1}}).value(), {1, 1, 2, 1}, {-1, -1}));
  CHECK(equals(conv2d(x, w, {.padding = {0, 1}}).value(), {1, 2, 4, 1}, {-1, -1, -1, 3, -4, -1, -1, 6}));
  CHECK(equals(conv_transpose2d(Tensor::of({1, 1, 2, 1}, {1, 10}), w, {.stride = {1, 2}}).value(),
               {1, 1, 4, 1}, {1, -1, 10, -10}));
  CHECK(
      equals(conv_transpose2d(x, w, {.stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 1}}).value(),
             {1, 2, 7, 1}, {-1, 0, 2, -2, 0, 3, -3, -4, 0, 5, -5, 0, 6, -6}));

  const Tensor p = Tensor::of({1, 2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(equals(max_pool2d(p, {2, 1}).value(), {1, 1, 4, 1}, {5, 6, 7, 8}));
  CHECK(equals(max_pool2d(p, {1, 2}).value(), {1, 2, 2, 1}, {2, 4, 6, 8}));
  CHECK(equals(max_pool2d(p, {1, 3}, {1, 1}).value(), {1, 2, 2, 1}, {3, 4, 7, 8}));
  CHECK(equals(max_pool2d(p, {1, 3}, {1, 2}, {0, 1}).value(), {1, 2, 2, 1}, {2, 4, 6, 8}));
  CHECK(equals(max_pool2d(Tensor::full({1, 1, 1, 2}, -1), 3, 1, 1).value(), {1, 1, 1, 2}, {-1, -1}));
  CHECK(equals(average_pool2d(p, {2, 1}).value(), {1, 1, 4, 1}, {3, 4, 5, 6}));
  CHECK(equals(average_pool2d(p, {1, 2}, {1, 2}, {0, 1}).value(), {1, 2, 3, 1},
               {Real(0.5), Real(2.5), 2, Real(2.5), Real(6.5), 4}));
}

TEST_CASE("convolutions and pools of sequences by hand") {
  const Tensor x = Tensor::of({1, 4, 1}, {1, 2, 3, 4}), w = Tensor::of({1, 3, 1}, {1, 0, -1});
  CHECK(equals(conv1d(x, w).value(), {1, 2, 1}, {-2, -2}));
  CHECK(equals(conv1d(x, w, Tensor::of({1}, {10}), {.padding = 1}).value(), {1, 4, 1}, {8, 8, 8, 13}));
  CHECK(equals(conv1d(x, w, {}, {.stride = 2, .padding = 1}).value(), {1, 2, 1}, {-2, -2}));
  CHECK(equals(conv_transpose1d(Tensor::of({1, 2, 1}, {1, 10}), w, {}, {.stride = 2}).value(), {1, 5, 1},
               {1, 0, 9, 0, -10}));
  CHECK(equals(conv_transpose1d(x, w, {}, {.stride = 2, .padding = 1, .output_padding = 1}).value(),
               {1, 8, 1}, {0, 1, 0, 1, 0, 1, 0, -4}));
  CHECK(equals(max_pool1d(x, 2).value(), {1, 2, 1}, {2, 4}));
  CHECK(equals(max_pool1d(x, 3, 2, 1).value(), {1, 2, 1}, {2, 4}));
  CHECK(equals(average_pool1d(x, 2, 1).value(), {1, 3, 1}, {Real(1.5), Real(2.5), Real(3.5)}));
}

TEST_CASE("layers with a window of one row, and for sequences") {
  Rng rng(3);
  struct Net : Module {
    Conv2d flat{*this, "flat", 3, 4, {.size = {1, 5}, .stride = {1, 2}, .padding = {0, 2}}};
    ConvTranspose2d back{
        *this, "back", 4, 3, {.size = {1, 4}, .stride = {1, 2}, .padding = {0, 1}, .bias = false}};
    Conv1d line{*this, "line", 2, 4, {.size = 4, .stride = 2, .padding = 1}};
    ConvTranspose1d line_back{
        *this, "line_back", 4, 2, {.size = 4, .stride = 2, .padding = 1, .bias = false}};
    using Module::Module;
  } net(rng);
  CHECK(net.flat.w.value.shape() == Shape{4, 1, 5, 3});
  const Real bound = 1 / std::sqrt(Real(15));  // 1 / sqrt(U V inputs)
  for (const Real v : net.flat.w.value.values()) CHECK(std::abs(v) <= bound);
  const Tensor x = Tensor::randn({2, 6, 8, 3}, rng), s = Tensor::randn({2, 8, 2}, rng);
  CHECK(net.flat(x).shape() == Shape{2, 6, 4, 4});
  CHECK(net.back(net.flat(x)).shape() == x.shape());
  CHECK(net.line(s).shape() == Shape{2, 4, 4});
  CHECK(net.line_back(net.line(s)).shape() == s.shape());
  CHECK(net.parameters().size() == 6);
  Tape tape;
  tape.backward(sum(net.back(net.flat(x))) + sum(net.line_back(net.line(s))));
  for (const Parameter* parameter : net.parameters())
    CHECK(parameter->grad.shape() == parameter->value.shape());
}

TEST_CASE("windows that do not fit give an error that names the axis") {
  const Tensor x = Tensor::zeros({1, 4, 6, 3});
  const auto why = [](auto f) { return message(f); };
  CHECK(contains(why([&] { conv2d(x, Tensor::zeros({2, 5, 1, 3}), {.padding = {0, 3}}); }), "padding 0 x 3"));
  CHECK(contains(why([&] { conv2d(x, Tensor::zeros({2, 1, 1, 3}), {.stride = {1, 0}}); }), "got 1 x 0"));
  CHECK(contains(why([&] { conv2d(x, Tensor::zeros({2, 1, 1, 3}), {.padding = {-1, 0}}); }), "and -1 x 0"));
  const Tensor w = Tensor::zeros({3, 2, 2, 5});
  CHECK(contains(why([&] {
                   conv_transpose2d(x, w, {.stride = {1, 2}, .output_padding = {1, 0}});
                 }),
                 {"output padding", "1 x 0"}));
  CHECK(contains(why([&] { max_pool2d(x, {5, 1}); }), "5 x 1 pixels must fit into x [1, 4, 6, 3]"));
  CHECK(contains(why([&] { max_pool2d(x, {0, 1}); }), "at least one pixel"));
  CHECK(contains(why([&] {
                   average_pool2d(x, {2, 2}, 1, {0, 2});
                 }),
                 "at most half the window of 2, got 0 x 2"));
  CHECK(contains(why([&] { max_pool2d(Tensor::zeros({1, 0, 4, 3}), 2, 1, 1); }), "must fit into x"));
  CHECK(contains(why([&] { conv1d(x, Tensor::zeros({2, 1, 3})); }), "conv1d: x must have 3 axes"));
  CHECK(contains(why([&] { conv1d(Tensor::zeros({2, 1, 3}), x); }), "conv1d: w must have 3 axes"));
  CHECK(contains(why([&] { max_pool1d(x, 2); }), "max_pool1d: x must have 3 axes"));
}

TEST_CASE("rectangular windows give the same bits at any number of threads") {
  Rng rng(4);
  const std::vector<Tensor> inputs{Tensor::randn({6, 17, 16, 32}, rng), Tensor::randn({32, 1, 5, 32}, rng),
                                   Tensor::randn({32}, rng)};
  const ConvOptions options{.stride = {1, 2}, .padding = {0, 2}};
  using Vars = std::span<const Var>;
  for (const auto& f : std::vector<std::function<Var(Vars)>>{
           [&](Vars v) { return conv2d(v[0], v[1], v[2], options); },
           [&](Vars v) { return conv_transpose2d(v[0], v[1], v[2], options); }})
    CHECK(same_bits_at_any_threads([&] { return value_and_gradients(f, inputs); }));
  for (const auto& f :
       std::vector<std::function<Var(Vars)>>{[&](Vars v) {
                                               return max_pool2d(v[0], {3, 2}, 1, 1);
                                             },
                                             [&](Vars v) {
                                               return average_pool2d(v[0], {2, 3}, {1, 2}, {1, 0});
                                             }})
    CHECK(same_bits_at_any_threads([&] { return value_and_gradients(f, {inputs[0]}); }));
}
