// Accuracy of the branch-free functions, in units in the last place (ulp) of a float,
// over the whole range of floats.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "gradus/base/fast_math.hpp"

using namespace gradus;

#ifndef GRADUS_DOUBLE
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float no_number = std::numeric_limits<float>::quiet_NaN();

/// Distance from the float nearest to `exact` in units of its last place (at least
/// that of the smallest normal number).
double ulps(float value, double exact) {
  if (std::isnan(exact)) return std::isnan(value) ? 0 : 1e30;
  if (std::isinf(exact) || std::isinf(value)) return static_cast<double>(value) == exact ? 0 : 1e30;
  const int exponent = std::max(std::ilogb(exact == 0 ? 1e-300 : exact), -126);
  return std::abs(value - exact) / std::ldexp(1.0, exponent - 23);
}

struct Worst {
  double error = 0;
  float at = 0;
};

/// The largest error(x) over every `stride`-th float in [low, high], including both signs of zero.
template <class Error>
Worst worst(float low, float high, std::uint32_t stride, Error error) {
  Worst found;
  const auto sweep = [&](float from, float to, float sign) {  // 0 <= from <= to
    const std::uint32_t last = std::bit_cast<std::uint32_t>(to);
    for (std::uint32_t bits = std::bit_cast<std::uint32_t>(from); bits <= last; bits += stride) {
      const float x = sign * std::bit_cast<float>(bits);
      const double e = error(x);
      if (!(e <= found.error)) found = {e, x};
    }
    if (!(error(sign * to) <= found.error)) found = {error(sign * to), sign * to};
  };
  if (low < 0) sweep(high < 0 ? -high : 0, -low, -1);
  if (high >= 0) sweep(low > 0 ? low : 0, high, 1);
  return found;
}

/// True when f never decreases by more than `slack` units in the last place
/// between neighbouring floats around x.
template <class F>
bool monotone_near(F f, float x, double slack) {
  float before = x;
  for (int i = 0; i < 2000; ++i) before = std::nextafter(before, -inf);
  float last = f(before);
  for (int i = 0; i < 4000; ++i) {
    before = std::nextafter(before, inf);
    const float now = f(before);
    if (now < last && ulps(now, last) > slack) return false;
    last = now;
  }
  return true;
}

float sigmoid(float x) { return fast_sigmoid(x); }
float softplus(float x) { return fast_softplus(x); }
float exp_of(float x) { return fast_exp(x); }
float log_of(float x) { return fast_log(x); }
float tanh_of(float x) { return fast_tanh(x); }

constexpr std::uint32_t stride = 4999;  // a prime, so that every bit of the mantissa changes

}  // namespace

TEST_CASE("fast_exp: two units in the last place, from the smallest to the largest result") {
  const Worst normal =
      worst(-87.33654f, 88.72283f, stride, [](float x) { return ulps(fast_exp(x), std::exp(double{x})); });
  CAPTURE(normal.at);
  CHECK(normal.error < 2);
  for (const float x : {-87.34f, -88.0f, -100.0f, -1e10f, -std::numeric_limits<float>::max(), -inf})
    CHECK(fast_exp(x) == 0);
  for (const float x : {88.72284f, 89.0f, 1e10f, std::numeric_limits<float>::max(), inf})
    CHECK(fast_exp(x) == inf);
  CHECK(std::isfinite(fast_exp(88.72283f)));
  CHECK(std::isnan(fast_exp(no_number)));
  CHECK(fast_exp(0.0f) == 1);
  CHECK(fast_exp(-0.0f) == 1);
  CHECK(fast_exp(1e-42f) == 1);
}

TEST_CASE("fast_log: two units in the last place for every positive float") {
  const float smallest = std::numeric_limits<float>::denorm_min();
  const Worst all = worst(smallest, std::numeric_limits<float>::max(), stride,
                          [](float x) { return ulps(fast_log(x), std::log(double{x})); });
  CAPTURE(all.at);
  CHECK(all.error < 2);
  const Worst near_one =
      worst(0.99f, 1.01f, 1, [](float x) { return ulps(fast_log(x), std::log(double{x})); });
  CAPTURE(near_one.at);
  CHECK(near_one.error < 2);
  CHECK(fast_log(1.0f) == 0);
  CHECK(fast_log(0.0f) == -inf);
  CHECK(fast_log(-0.0f) == -inf);
  CHECK(fast_log(inf) == inf);
  for (const float x : {-smallest, -1.0f, -inf, no_number}) CHECK(std::isnan(fast_log(x)));
}

