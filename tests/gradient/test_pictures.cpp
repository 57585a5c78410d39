// Convolutions, normalisations, pools: backward compared with differences of forward, in double.
#include <algorithm>
#include <cmath>
#include <vector>

#include "gradients.hpp"
#include "gradus/kernels/winograd.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/conv.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/window.hpp"

using namespace gradus;

namespace {

Tensor random(const Shape& shape, Rng& rng) { return Tensor::randn(shape, rng); }

/// The largest difference relative to the largest expected number.
double worst(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  double difference = 0, size = 0;
  for (Index i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    difference = std::max(difference, std::abs(got[i] - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return difference / size;
}

double worst(const Grads<3>& got, const Grads<3>& expected) {
  return std::max({worst(got[0], expected[0]), worst(got[1], expected[1]), worst(got[2], expected[2])});
}

const std::vector<Shape> pictures{{1, 1, 1, 1}, {2, 5, 7, 3}, {3, 4, 4, 33}, {4, 16, 17, 6}};

}  // namespace

TEST_CASE("convolutions") {
  Rng rng(1);
  struct Case {
    Shape x, w;
    ConvOptions options;
  };
  for (const Case& c : std::vector<Case>{{{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
                                         {{2, 5, 7, 3}, {5, 3, 3, 3}, {.stride = 1, .padding = 1}},
                                         {{1, 6, 6, 16}, {20, 4, 4, 16}, {.stride = 2, .padding = 1}},
                                         {{1, 7, 5, 33}, {3, 2, 2, 33}, {.stride = 3}},
                                         {{2, 8, 8, 1}, {33, 3, 4, 1}, {.stride = 2, .padding = 2}},
                                         {{1, 9, 9, 32}, {1, 7, 7, 32}, {.padding = 3}}}) {
    const Tensor b = random({c.w[0]}, rng);
    check("conv2d", [&](Vars v) { return conv2d(v[0], v[1], v[2], c.options); },
          {random(c.x, rng), random(c.w, rng), b});
    check("conv2d without bias", [&](Vars v) { return conv2d(v[0], v[1], c.options); },
          {random(c.x, rng), random(c.w, rng)});
  }
  for (const Case& c :
       std::vector<Case>{{{1, 1, 1, 5}, {5, 4, 4, 3}, {}},
                         {{2, 3, 4, 6}, {6, 4, 4, 1}, {.stride = 2, .padding = 1}},
                         {{1, 3, 3, 9}, {9, 3, 3, 20}, {.stride = 2, .padding = 1, .output_padding = 1}},
                         {{2, 2, 3, 3}, {3, 2, 2, 16}, {.stride = 3, .output_padding = 2}}}) {
    check("conv_transpose2d", [&](Vars v) { return conv_transpose2d(v[0], v[1], v[2], c.options); },
          {random(c.x, rng), random(c.w, rng), random({c.w[3]}, rng)});
    check("conv_transpose2d without bias", [&](Vars v) { return conv_transpose2d(v[0], v[1], c.options); },
          {random(c.x, rng), random(c.w, rng)});
  }
}

TEST_CASE("the reference convolution with seven loops") {
  Rng rng(2);
  check("naive conv2d",
        [](Vars v) {
          return record(NaiveConv2d{2, 1}, v[0], v[1], v[2]);
        },
        {random({2, 5, 4, 3}, rng), random({4, 3, 3, 3}, rng), random({4}, rng)});
  check("naive conv_transpose2d",
        [](Vars v) {
          return record(NaiveConvTranspose2d{2, 1, 1}, v[0], v[1], v[2]);
        },
        {random({2, 3, 4, 4}, rng), random({4, 3, 3, 2}, rng), random({2}, rng)});
}

// Differences only show that backward matches forward; the reference loops check forward itself.
// A convolution is linear in each input: a large step has no truncation error, and little rounding error.
TEST_CASE("convolutions by Winograd's algorithm equal the seven loops") {
  Rng rng(6);
  struct Case {
    Shape x;
    Index K, padding, window = 3, stride = 1;
  };
  for (const Case& c : std::vector<Case>{{{1, 5, 6, 64}, 64, 1},  // few tiles, of 2 x 2 outputs each
                                         {{1, 6, 7, 64}, 72, 0},
                                         {{2, 16, 16, 64}, 64, 1},  // 32 tiles of 4 x 4
                                         {{3, 15, 17, 64}, 64, 0},
                                         {{9, 16, 14, 64}, 128, 1, 4, 2},  // 2 x 2 outputs each
                                         {{33, 16, 16, 64}, 128, 1, 4, 2}}) {
    const Tensor x = random(c.x, rng), w = random({c.K, c.window, c.window, 64}, rng), b = random({c.K}, rng);
    CAPTURE(c.x.str());
    CAPTURE(c.padding);
    Conv2dOp fast{c.stride, c.padding};
    NaiveConv2d naive{c.stride, c.padding};
    const Tensor y = naive.forward(x, w, b), dy = random(y.shape(), rng);
    CHECK(worst(fast.forward(x, w, b), y) < 1e-12);
    REQUIRE(winograd_tile(fast.window, WinogradPass::forward) > 1);
    const Grads<3> expected = naive.backward(dy), got = fast.backward(dy, {true, true, true});
    CHECK(worst(got, expected) < 1e-12);
    const GradcheckResult result = gradcheck(
        [&](Vars v) { return conv2d(v[0], v[1], v[2], {.stride = c.stride, .padding = c.padding}); },
        {x, w, b}, 1e-3, 1, 8);
    CHECK_MESSAGE(result.error < 1e-7, result.where);

    ConvTranspose2dOp painted{c.stride, c.padding};
    NaiveConvTranspose2d loops{c.stride, c.padding};
    const Tensor given = c.stride == 1 ? x : random(y.shape(), rng),
                 kernel = random({given.dim(3), c.window, c.window, 64}, rng), bias = random({64}, rng),
                 picture = loops.forward(given, kernel, bias), dpicture = random(picture.shape(), rng);
    CHECK(worst(painted.forward(given, kernel, bias), picture) < 1e-12);
    REQUIRE(winograd_tile(painted.window, WinogradPass::back) > 1);
    const Grads<3> back = loops.backward(dpicture), found = painted.backward(dpicture, {true, true, true});
    CHECK(worst(found, back) < 1e-12);
  }
}

TEST_CASE("normalisations") {
  Rng rng(3);
  for (const Shape& shape :
       {Shape{2, 5, 7, 3}, Shape{3, 4, 4, 33}, Shape{4, 16, 17, 6}, Shape{5, 3}, Shape{2, 3, 3, 66}}) {
    const Index C = shape[shape.rank() - 1];
    const std::vector<Tensor> all{random(shape, rng), random({C}, rng), random({C}, rng)};
    RunningStatistics running{Tensor::zeros({C}), Tensor::full({C}, 1)};
    check(
        "batch_norm", [&](Vars v) { return batch_norm(v[0], v[1], v[2], running); }, all);
    check(
        "batch_norm_eval", [&](Vars v) { return batch_norm_eval(v[0], v[1], v[2], running); }, all);
    check(
        "instance_norm_eval", [&](Vars v) { return instance_norm_eval(v[0], v[1], v[2], running); }, all);
    check(
        "layer_norm", [](Vars v) { return layer_norm(v[0], v[1], v[2]); }, all);
    check(
        "group_norm", [](Vars v) { return group_norm(v[0], 3, v[1], v[2]); }, all);
    check("pixel_norm", [](Vars v) { return pixel_norm(v[0]); }, {all[0]});
    if (shape.rank() == 2) continue;
    check(
        "instance_norm", [](Vars v) { return instance_norm(v[0], v[1], v[2]); }, all);
    check("instance_norm without weights", [](Vars v) { return instance_norm(v[0]); }, {all[0]});
  }
}

TEST_CASE("minibatch deviation") {
  Rng rng(4);
  check("minibatch_deviation", [](Vars v) { return minibatch_deviation(v[0], 2); },
        {random({4, 3, 2, 5}, rng)});
  check("minibatch_deviation of all", [](Vars v) { return minibatch_deviation(v[0], 3); },
        {random({3, 1, 2, 2}, rng)});
}

TEST_CASE("pools and margins") {
  Rng rng(5);
  for (const Shape& shape : pictures) {
    check("upsample_nearest", [](Vars v) { return upsample_nearest(v[0], 3); }, {random(shape, rng)});
    if (shape[1] == 1) continue;
    check("max_pool2d", [](Vars v) { return max_pool2d(v[0], 2); }, {random(shape, rng)});
    check("max_pool2d, overlapping", [](Vars v) { return max_pool2d(v[0], 3, 1); }, {random(shape, rng)});
    check("average_pool2d", [](Vars v) { return average_pool2d(v[0], 3, 2); }, {random(shape, rng)});
    check("reflection_pad2d", [](Vars v) { return reflection_pad2d(v[0], 3); }, {random(shape, rng)});
  }
}
