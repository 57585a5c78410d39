#include "gradus/generative/disentanglement.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

std::vector<std::size_t> ascending(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  return order;
}

/// Ranks 0 .. n-1 by size; equal values share the mean of their ranks.
std::vector<double> ranks(std::span<const double> values) {
  const auto order = ascending(values);
  std::vector<double> rank(values.size());
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    for (last = first + 1; last < order.size() && values[order[last]] == values[order[first]];) ++last;
    for (std::size_t i = first; i < last; ++i) rank[order[i]] = 0.5 * static_cast<double>(first + last - 1);
  }
  return rank;
}

/// The bin of every value; the bins are filled as equally as ties allow.
std::vector<Index> binned(std::span<const double> values, Index bins) {
  const auto rank = ranks(values);
  std::vector<Index> bin(values.size());
  for (std::size_t i = 0; i < rank.size(); ++i)
    bin[i] = std::min(bins - 1, static_cast<Index>((rank[i] + 0.5) * static_cast<double>(bins) /
                                                   static_cast<double>(rank.size())));
  return bin;
}

/// Entropy in nats of counts that sum to n.
double entropy(const std::vector<double>& counts, double n) {
  double sum = 0;
  for (const double count : counts)
    if (count > 0) sum -= count / n * std::log(count / n);
  return sum;
}

std::vector<double> histogram(const std::vector<Index>& bin, Index bins) {
  std::vector<double> counts(static_cast<std::size_t>(bins));
  for (const Index b : bin) ++counts[static_cast<std::size_t>(b)];
  return counts;
}

double occupied(const std::vector<double>& counts) {
  return static_cast<double>(std::count_if(counts.begin(), counts.end(), [](double c) { return c > 0; }));
}

double information(const std::vector<Index>& a, const std::vector<Index>& b, Index bins) {
  const double n = static_cast<double>(a.size());
  std::vector<double> joint(static_cast<std::size_t>(bins * bins));
  for (std::size_t i = 0; i < a.size(); ++i) ++joint[static_cast<std::size_t>(a[i] * bins + b[i])];
  const auto ha = histogram(a, bins), hb = histogram(b, bins);
  const double plain = entropy(ha, n) + entropy(hb, n) - entropy(joint, n);
  return std::max(0.0, plain - (occupied(joint) - occupied(ha) - occupied(hb) + 1) / (2 * n));
}

std::vector<double> column_of(const Tensor& x, Index k) {
  std::vector<double> out;
  for (Index i = 0; i < x.dim(0); ++i) out.push_back(x[i * x.dim(1) + k]);
  return out;
}

}  // namespace

double rank_correlation(std::span<const double> a, std::span<const double> b) {
  GRADUS_CHECK(a.size() == b.size() && a.size() >= 2, "rank_correlation: ", a.size(), " and ", b.size(),
               " values");
  const auto ra = ranks(a), rb = ranks(b);
  const double mean = 0.5 * static_cast<double>(a.size() - 1);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < ra.size(); ++i) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += (ra[i] - mean) * (ra[i] - mean);
    bb += (rb[i] - mean) * (rb[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double mutual_information(std::span<const double> a, std::span<const double> b, Index bins) {
  GRADUS_CHECK(a.size() == b.size() && !a.empty(), "mutual_information: ", a.size(), " and ", b.size(),
               " values");
  return information(binned(a, bins), binned(b, bins), bins);
}

double mutual_information_gap(const Tensor& z, const Tensor& factors, Index bins) {
  GRADUS_CHECK(z.rank() == 2 && factors.rank() == 2 && z.dim(0) == factors.dim(0) && z.dim(1) >= 2,
               "mutual_information_gap: z [N, K >= 2] and factors [N, F], got ", z.shape(), " and ",
               factors.shape());
  std::vector<std::vector<Index>> units;
  for (Index k = 0; k < z.dim(1); ++k) units.push_back(binned(column_of(z, k), bins));
  double gap = 0;
  for (Index f = 0; f < factors.dim(1); ++f) {
    const auto factor = binned(column_of(factors, f), bins);
    std::vector<double> said;
    for (const auto& unit : units) said.push_back(information(unit, factor, bins));
    std::sort(said.rbegin(), said.rend());
    gap += (said[0] - said[1]) / entropy(histogram(factor, bins), static_cast<double>(factor.size()));
  }
  return gap / static_cast<double>(factors.dim(1));
}

}  // namespace gradus