TEST_CASE("fast_tanh: three units in the last place, odd, within [-1, 1]") {
  const Worst all =
      worst(-100, 100, stride, [](float x) { return ulps(fast_tanh(x), std::tanh(double{x})); });
  CAPTURE(all.at);
  CHECK(all.error < 3);
  const Worst outside = worst(-100, 100, stride, [](float x) {
    return std::abs(fast_tanh(x)) > 1 || fast_tanh(-x) != -fast_tanh(x) ? 1.0 : 0.0;
  });
  CHECK(outside.error == 0);
  CHECK(fast_tanh(inf) == 1);
  CHECK(fast_tanh(-inf) == -1);
  CHECK(fast_tanh(1e30f) == 1);
  CHECK(std::isnan(fast_tanh(no_number)));
  CHECK(fast_tanh(1e-40f) == 1e-40f);  // also denormal numbers
}

TEST_CASE("fast_sigmoid: four units in the last place, including the tails") {
  const Worst all =
      worst(-87, 100, stride, [](float x) { return ulps(fast_sigmoid(x), 1 / (1 + std::exp(-double{x}))); });
  CAPTURE(all.at);
  CHECK(all.error < 4);
  CHECK(fast_sigmoid(0.0f) == 0.5f);
  CHECK(fast_sigmoid(inf) == 1);
  CHECK(fast_sigmoid(-inf) == 0);
  CHECK(fast_sigmoid(-1e4f) == 0);
  CHECK(std::isnan(fast_sigmoid(no_number)));
}

TEST_CASE("fast_softplus: 1.5e-7 of max(1, result), finite for every finite number") {
  const auto exact = [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); };
  const Worst all = worst(-200, 200, stride, [&](float x) {
    const double e = exact(x);
    return std::abs(fast_softplus(x) - e) / std::max(1.0, e);
  });
  CAPTURE(all.at);
  CHECK(all.error < 1.5e-7);
  const Worst negative = worst(-200, 200, stride, [](float x) { return fast_softplus(x) < 0 ? 1.0 : 0.0; });
  CHECK(negative.error == 0);
  const Worst tail =
      worst(-87, 0, stride, [&](float x) { return std::abs(fast_softplus(x) / exact(x) - 1); });
  CAPTURE(tail.at);
  CHECK(tail.error < 3e-7);  // relative to the result: log(1 + e) loses all digits below -16
  const float largest = std::numeric_limits<float>::max();
  CHECK(fast_softplus(largest) == largest);
  CHECK(fast_softplus(-largest) == 0);
  CHECK(fast_softplus(inf) == inf);
  CHECK(fast_softplus(-inf) == 0);
  CHECK(std::isnan(fast_softplus(no_number)));
}

TEST_CASE("sine and cosine of a fraction of a turn") {
  const double pi = std::numbers::pi;
  const Worst sine = worst(-0.5f, 0.5f, stride * 7,
                           [=](float t) { return std::abs(fast_sin_turn(t) - std::sin(2 * pi * t)); });
  const Worst cosine = worst(-0.5f, 0.5f, stride * 7,
                             [=](float t) { return std::abs(fast_cos_turn(t) - std::cos(2 * pi * t)); });
  CAPTURE(sine.at);
  CAPTURE(cosine.at);
  CHECK(sine.error < 3e-7);
  CHECK(cosine.error < 3e-7);
  CHECK(fast_sin_turn(0.0f) == 0);
  CHECK(fast_cos_turn(0.0f) == doctest::Approx(1));
  CHECK(fast_cos_turn(0.5f) == doctest::Approx(-1));
  CHECK(fast_sin_turn(-0.25f) == doctest::Approx(-1));
  CHECK(std::isnan(fast_sin_turn(no_number)));
}

TEST_CASE("no decrease where the formulas change over") {
  const float log2 = 0.69314718f;
  for (const int n : {-126, -60, -1, 0, 1, 63, 126}) {  // the argument's power of two changes half way
    CAPTURE(n);
    CHECK(monotone_near(exp_of, (static_cast<float>(n) + 0.5f) * log2, 2));
  }
  for (const float x : {0.70710678f, 1.41421356f, 1.0f, 2.0f, 1.17549435e-38f}) {
    CAPTURE(x);
    CHECK(monotone_near(log_of, x, 2));
  }
  for (const float x : {-0.625f, 0.625f, 0.0f}) {
    CAPTURE(x);
    CHECK(monotone_near(tanh_of, x, 3));
  }
  CHECK(monotone_near(sigmoid, 0, 3));
  CHECK(monotone_near(softplus, 0, 3));
}
#endif
