#include "gradus/generative/group_rates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/check.hpp"

namespace gradus {

Proportion proportion(Index hits, Index of) {
  GRADUS_CHECK(0 <= hits && hits <= of, "proportion: ", hits, " of ", of, ", expected 0 <= hits <= of");
  if (of == 0) return {.rate = std::numeric_limits<double>::quiet_NaN()};
  constexpr double z = 1.959964;
  const auto n = static_cast<double>(of);
  const double rate = static_cast<double>(hits) / n, scale = 1 + z * z / n;
  const double centre = (rate + z * z / (2 * n)) / scale;
  const double half = z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale;
  return {hits, of, rate, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::vector<GroupRates> group_rates(std::span<const Real> scores, std::span<const int> labels,
                                    std::span<const int> groups, int count, Real threshold) {
  const std::size_t N = scores.size();
  GRADUS_CHECK(labels.size() == N && groups.size() == N, "group_rates: ", N, " scores, ", labels.size(),
               " labels and ", groups.size(), " groups, expected equally many");
  GRADUS_CHECK(!std::isnan(threshold), "group_rates: the threshold is NaN");
  GRADUS_CHECK(count >= 1, "group_rates: ", count, " groups, needs at least 1");
  for (std::size_t i = 0; i < N; ++i) {
    GRADUS_CHECK(!std::isnan(scores[i]), "group_rates: score ", i, " is NaN");
    GRADUS_CHECK(labels[i] == 0 || labels[i] == 1, "group_rates: label ", i, " is ", labels[i],
                 ", expected 0 or 1");
    GRADUS_CHECK(0 <= groups[i] && groups[i] < count, "group_rates: group ", groups[i], " of example ", i,
                 " is outside 0 .. ", count - 1);
  }
  // [11.6]
  std::vector<GroupRates> rates;
  for (int group = 0; group < count; ++group) {
    Index called[2] = {0, 0}, all[2] = {0, 0};  // per label
    for (std::size_t i = 0; i < N; ++i) {
      if (groups[i] != group) continue;
      ++all[labels[i]];
      called[labels[i]] += scores[i] > threshold;
    }
    rates.push_back({proportion(called[1], all[1]), proportion(called[0], all[0])});
  }
  return rates;
  // [end]
}

}  // namespace gradus
