#include "gradus/generative/modes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

/// `counts`: samples per mode, of N samples.
ModeCoverage coverage_of(const std::vector<Index>& counts, Index N, double least_share) {
  ModeCoverage out;
  Index all = 0;
  for (const Index count : counts) {
    all += count;
    out.shares.push_back(static_cast<double>(count) / static_cast<double>(N));
    out.modes += out.shares.back() >= least_share;
  }
  out.high_quality = static_cast<double>(all) / static_cast<double>(N);
  return out;
}

}  // namespace

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
  return coverage_of(counts, N, least_share);
}

ModeCoverage class_coverage(const std::vector<int>& seen, int classes, double least_share) {
  GRADUS_CHECK(!seen.empty(), "class_coverage: no samples");
  std::vector<Index> counts(static_cast<std::size_t>(std::max(0, classes)));
  for (const int one : seen) {
    GRADUS_CHECK(one >= 0 && one < classes, "class_coverage: class ", one, " is outside 0 .. ", classes - 1);
    ++counts[static_cast<std::size_t>(one)];
  }
  return coverage_of(counts, static_cast<Index>(seen.size()), least_share);
}

}  // namespace gradus
