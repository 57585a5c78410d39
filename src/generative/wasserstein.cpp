#include "gradus/generative/wasserstein.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

std::vector<double> sorted(const Tensor& x, const char* name) {
  const bool list = x.rank() == 1 || (x.rank() == 2 && x.dim(1) == 1);
  GRADUS_CHECK(list && x.size() > 0, "wasserstein1: ", name, " must be [N] or [N, 1] with N > 0, got ",
               x.shape());
  std::vector<double> out(x.values().begin(), x.values().end());
  GRADUS_CHECK(std::all_of(out.begin(), out.end(), [](double v) { return std::isfinite(v); }),
               "wasserstein1: ", name, " holds NaN or an infinite number");
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

// Both quantile functions are step functions, of widths 1/N and 1/M.
// The loop traverses the union of their steps.
double wasserstein1(const Tensor& a_in, const Tensor& b_in) {
  const std::vector<double> a = sorted(a_in, "a"), b = sorted(b_in, "b");
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

}  // namespace gradus
