#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "gradus/kernels/winograd.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/conv.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

struct Case {
  Index B, H, W, C, K, U, V, stride, padding, output_padding = 0;
};

/// Every branch of the kernels: borders of tiles, classes without a tap (stride above kernel size), few
/// channels, few outputs, one pixel, windows as large as the image, sizes that the stride does not divide.
const std::vector<Case> cases{
    {1, 1, 1, 1, 1, 1, 1, 1, 0},      {1, 1, 1, 3, 5, 1, 1, 1, 0},         {2, 5, 7, 3, 5, 3, 3, 1, 1},
    {2, 8, 8, 16, 32, 4, 4, 2, 1},    {3, 9, 6, 33, 17, 3, 2, 2, 1},       {1, 7, 7, 5, 33, 2, 2, 3, 0},
    {2, 6, 9, 32, 3, 3, 3, 1, 1},     {1, 12, 11, 32, 1, 7, 7, 1, 3},      {2, 4, 4, 64, 1, 4, 4, 1, 0},
    {2, 4, 4, 24, 40, 4, 4, 1, 0},    {5, 14, 14, 1, 32, 4, 4, 2, 1},      {2, 10, 10, 16, 48, 3, 3, 2, 1, 1},
    {1, 8, 8, 20, 20, 5, 5, 2, 2, 1}, {2, 3, 3, 48, 16, 1, 1, 2, 0},       {1, 5, 5, 17, 2, 3, 3, 1, 2},
    {1, 6, 6, 1, 1, 3, 3, 1, 0},      {2, 6, 5, 33, 2, 3, 3, 1, 0},        {1, 2, 2, 3, 4, 4, 4, 1, 3},
    {1, 8, 8, 64, 64, 3, 3, 1, 1},    {2, 7, 9, 64, 80, 3, 3, 1, 1},       {1, 6, 11, 96, 64, 3, 3, 1, 0},
    {9, 16, 16, 64, 64, 3, 3, 1, 1},  {1, 4, 5, 64, 64, 3, 3, 1, 2},       {5, 16, 16, 20, 40, 3, 3, 1, 1},
    {1, 5, 5, 4, 4, 2, 2, 1, 3},      {2, 9, 9, 3, 5, 2, 2, 4, 1},         {9, 16, 14, 64, 128, 4, 4, 2, 1},
    {9, 17, 19, 80, 64, 4, 4, 2, 0},  {9, 14, 15, 64, 128, 4, 4, 2, 2, 1}, {33, 15, 16, 64, 128, 4, 4, 2, 1},
    {9, 16, 16, 64, 128, 4, 4, 2, 0}, {9, 16, 17, 64, 128, 4, 4, 2, 2},    {9, 17, 16, 64, 128, 4, 4, 2, 3},
};

double worst(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double difference = 0, size = 0;
  for (Index i = 0; i < a.size(); ++i) {
    if (!std::isfinite(double{a[i]})) return INFINITY;
    difference = std::max(difference, std::abs(double{a[i]} - double{b[i]}));
    size = std::max(size, std::abs(double{b[i]}));
  }
  return difference / std::max(size, 1e-3);
}

template <class Fast, class Naive>
void compare(Fast fast, Naive naive, const Tensor& x, const Tensor& w, const Tensor& b, Rng& rng) {
  const Tensor y = naive.forward(x, w, b), dy = Tensor::randn(y.shape(), rng), result = fast.forward(x, w, b);
  // Tiles of 4 x 4 need fewer multiplications, but are less exact, see winograd.cpp.
  const bool large_tiles = std::max(winograd_tile(fast.window, WinogradPass::forward),
                                    winograd_tile(fast.window, WinogradPass::back)) == 4;
  const double tolerance = (large_tiles ? 400 : 40) * std::numeric_limits<Real>::epsilon();
  CHECK(worst(result, y) < tolerance);
  const Grads<3> expected = naive.backward(dy), got = fast.backward(dy, {true, true, true});
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(worst(got[i], expected[i]) < tolerance);
  }
  const Grads<3> none = fast.backward(dy, {false, false, false});
  CHECK(!none[0]);
  CHECK(!none[1]);
  CHECK(!none[2]);
}

}  // namespace

