#include "gradus/generative/roc.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

// The scores, largest first.
std::vector<Real> falling(const char* name, const char* which, std::span<const Real> scores) {
  GRADUS_CHECK(!scores.empty(), name, ": no ", which, " example");
  for (std::size_t i = 0; i < scores.size(); ++i)
    GRADUS_CHECK(!std::isnan(scores[i]), name, ": score ", i, " of the ", which, " examples is NaN");
  std::vector<Real> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted;
}

double share(std::size_t count, const std::vector<Real>& all) {
  return static_cast<double>(count) / static_cast<double>(all.size());
}

RocCurve curve(const char* name, std::span<const Real> negative, std::span<const Real> positive) {
  const std::vector<Real> n = falling(name, "negative", negative), p = falling(name, "positive", positive);
  RocCurve out{{0}, {0}};
  for (std::size_t i = 0, j = 0; i < n.size() || j < p.size();) {
    const Real threshold = j == p.size() || (i < n.size() && n[i] > p[j]) ? n[i] : p[j];
    while (i < n.size() && n[i] == threshold) ++i;
    while (j < p.size() && p[j] == threshold) ++j;
    out.false_positive.push_back(share(i, n));
    out.true_positive.push_back(share(j, p));
  }
  return out;
}

}  // namespace

RocCurve roc_curve(std::span<const Real> negative, std::span<const Real> positive) {
  return curve("roc_curve", negative, positive);
}

// A trapezoid counts the pairs whose negative example lies in its segment: those with a larger positive score
// whole, and those with an equal score half.
double auroc(std::span<const Real> negative, std::span<const Real> positive) {
  const auto [x, y] = curve("auroc", negative, positive);
  double area = 0;
  for (std::size_t i = 1; i < x.size(); ++i) area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
  return area;
}

double false_positive_rate(std::span<const Real> negative, std::span<const Real> positive, double detected) {
  GRADUS_CHECK(0 < detected && detected <= 1, "false_positive_rate: detected = ", detected,
               ", expected 0 < detected <= 1");
  const std::vector<Real> n = falling("false_positive_rate", "negative", negative),
                          p = falling("false_positive_rate", "positive", positive);
  // The smallest count with count / M >= detected; 1e-9 absorbs the rounding of detected * M.
  const auto count = static_cast<std::size_t>(std::ceil(detected * static_cast<double>(p.size()) - 1e-9));
  const Real threshold = p[std::max<std::size_t>(count, 1) - 1];
  const auto above = std::count_if(n.begin(), n.end(), [=](Real score) { return score >= threshold; });
  return share(static_cast<std::size_t>(above), n);
}

}  // namespace gradus
