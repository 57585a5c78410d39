#pragma once
// A score per example: the histograms of two sets as a picture, the order of the examples, the median.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// Two histograms of one score on one axis, as a picture with the title above. The last bin also has the
/// share `beyond` of all scores, the largest ones.
inline Tensor histogram_pair(const Tensor& inside, const Tensor& outside, const std::string& title,
                             double beyond = 0.01) {
  std::vector<Real> all(inside.values().begin(), inside.values().end());
  all.insert(all.end(), outside.values().begin(), outside.values().end());
  std::sort(all.begin(), all.end());
  const double low = all[all.size() / 500],
               high = all[all.size() - 1 - static_cast<std::size_t>(beyond * double(all.size()))];
  constexpr std::size_t bins = 60;
  std::vector<double> edges;
  for (std::size_t b = 0; b <= bins; ++b) edges.push_back(low + (high - low) * static_cast<double>(b) / bins);
  const auto heights = [&](const Tensor& x) {
    std::vector<double> out(bins);
    for (const Real v : x.values()) {
      const double place = std::clamp((v - low) / (high - low) * bins, 0.0, bins - 1.0);
      out[static_cast<std::size_t>(place)] += 1 / static_cast<double>(x.size());
    }
    return out;
  };
  const auto a = heights(inside), b = heights(outside);
  const double top = std::max(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end()));
  Canvas canvas(190, 510, {low, high, 0, 1.35 * top});
  canvas.bars(edges, a, colors::blue, 0.6), canvas.bars(edges, b, colors::red, 0.6);
  canvas.letters(4, 6, title, 2);
  return canvas.image();
}

/// The examples in the order of their scores, smallest first.
inline std::vector<Index> order_of(const Tensor& score) {
  std::vector<Index> order(static_cast<std::size_t>(score.size()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return score[a] < score[b]; });
  return order;
}

/// The indices of the `count` smallest and of the `count` largest scores.
inline std::pair<std::vector<Index>, std::vector<Index>> extremes(const Tensor& score, std::ptrdiff_t count) {
  const std::vector<Index> order = order_of(score);
  return {{order.begin(), order.begin() + count}, {order.end() - count, order.end()}};
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

}  // namespace gradus::lecture