TEST_CASE("conv2d equals the seven loops") {
  Rng rng(3);
  for (const Case& c : cases) {
    CAPTURE(c.B);
    CAPTURE(c.H);
    CAPTURE(c.W);
    CAPTURE(c.C);
    CAPTURE(c.K);
    CAPTURE(c.U);
    CAPTURE(c.stride);
    const Tensor x = Tensor::randn({c.B, c.H, c.W, c.C}, rng), w = Tensor::randn({c.K, c.U, c.V, c.C}, rng);
    compare(Conv2dOp{c.stride, c.padding}, NaiveConv2d{c.stride, c.padding}, x, w, Tensor::randn({c.K}, rng),
            rng);
  }
}

TEST_CASE("conv_transpose2d equals the seven loops in reverse") {
  Rng rng(4);
  for (const Case& c : cases) {
    const Index I = (c.H + 2 * c.padding - c.U) / c.stride + 1,
                J = (c.W + 2 * c.padding - c.V) / c.stride + 1;
    CAPTURE(c.B);
    CAPTURE(I);
    CAPTURE(J);
    CAPTURE(c.C);
    CAPTURE(c.K);
    CAPTURE(c.U);
    CAPTURE(c.stride);
    const Tensor x = Tensor::randn({c.B, I, J, c.K}, rng), w = Tensor::randn({c.K, c.U, c.V, c.C}, rng);
    compare(ConvTranspose2dOp{c.stride, c.padding, c.output_padding},
            NaiveConvTranspose2d{c.stride, c.padding, c.output_padding}, x, w, Tensor::randn({c.C}, rng),
            rng);
  }
}

TEST_CASE("the cases above include every size of tile in both passes") {
  for (const WinogradPass pass : {WinogradPass::forward, WinogradPass::back})
    for (const auto& [window, stride] : {std::pair{3, 1}, std::pair{4, 2}}) {
      std::set<Index> tiles;
      for (const Case& c : cases)
        if (c.U == window && c.stride == stride)
          tiles.insert(winograd_tile({c.B, c.H, c.W, c.C, c.K, c.U, c.V, c.stride, c.padding}, pass));
      CHECK(tiles == std::set<Index>{1, 2, 4});
    }
}

TEST_CASE("a convolution by hand") {
  const Tensor x = Tensor::of({1, 3, 3, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9}),
               w = Tensor::of({1, 2, 2, 1}, {1, 0, 0, -1});
  const Tensor y = conv2d(x, w, Tensor::of({1}, {Real(0.5)})).value();
  for (const Real v : y.values()) CHECK(v == Real(-3.5));  // 1 - 5, 2 - 6, ... and the bias
  const Tensor painted = conv_transpose2d(Tensor::of({1, 1, 2, 1}, {1, 10}), w, {.stride = 1}).value();
  const std::vector<Real> expected{1, 10, 0, 0, -1, -10};
  CHECK(std::equal(expected.begin(), expected.end(), painted.values().begin()));
}

TEST_CASE("a convolution gives the same bits at any number of threads") {
  Rng rng(5);
  const int before = omp_get_max_threads();
  // By classes, two sizes of Winograd's tiles for two windows, few channels, few outputs.
  for (const Case& c : std::vector<Case>{{6, 16, 16, 32, 48, 4, 4, 2, 1},
                                         {9, 16, 16, 64, 64, 3, 3, 1, 1},
                                         {1, 16, 16, 64, 96, 3, 3, 1, 1},
                                         {9, 16, 16, 64, 128, 4, 4, 2, 1},
                                         {33, 16, 16, 64, 128, 4, 4, 2, 1},
                                         {4, 28, 28, 1, 32, 4, 4, 2, 1},
                                         {8, 32, 32, 32, 3, 3, 3, 1, 1}}) {
    CAPTURE(c.C);
    CAPTURE(c.K);
    const Tensor x = Tensor::randn({c.B, c.H, c.W, c.C}, rng), w = Tensor::randn({c.K, c.U, c.V, c.C}, rng);
    Conv2dOp op{c.stride, c.padding};
    omp_set_num_threads(1);
    const Tensor y = op.forward(x, w, {}), dy = Tensor::randn(y.shape(), rng);
    const Grads<3> one = op.backward(dy, {true, true, true});
    for (const int threads : {2, 3, 5}) {
      omp_set_num_threads(threads);
      const Tensor again = op.forward(x, w, {});
      const Grads<3> more = op.backward(dy, {true, true, true});
      CHECK(std::equal(y.values().begin(), y.values().end(), again.values().begin()));
      for (std::size_t i = 0; i < 3; ++i)
        CHECK(std::equal(one[i].values().begin(), one[i].values().end(), more[i].values().begin()));
    }
  }
  omp_set_num_threads(before);
}

