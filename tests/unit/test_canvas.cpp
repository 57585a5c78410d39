#include <doctest/doctest.h>

#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/io/canvas.hpp"

using namespace gradus;

namespace {

Real ink(const Canvas& canvas, Index row, Index column) {  // amount of black on white
  return 1 - canvas.image().at({row, column, 0});
}

double total_ink(const Canvas& canvas) {
  double sum = 0;
  for (const Real v : canvas.image().values()) sum += 1 - v;
  return sum / 3;
}

}  // namespace

TEST_CASE("canvas: a disc is at its coordinates, with its area") {
  Canvas canvas(50, 100, {-1, 1, 0, 1});
  CHECK(canvas.image().shape() == Shape{50, 100, 3});
  CHECK(total_ink(canvas) == 0);
  canvas.disc(0.5, 0.75, 8, colors::black);  // pixel (12, 75)
  CHECK(ink(canvas, 12, 74) == 1);
  CHECK(ink(canvas, 12, 83) < 1);
  CHECK(ink(canvas, 37, 75) == 0);
  CHECK(ink(canvas, 12, 25) == 0);
  CHECK(std::abs(total_ink(canvas) - 3.14159 * 64) < 4);
}

TEST_CASE("canvas: half a disc is clipped at the border, a distant one draws nothing, opacity blends") {
  Canvas canvas(40, 40, {0, 1, 0, 1});
  canvas.disc(0, 0.5, 8, colors::black);
  CHECK(std::abs(total_ink(canvas) - 3.14159 * 32) < 4);
  Canvas clean(40, 40, {0, 1, 0, 1});
  for (const double far : {-5.0, 5.0, 1e30, -1e30, std::nan("")})
    for (const bool across : {true, false}) {
      clean.disc(across ? far : 0.5, across ? 0.5 : far, 3, colors::black);
      clean.line({far, far}, {across ? far : 0, across ? far : 0}, colors::black);
    }
  CHECK(total_ink(clean) == 0);
  clean.disc(0.5, 0.5, 5, colors::red, 0.5);
  CHECK(std::abs(clean.image().at({20, 20, 1}) - (1 + colors::red.green) / 2) < 1e-5);
}

TEST_CASE("canvas: lines and bars") {
  Canvas canvas(40, 80, {0, 8, 0, 4});
  canvas.line({0, 8}, {2, 2}, colors::black, 2);
  CHECK(std::abs(total_ink(canvas) - 160) < 3);
  CHECK(ink(canvas, 19, 40) == 1);
  CHECK(ink(canvas, 20, 40) == 1);
  CHECK(ink(canvas, 10, 40) == 0);
  Canvas bars(40, 80, {0, 8, -1, 3});
  bars.bars({0, 2, 4, 8}, {1, 0, 2}, colors::black);
  CHECK(total_ink(bars) == 20 * 10 + 40 * 20);  // neither gap nor overlap
  CHECK(ink(bars, 29, 0) == 1);                 // just above y = 0
  CHECK(ink(bars, 30, 0) == 0);
  CHECK_THROWS_AS(canvas.line({0, 1}, {0}, colors::black), Error);
  CHECK_THROWS_AS(canvas.bars({0, 1}, {0, 1}, colors::black), Error);
}

TEST_CASE("canvas: fill colours every pixel by its position; sizes must be positive") {
  Canvas canvas(2, 4, {0, 4, 0, 2});
  canvas.fill([](double x, double y) {
    return Color{static_cast<Real>(x / 4), static_cast<Real>(y / 2), 0};
  });
  CHECK(canvas.image().at({0, 0, 0}) == Real(0.125));
  CHECK(canvas.image().at({0, 3, 0}) == Real(0.875));
  CHECK(canvas.image().at({0, 0, 1}) == Real(0.75));  // the top row has the larger y
  CHECK(canvas.image().at({1, 0, 1}) == Real(0.25));
  canvas.letters(0, 0, "I", 1);
  CHECK_THROWS_AS(Canvas(0, 4, {}), Error);
  CHECK_THROWS_AS(Canvas(4, 4, {1, 1, 0, 1}), Error);
}
