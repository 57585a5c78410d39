#include "gradus/generative/clustering.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

/// The number of examples of every pair (a, b) that occurs.
std::map<std::pair<int, int>, double> pairs_of(const char* op, const std::vector<int>& a,
                                               const std::vector<int>& b) {
  GRADUS_CHECK(a.size() == b.size() && !a.empty(), op, ": needs two lists of the same length, got ", a.size(),
               " and ", b.size(), " values");
  std::map<std::pair<int, int>, double> pairs;
  for (std::size_t n = 0; n < a.size(); ++n) {
    GRADUS_CHECK(a[n] >= 0 && b[n] >= 0, op, ": value ", n, " is negative");
    ++pairs[{a[n], b[n]}];
  }
  return pairs;
}

}  // namespace

double purity(const std::vector<int>& clusters, const std::vector<int>& labels) {
  std::map<int, double> most;  // per cluster, the number of its most frequent label
  for (const auto& [pair, count] : pairs_of("purity", clusters, labels))
    most[pair.first] = std::max(most[pair.first], count);
  double sum = 0;
  for (const auto& [cluster, count] : most) sum += count;
  return sum / static_cast<double>(clusters.size());
}

double normalised_mutual_information(const std::vector<int>& a, const std::vector<int>& b) {
  const auto pairs = pairs_of("normalised_mutual_information", a, b);
  const double N = static_cast<double>(a.size());
  std::map<int, double> of_a, of_b;
  for (const auto& [pair, count] : pairs) of_a[pair.first] += count, of_b[pair.second] += count;
  double information = 0, entropies = 0;
  for (const auto& [pair, count] : pairs)
    information += count / N * std::log(count * N / (of_a[pair.first] * of_b[pair.second]));
  for (const auto* side : {&of_a, &of_b})
    for (const auto& [value, count] : *side) entropies -= count / N * std::log(count / N);
  return of_a.size() == 1 && of_b.size() == 1 ? 1 : 2 * information / entropies;
}

}  // namespace gradus
