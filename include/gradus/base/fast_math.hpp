#pragma once
// Branch-free exp, log, tanh and related functions that compilers vectorise.
//
// The standard library's functions are calls, and a call in a loop costs ten times the arithmetic. These use
// range reduction and a polynomial, as mathematical libraries do, and are accurate to about 2 units in the
// last place of a float. NaN gives NaN and the infinities give their limits, so checks for non-finite values
// keep working. In the double build they are the standard functions, because only accuracy counts there.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "gradus/base/real.hpp"

namespace gradus {

// The double build calls the standard library; the argument of fast_cos_turn and fast_sin_turn is in turns.
inline double fast_exp(double x) { return std::exp(x); }
inline double fast_log(double x) { return std::log(x); }
inline double fast_tanh(double x) { return std::tanh(x); }
inline double fast_cos_turn(double t) { return std::cos(2 * std::numbers::pi * t); }
inline double fast_sin_turn(double t) { return std::sin(2 * std::numbers::pi * t); }

/// e^x = 2^n e^r with n = round(x / log 2) and |r| <= log(2) / 2. Below -87.3 the result is 0.
inline float fast_exp(float x) {
  constexpr float low = -87.33654f, high = 88.722839f;
  float clamped = x < low ? low : x;
  clamped = clamped > high ? high : clamped;
  constexpr float magic =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits of the mantissa
  const float shifted = clamped * 1.44269504f + magic;
  const float n = shifted - magic;
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // log 2 in two parts
  float p = 1.9875691e-4f;
  p = p * r + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665796e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 5.0000001e-1f;
  p = p * r * r + r + 1.0f;
  // 2^n in two halves, because n may be 128
  const std::int32_t whole = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(shifted) - 0x4B400000u);
  const std::int32_t half = whole >> 1;
  const float scale1 = std::bit_cast<float>((half + 127) << 23);
  const float scale2 = std::bit_cast<float>((whole - half + 127) << 23);
  const float y = p * scale1 * scale2;
  const float capped = x > high ? std::numeric_limits<float>::infinity() : y;
  return x < low ? 0.0f : capped;
}

/// e log 2 + log(1 + m) for 1 + m in [sqrt(1/2), sqrt(2)).
inline float log_of_parts(float e, float m) {
  const float m2 = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  return p * m * m2 - e * 2.12194440e-4f - 0.5f * m2 + m + e * 0.693359375f;  // log 2 in two parts
}

/// log x = e log 2 + log(1 + m). Negative x gives NaN, zero gives -inf.
inline float fast_log(float x) {
  const bool tiny = x < 1.17549435e-38f;  // denormal values are first multiplied by 2^23
  const float scaled = tiny ? x * 8388608.0f : x;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(scaled);
  const std::uint32_t offset = bits - 0x3F3504F3u;  // sqrt(1/2)
  const std::int32_t exponent = static_cast<std::int32_t>(offset) >> 23;
  bits -= static_cast<std::uint32_t>(exponent) << 23;
  const float m = std::bit_cast<float>(bits) - 1.0f;
  const float e = static_cast<float>(exponent) - (tiny ? 23.0f : 0.0f);
  float y = log_of_parts(e, m);
  y = x == 0.0f ? -std::numeric_limits<float>::infinity() : y;
  y = x == std::numeric_limits<float>::infinity() ? x : y;
  return x >= 0.0f ? y : std::numeric_limits<float>::quiet_NaN();
}

/// tanh x: an odd polynomial near zero, (1 - e) / (1 + e) with e = exp(-2|x|) elsewhere.
inline float fast_tanh(float x) {
  const float a = x < 0 ? -x : x;
  const float e = fast_exp(-2.0f * a);
  const float outer = (1.0f - e) / (1.0f + e);
  const float x2 = x * x;
  float p = -5.70498872745e-3f;
  p = p * x2 + 2.06390887954e-2f;
  p = p * x2 - 5.37397155531e-2f;
  p = p * x2 + 1.33314422036e-1f;
  p = p * x2 - 3.33332819422e-1f;
  const float inner = x + x * x2 * p;
  const float signed_outer = x < 0 ? -outer : outer;
  return a < 0.625f ? inner : signed_outer;
}

/// sin(2 pi t) for t in [-1/2, 1/2]: an odd polynomial after folding to [-1/4, 1/4].
inline float fast_sin_turn(float t) {
  const float fold = t > 0.25f ? 0.5f - t : (t < -0.25f ? -0.5f - t : t);
  const float a = fold * 6.28318531f, a2 = a * a;
  float p = -2.50521084e-8f;  // Taylor coefficients: sufficient on a quarter turn
  p = p * a2 + 2.75573192e-6f;
  p = p * a2 - 1.98412698e-4f;
  p = p * a2 + 8.33333333e-3f;
  p = p * a2 - 1.66666667e-1f;
  return a + a * a2 * p;
}

/// cos(2 pi t) = sin(2 pi (1/4 - |t|)) for t in [-1/2, 1/2].
inline float fast_cos_turn(float t) { return fast_sin_turn(0.25f - (t < 0 ? -t : t)); }

/// 1 / (1 + e^-x)
template <class T>
inline T fast_sigmoid(T x) {
  return T(1) / (T(1) + fast_exp(-x));
}

/// log(1 + x)
inline double fast_log1p(double x) { return std::log1p(x); }

/// log(1 + x) for 0 <= x <= 1: log 2 + log((1 + x) / 2) where 1 + x is above sqrt(2).
inline float fast_log1p(float x) {
  const bool upper = x > 0.41421356f;
  return log_of_parts(upper ? 1.0f : 0.0f, upper ? 0.5f * x - 0.5f : x);
}

/// log(1 + e^x), without overflow: max(x, 0) + log(1 + e^-|x|)
template <class T>
inline T fast_softplus(T x) {
  const T e = fast_exp(x < 0 ? x : -x);
  return (x > 0 ? x : (x <= 0 ? T(0) : x)) + fast_log1p(e);
}

}  // namespace gradus