TEST_CASE("a transposed convolution gives the same bits at any number of threads") {
  Rng rng(6);
  struct Case {
    Shape x, w;
    ConvOptions options;
  };
  // By classes, few channels, Winograd's tiles.
  for (const Case& c :
       std::vector<Case>{{{6, 9, 9, 48}, {48, 4, 4, 32}, {.stride = 2, .padding = 1, .output_padding = 1}},
                         {{4, 14, 14, 32}, {32, 4, 4, 1}, {.stride = 2, .padding = 1, .output_padding = 1}},
                         {{2, 16, 16, 64}, {64, 3, 3, 64}, {.padding = 1}}}) {
    CAPTURE(c.w.str());
    const std::vector<Tensor> inputs{Tensor::randn(c.x, rng), Tensor::randn(c.w, rng),
                                     Tensor::randn({c.w[3]}, rng)};
    const auto f = [&](std::span<const Var> v) { return conv_transpose2d(v[0], v[1], v[2], c.options); };
    CHECK(same_bits_at_any_threads([&] { return value_and_gradients(f, inputs); }));
  }
}

/// The number of outputs that change with pixel (7, 9) of the input although their 3
/// x 3 windows do not contain it.
template <class Convolution>
Index moved_unseen(Convolution convolution, const Tensor& x, Real value) {
  Tensor broken = x.clone();
  broken.at({0, 7, 9, 5}) = value;
  const Tensor before = convolution(x), after = convolution(broken);
  Index moved = 0;
  for (Index y = 0; y < before.dim(1); ++y)
    for (Index z = 0; z < before.dim(2); ++z)
      for (Index k = 0; k < before.dim(3); ++k)
        if (std::max(std::abs(y - 7), std::abs(z - 9)) > 1)
          moved += !(before.at({0, y, z, k}) == after.at({0, y, z, k}));
  return moved;
}

TEST_CASE("a direct convolution is local: a changed pixel affects only the windows that contain it") {
  Rng rng(7);
  for (const Index size : {16, 24}) {  // tiles of 2 x 2 outputs, which happen to be local, and of 4 x 4
    const Shape shape{1, size, size, 64};
    const Tensor x = Tensor::randn(shape, rng), w = Tensor::randn({64, 3, 3, 64}, rng, 0, Real(0.05)),
                 dy = Tensor::randn(shape, rng);
    const auto looked = [&](bool direct) {
      return
          [&w, direct](const Tensor& in) { return conv2d(in, w, {.padding = 1, .direct = direct}).value(); };
    };
    const auto painted = [&](bool direct) {
      return [&w, direct](const Tensor& in) {
        return conv_transpose2d(in, w, {.padding = 1, .direct = direct}).value();
      };
    };
    const auto gradient = [&](bool direct) {
      return [&x, &w, direct](const Tensor& d) {
        Conv2dOp op{1, 1, direct};
        op.forward(x, w, {});
        return op.backward(d, {true, false, false})[0];
      };
    };
    for (const Real value :
         {Real(1e8), std::numeric_limits<Real>::infinity(), std::numeric_limits<Real>::quiet_NaN()}) {
      CAPTURE(value);
      CHECK(moved_unseen(looked(true), x, value) == 0);
      CHECK(moved_unseen(painted(true), x, value) == 0);
      CHECK(moved_unseen(gradient(true), dy, value) == 0);
      CHECK((moved_unseen(looked(false), x, value) > 0) ==
            (size == 24));  // the fast kernel, as the header says
      CHECK((moved_unseen(gradient(false), dy, value) > 0) == (size == 24));
      set_direct_convolutions(true);
      CHECK(moved_unseen(looked(false), x, value) == 0);
      CHECK(moved_unseen(painted(false), x, value) == 0);
      CHECK(moved_unseen(gradient(false), dy, value) == 0);
      set_direct_convolutions(false);
    }
  }
}

