// Generated sprites are reproducible and smooth, and each factor has the named effect.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/data/generated/sprites.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

constexpr Index side = 32;

// Area, centre and second moments of the white part, in pixels.
struct Moments {
  double area = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  explicit Moments(const Tensor& image) {
    for (Index i = 0; i < side; ++i)
      for (Index j = 0; j < side; ++j) {
        const double ink = image.at({i, j, 0});
        area += ink;
        x += ink * (static_cast<double>(j) + 0.5);
        y += ink * (static_cast<double>(i) + 0.5);
      }
    x /= area;
    y /= area;
    for (Index i = 0; i < side; ++i)
      for (Index j = 0; j < side; ++j) {
        const double ink = image.at({i, j, 0}) / area, dx = static_cast<double>(j) + 0.5 - x,
                     dy = static_cast<double>(i) + 0.5 - y;
        xx += ink * dx * dx;
        yy += ink * dy * dy;
        xy += ink * dx * dy;
      }
  }
};

}  // namespace

TEST_CASE("sprites: shapes, ranges, labels") {
  const Sprites sprites = generated_sprites(300);
  CHECK(sprites.data.images.shape() == Shape{300, side, side, 1});
  CHECK(sprites.factors.shape() == Shape{300, 5});
  CHECK_NOTHROW(sprites.data.check());
  CHECK(sprites.data.class_names == std::vector<std::string>{"square", "ellipse", "heart"});
  for (int k = 0; k < 3; ++k) CHECK(sprites.data.only(k).size() > 70);
  Index grey = 0, white = 0;
  for (Index n = 0; n < 300; ++n) {
    CHECK(sprites.factors.at({n, 4}) == sprites.data.labels[static_cast<std::size_t>(n)]);
    for (Index i = 0; i < side; ++i)
      for (Index j = 0; j < side; ++j) {
        const Real value = sprites.data.images.at({n, i, j, 0});
        CHECK_UNARY(value >= 0 && value <= 1);
        if (std::min(i, j) == 0 || std::max(i, j) == side - 1) CHECK_UNARY(value == 0);
        grey += value > 0 && value < 1 ? 1 : 0;
        white += value == 1 ? 1 : 0;
      }
  }
  CHECK(grey > 0);            // an antialiased edge
  CHECK(grey < 0.9 * white);  // grey only at the edge
  for (std::size_t k = 0; k < 5; ++k)
    for (Index n = 0; n < 300; ++n) {
      const Real value = sprites.factors.at({n, static_cast<Index>(k)});
      CHECK_UNARY(SpriteFactors::low[k] <= value && value <= SpriteFactors::high[k]);
    }
}

TEST_CASE(
    "sprites: the same bits at any number of threads, from the seed; a shorter set is a prefix of a longer "
    "one") {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Sprites one = generated_sprites(60, 7);
  omp_set_num_threads(2);
  const Sprites two = generated_sprites(60, 7);
  omp_set_num_threads(threads);
  CHECK(same_bits(one.data.images, two.data.images));
  CHECK(one.data.labels == two.data.labels);
  CHECK_FALSE(same_bits(one.data.images, generated_sprites(60, 8).data.images));
  CHECK(same_bits(one.data.images, generated_sprites(90, 7).data.images.rows(0, 60).clone()));
  CHECK(same_bits(one.data.images, draw_sprites(one.factors)));
  const Tensor row = one.factors.row(5);
  CHECK(same_bits(one.data.images.row(5).clone(),
                  draw_sprite(SpriteFactors::of(std::span<const Real, 5>(row.data(), 5)))));
}

TEST_CASE("sprites: position, scale and rotation") {
  for (int shape = 0; shape < 3; ++shape) {
    const Moments middle(draw_sprite({.shape = shape}));
    const Moments right(draw_sprite({.x = 1, .shape = shape})), down(draw_sprite({.y = 1, .shape = shape}));
    CHECK(right.x - middle.x == doctest::Approx(8).epsilon(0.02));
    CHECK(right.y == doctest::Approx(middle.y).epsilon(0.02));
    CHECK(down.y - middle.y == doctest::Approx(8).epsilon(0.02));
    const Moments small(draw_sprite({.scale = 0, .shape = shape})),
        large(draw_sprite({.scale = 1, .shape = shape}));
    CHECK(large.area / small.area == doctest::Approx(4).epsilon(0.05));
    for (const double t : {-0.8, -0.3, 0.4, 0.9}) {
      const Moments turned(draw_sprite({.rotation = static_cast<Real>(t), .shape = shape}));
      CHECK(turned.area == doctest::Approx(middle.area).epsilon(0.04));
      CHECK(std::hypot(turned.x - 16, turned.y - 16) ==
            doctest::Approx(std::hypot(middle.x - 16, middle.y - 16)).epsilon(0.1));
    }
  }
  // The long axis of an ellipse: horizontal, then rotated clockwise, so that its right end moves down.
  const Moments level(draw_sprite({.shape = 1})), turned(draw_sprite({.rotation = Real(0.5), .shape = 1}));
  CHECK(level.xx > 2 * level.yy);
  CHECK(turned.xy > 0.3 * level.xx);
  CHECK(turned.xx == doctest::Approx(turned.yy).epsilon(0.02));
  // A heart is wide at the top and pointed at the bottom.
  const Tensor heart = draw_sprite({.scale = 1, .shape = 2});
  const auto ink = [&heart](Index from, Index to) {
    double sum = 0;
    for (Index i = from * side; i < to * side; ++i) sum += heart[i];
    return sum;
  };
  CHECK(ink(0, 16) > 1.15 * ink(16, 32));
  Index row = 0;
  while (ink(row, row + 1) < 1) ++row;
  CHECK(heart.at({row, 16, 0}) < 0.2);  // the notch
}

TEST_CASE("sprites: a small change of a factor is a small change of the image") {
  constexpr int steps = 200;
  Rng rng(2);
  for (int n = 0; n < 30; ++n) {
    const auto face = SpriteFactors::random(rng).values();
    for (std::size_t k = 0; k < 4; ++k) {
      Tensor before;
      double largest = 0;
      for (int s = 0; s <= steps; ++s) {
        auto values = face;
        values[k] = SpriteFactors::low[k] +
                    (SpriteFactors::high[k] - SpriteFactors::low[k]) * static_cast<Real>(s) / steps;
        const Tensor now = draw_sprite(SpriteFactors::of(values));
        for (Index i = 0; s > 0 && i < now.size(); ++i)
          largest = std::max(largest, static_cast<double>(std::abs(now[i] - before[i])));
        before = now;
      }
      CAPTURE(std::string(SpriteFactors::names[k]));
      CHECK(largest > 0.01);
      CHECK(largest < 0.25);
    }
  }
}

TEST_CASE("sprites: misuse gives an error") {
  CHECK_THROWS_AS(draw_sprite({.x = 2}), Error);
  CHECK_THROWS_AS(draw_sprite({.shape = 3}), Error);
  CHECK_THROWS_AS(draw_sprite({.scale = std::nanf("")}), Error);
  CHECK_THROWS_AS(draw_sprite({}, 4), Error);
  CHECK_THROWS_AS(generated_sprites(0), Error);
  CHECK_THROWS_AS(draw_sprites(Tensor::zeros({2, 3})), Error);
  Tensor factors = Tensor::zeros({1, 5});
  factors[4] = Real(0.5);  // half a shape
  CHECK_THROWS_AS(draw_sprites(factors), Error);
}
