// Your file for exercise 6. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/manifold.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"

namespace gradus {

Tensor quantile_sheet(Index n) {
  GRADUS_CHECK(n >= 1, "quantile_sheet: needs at least one row, got ", n);
  // TODO(6.6) Return the codes of an n x n sheet of pictures, [n * n, 2], row by row,
  // the upper left picture first. The first number of a code belongs to the column and grows to the right,
  // the second to the row and grows UPWARDS, as on paper.
  // Divide the interval (0, 1) into n equal parts, take the middle of each, and apply normal_quantile:
  // then any two neighbours have the same probability of N(0, 1) between them.
  todo("6.6", n);
}

Tensor traversals(const Tensor& z, Index steps, Real low, Real high) {
  GRADUS_CHECK(z.rank() == 1 && steps >= 2, "traversals: z must be [K] and steps at least 2, got ", z.shape(),
               " and ", steps);
  // TODO(6.5) Return one code per row, [K * steps, K]: first the `steps` rows of unit 0,
  // then those of unit 1, and so on. Every row is z with one element replaced: in the rows of unit k,
  // element k goes from low (first row) to high (last row) in equal steps, both ends included.
  todo("6.5", z, steps, low, high);
}

double normal_quantile(double p) {
  GRADUS_CHECK(p > 0 && p < 1, "normal_quantile: the probability must be inside (0, 1), got ", p);
  if (p > 0.5)
    return -normal_quantile(1 - p);  // 1 - p is exact here, and erfc is accurate in the lower tail only
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                          6.680131188771972e+01, -1.328068155288572e+01};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                          3.754408661907416e+00};
  const auto tail = [&](double q) {
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  };
  constexpr double low = 0.02425;
  double z;
  if (p < low) {
    z = tail(std::sqrt(-2 * std::log(p)));
  } else {
    const double q = p - 0.5, r = q * q;
    z = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
        (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
  }
  const double error = 0.5 * std::erfc(-z / std::numbers::sqrt2) - p;
  const double step = error * std::sqrt(2 * std::numbers::pi) * std::exp(0.5 * z * z);
  return z - step / (1 + 0.5 * z * step);
}

namespace {

/// Rows u(t) a + v(t) b for t = 0 .. 1.
template <class U, class V>
Tensor mixtures(const char* op, const Tensor& a, const Tensor& b, Index steps, U u, V v) {
  GRADUS_CHECK(a.rank() == 1 && a.shape() == b.shape() && steps >= 2, op,
               ": a and b must both be [K] and steps at least 2, got ", a.shape(), ", ", b.shape(), " and ",
               steps);
  const Index K = a.size();
  Tensor out({steps, K});
  for (Index s = 0; s < steps; ++s) {
    const double t = static_cast<double>(s) / static_cast<double>(steps - 1);
    for (Index k = 0; k < K; ++k) out[s * K + k] = static_cast<Real>(u(t) * a[k] + v(t) * b[k]);
  }
  return out;
}

}  // namespace

Tensor lerp(const Tensor& a, const Tensor& b, Index steps) {
  return mixtures(
      "lerp", a, b, steps, [](double t) { return 1 - t; }, [](double t) { return t; });
}

Tensor slerp(const Tensor& a, const Tensor& b, Index steps) {
  double aa = 0, bb = 0, ab = 0;
  for (Index k = 0; k < std::min(a.size(), b.size()); ++k) {
    aa += double(a[k]) * a[k];
    bb += double(b[k]) * b[k];
    ab += double(a[k]) * b[k];
  }
  const double la = std::sqrt(aa), lb = std::sqrt(bb),
               angle = std::acos(std::clamp(ab / (la * lb), -1.0, 1.0));
  if (!(std::sin(angle) > 1e-6)) return lerp(a, b, steps);  // equal or opposite directions, or a zero vector
  const auto length = [=](double t) { return (1 - t) * la + t * lb; };
  return mixtures(
      "slerp", a, b, steps,
      [=](double t) { return length(t) / la * std::sin((1 - t) * angle) / std::sin(angle); },
      [=](double t) { return length(t) / lb * std::sin(t * angle) / std::sin(angle); });
}

Tensor attribute_vector(const Tensor& codes, std::span<const Real> value, Real part) {
  GRADUS_CHECK(codes.rank() == 2 && static_cast<Index>(value.size()) == codes.dim(0),
               "attribute_vector: codes ", codes.shape(), " need as many values, got ", value.size());
  const Index N = codes.dim(0), K = codes.dim(1), count = static_cast<Index>(part * static_cast<Real>(N));
  GRADUS_CHECK(count >= 1 && 2 * count <= N, "attribute_vector: ", part, " of ", N,
               " examples: needs at least one and at most half at each end");
  std::vector<Index> order(static_cast<std::size_t>(N));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) {
    return value[static_cast<std::size_t>(i)] < value[static_cast<std::size_t>(j)];
  });
  Tensor direction = Tensor::zeros({K});
  for (Index i = 0; i < count; ++i)
    for (Index k = 0; k < K; ++k)
      direction[k] += (codes[order[static_cast<std::size_t>(N - 1 - i)] * K + k] -
                       codes[order[static_cast<std::size_t>(i)] * K + k]) /
                      static_cast<Real>(count);
  return direction;
}

}  // namespace gradus
