#include "gradus/generative/coverage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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

ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centers, Real deviation, double deviations,
                           double least_share) {
  GRADUS_CHECK(samples.rank() == 2 && centers.rank() == 2 && samples.dim(1) == centers.dim(1) &&
                   samples.dim(0) > 0 && centers.dim(0) > 0,
               "mode_coverage: samples must be [N, D] and centers [M, D], got ", samples.shape(), " and ",
               centers.shape());
  GRADUS_CHECK(deviation > 0, "mode_coverage: the deviation must be positive, got ", deviation);
  const Index N = samples.dim(0), M = centers.dim(0), D = samples.dim(1);
  const double limit = deviations * deviation;
  std::vector<Index> counts(static_cast<std::size_t>(M));
  for (Index n = 0; n < N; ++n) {
    double nearest = std::numeric_limits<double>::infinity();
    Index mode = 0;
    for (Index m = 0; m < M; ++m) {
      double squared = 0;
      for (Index d = 0; d < D; ++d) squared += std::pow(double(samples[n * D + d]) - centers[m * D + d], 2);
      if (squared < nearest) nearest = squared, mode = m;
    }
    counts[static_cast<std::size_t>(mode)] += nearest <= limit * limit;
  }
  ModeCoverage out;
  Index good = 0;
  for (const Index count : counts) {
    good += count;
    out.shares.push_back(static_cast<double>(count) / static_cast<double>(N));
    out.modes += out.shares.back() >= least_share;
  }
  out.high_quality = static_cast<double>(good) / static_cast<double>(N);
  return out;
}

}  // namespace gradus