TEST_CASE(
    "a layer can request direct kernels, which are ten times as accurate, and a tape keeps that choice") {
  Rng rng(8);
  const Tensor x = Tensor::randn({1, 16, 16, 64}, rng), w = Tensor::randn({64, 3, 3, 64}, rng);
  NaiveConv2d naive{1, 1};
  const Tensor exact = naive.forward(x, w, {});
  const double fast = worst(conv2d(x, w, {.padding = 1}).value(), exact),
               direct = worst(conv2d(x, w, {.padding = 1, .direct = true}).value(), exact);
  CHECK(direct < 20 * std::numeric_limits<Real>::epsilon());
  CHECK(direct < fast);
  struct Net : Module {
    Conv2d plain{*this, "plain", 64, 64, {.padding = 1}},
        direct{*this, "direct", 64, 64, {.padding = 1, .direct = true}};
    ConvTranspose2d painter{*this, "painter", 64, 64, {.padding = 1, .direct = true}};
    using Module::Module;
  } net(rng);
  const auto bits = [&](auto f, bool all) {
    set_direct_convolutions(all);
    const Tensor y = f();
    set_direct_convolutions(false);
    return y;
  };
  const auto plain = [&] { return net.plain(x).value(); };
  const auto chosen = [&] { return net.direct(x).value(); };
  const auto painter = [&] { return net.painter(x).value(); };
  CHECK(!same_bits(bits(plain, false), bits(plain, true)));
  CHECK(same_bits(bits(chosen, false), bits(chosen, true)));
  CHECK(same_bits(bits(painter, false), bits(painter, true)));
  Conv2dOp op{1, 1};
  const Tensor y = op.forward(x, w, {});
  const Grads<3> before = op.backward(y, {true, true, false});
  set_direct_convolutions(true);  // after the forward pass, whose kernel layout must still be used
  const Grads<3> after = op.backward(y, {true, true, false});
  set_direct_convolutions(false);
  CHECK(same_bits(before[0], after[0]));
  CHECK(same_bits(before[1], after[1]));
}

TEST_CASE("4 x 4 windows with stride 2: small tiles are as exact as direct kernels, large ones are not") {
  Rng rng(9);
  for (const Index images : {9, 33}) {
    const Tensor x = Tensor::randn({images, 16, 16, 64}, rng), w = Tensor::randn({128, 4, 4, 64}, rng);
    NaiveConv2d naive{2, 1};
    const Tensor exact = naive.forward(x, w, {});
    const ConvOptions options{.stride = 2, .padding = 1}, plain{.stride = 2, .padding = 1, .direct = true};
    const double fast = worst(conv2d(x, w, options).value(), exact),
                 direct = worst(conv2d(x, w, plain).value(), exact);
    CHECK(direct < 20 * std::numeric_limits<Real>::epsilon());
    if (images == 9) {
      CHECK(fast < 20 * std::numeric_limits<Real>::epsilon());
      CHECK(!same_bits(conv2d(x, w, options).value(), conv2d(x, w, plain).value()));
    } else {
      CHECK(fast > 2 * direct);
    }
  }
}

TEST_CASE("a convolution that does not fit gives an error with the reason") {
  const Tensor x = Tensor::zeros({1, 4, 4, 3});
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({8, 3, 3, 2})), doctest::Contains("must agree in channels"),
                       Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({8, 5, 3, 3})), doctest::Contains("larger than x"), Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({8, 3, 3, 3}), {.stride = 0}), doctest::Contains("stride"),
                       Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({8, 3, 3, 3}), Tensor::zeros({3})),
                       doctest::Contains("bias [8]"), Error);
  CHECK_THROWS_WITH_AS(conv2d(Tensor::zeros({4, 4, 3}), Tensor::zeros({8, 3, 3, 3})),
                       doctest::Contains("4 axes"), Error);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, Tensor::zeros({3, 2, 2, 5}), {.stride = 2, .output_padding = 2}),
                       doctest::Contains("output padding"), Error);
  CHECK_THROWS_WITH_AS(
      conv_transpose2d(Tensor::zeros({1, 1, 1, 3}), Tensor::zeros({3, 2, 2, 5}), {.padding = 1}),
      doctest::Contains("nothing is left of x"), Error);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, Tensor::zeros({4, 2, 2, 5})),
                       doctest::Contains("must agree in channels"), Error);
}
