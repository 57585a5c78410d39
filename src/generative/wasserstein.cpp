#include "gradus/generative/wasserstein.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

std::vector<double> checked_and_sorted(std::vector<double> x, const char* op, const char* name) {
  GRADUS_CHECK(std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }), op, ": ", name,
               " holds NaN or an infinite number");
  std::sort(x.begin(), x.end());
  return x;
}

std::vector<double> list_of(const Tensor& x, const char* name) {
  const bool list = x.rank() == 1 || (x.rank() == 2 && x.dim(1) == 1);
  GRADUS_CHECK(list && x.size() > 0, "wasserstein1: ", name, " must be [N] or [N, 1] with N > 0, got ",
               x.shape());
  return checked_and_sorted({x.values().begin(), x.values().end()}, "wasserstein1", name);
}

// Both quantile functions are step functions, of widths 1/N and 1/M.
// The loop traverses the union of their steps.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t N = a.size(), M = b.size();
  double sum = 0;
  std::size_t i = 0, j = 0, t = 0;  // t counts in units of 1 / (N M), so that rounding cannot split a step
  while (i < N && j < M) {
    const std::size_t next = std::min((i + 1) * M, (j + 1) * N);
    sum += static_cast<double>(next - t) * std::abs(a[i] - b[j]);
    t = next;
    if (t == (i + 1) * M) ++i;
    if (t == (j + 1) * N) ++j;
  }
  return sum / (static_cast<double>(N) * static_cast<double>(M));
}

std::vector<double> projected(const Tensor& x, const char* name, double angle) {
  GRADUS_CHECK(x.rank() == 2 && x.dim(1) == 2 && x.dim(0) > 0, "sliced_wasserstein1: ", name,
               " must be [N, 2] with N > 0, got ", x.shape());
  std::vector<double> out;
  for (Index n = 0; n < x.dim(0); ++n)
    out.push_back(std::cos(angle) * double{x[2 * n]} + std::sin(angle) * double{x[2 * n + 1]});
  return checked_and_sorted(std::move(out), "sliced_wasserstein1", name);
}

}  // namespace

double wasserstein1(const Tensor& a, const Tensor& b) { return distance(list_of(a, "a"), list_of(b, "b")); }

double sliced_wasserstein1(const Tensor& a, const Tensor& b, int directions) {
  GRADUS_CHECK(directions >= 1, "sliced_wasserstein1: directions must be at least 1, got ", directions);
  double sum = 0;
  for (int k = 0; k < directions; ++k) {
    const double angle = k * std::numbers::pi / directions;
    sum += distance(projected(a, "a", angle), projected(b, "b", angle));
  }
  return sum / directions;
}

}  // namespace gradus
