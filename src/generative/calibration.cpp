#include "gradus/generative/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {

CalibrationCurve calibration_curve(std::span<const Real> probabilities, std::span<const int> labels,
                                   Index bins) {
  const std::size_t N = probabilities.size();
  GRADUS_CHECK(N > 0 && labels.size() == N, "calibration_curve: ", N, " probabilities and ", labels.size(),
               " labels, expected equally many and at least one");
  GRADUS_CHECK(bins >= 1, "calibration_curve: ", bins, " bins, needs at least 1");
  const auto size = static_cast<std::size_t>(bins);
  std::vector<double> predicted(size), observed(size);
  std::vector<Index> counts(size);
  for (std::size_t i = 0; i < N; ++i) {
    const Real p = probabilities[i];
    GRADUS_CHECK(0 <= p && p <= 1, "calibration_curve: probability ", i, " is ", p, ", expected 0 .. 1");
    GRADUS_CHECK(labels[i] == 0 || labels[i] == 1, "calibration_curve: label ", i, " is ", labels[i],
                 ", expected 0 or 1");
    const auto bin = static_cast<std::size_t>(
        std::min<Index>(bins - 1, static_cast<Index>(p * static_cast<Real>(bins))));  // 1 is in the last bin
    predicted[bin] += p;
    observed[bin] += labels[i];
    ++counts[bin];
  }
  CalibrationCurve out;
  for (std::size_t b = 0; b < size; ++b) {
    if (counts[b] == 0) continue;
    const auto count = static_cast<double>(counts[b]);
    out.predicted.push_back(predicted[b] / count);
    out.observed.push_back(observed[b] / count);
    out.counts.push_back(counts[b]);
    out.error += std::abs(predicted[b] - observed[b]) / static_cast<double>(N);
  }
  return out;
}

}  // namespace gradus
