// Exercise 11: histograms (11.3), weights (11.4), the draw (11.5), rates per group (11.6).
#include <algorithm>
#include <cmath>

#include "../inputs.hpp"
#include "ex11.hpp"
#include "gradus/generative/group_rates.hpp"
#include "gradus/generative/resampling.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }

// 11.3: histograms

struct HistogramKnobs {
  enum { shares, counts, density, over_bins, over_units } unit = shares;
  bool one_range = false, unit_range = false, narrow = false, open_end = false, transposed = false,
       from_zero = false;
};
Function histograms_with(HistogramKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& mu = in[0];
    const Index N = mu.dim(0), K = mu.dim(1), bins = static_cast<Index>(in[1].item());
    Tensor share = Tensor::zeros({K, bins}), lows({K}), widths({K});
    const auto [first, last] = std::minmax_element(mu.values().begin(), mu.values().end());
    for (Index k = 0; k < K; ++k) {
      Real low = mu[k], high = mu[k];
      for (Index n = 0; n < N; ++n) low = std::min(low, mu[n * K + k]), high = std::max(high, mu[n * K + k]);
      if (knobs.one_range) low = *first, high = *last;
      if (knobs.unit_range) low = 0, high = 1;
      if (knobs.from_zero) low = 0;
      const Real width = (high - low) / static_cast<Real>(knobs.narrow && bins > 1 ? bins - 1 : bins);
      lows[k] = low, widths[k] = width;
      for (Index n = 0; n < N; ++n) {
        const Real value = mu[n * K + k];
        if (knobs.open_end && value == high) continue;
        const Real place = width == 0 ? 0 : std::floor((value - low) / width);
        const auto b = static_cast<Index>(std::clamp(place, Real(0), static_cast<Real>(bins - 1)));
        using H = HistogramKnobs;
        const double size = knobs.unit == H::counts       ? 1
                            : knobs.unit == H::density    ? double(N) * width
                            : knobs.unit == H::over_bins  ? double(bins)
                            : knobs.unit == H::over_units ? double(N * K)
                                                          : double(N);
        share[knobs.transposed ? b * K + k : k * bins + b] += static_cast<Real>(1 / size);
      }
    }
    return {share, lows, widths};
  };
}
std::vector<Mistake> histogram_mistakes() {
  using H = HistogramKnobs;
  return {
      {"hist.counts", "the counts are not divided by N", histograms_with({.unit = H::counts})},
      {"hist.density", "a density is returned: divide by N only, not by the width of a bin",
       histograms_with({.unit = H::density})},
      {"hist.over_bins", "the counts are divided by the number of bins: divide by N",
       histograms_with({.unit = H::over_bins})},
      {"hist.over_units", "the counts are divided by N K: the shares of every unit sum to 1",
       histograms_with({.unit = H::over_units})},
      {"hist.one_range", "all units have the range of all numbers: every unit has its own",
       histograms_with({.one_range = true})},
      {"hist.unit_range", "the bins lie between 0 and 1: they lie between the smallest and the largest mu",
       histograms_with({.unit_range = true})},
      {"hist.from_zero", "the bins begin at 0: they begin at the smallest mu",
       histograms_with({.from_zero = true})},
      {"hist.narrow", "the range is divided by bins - 1: there are `bins` bins",
       histograms_with({.narrow = true})},
      {"hist.open_end", "the largest value is left out: it belongs to the last bin",
       histograms_with({.open_end = true})},
      {"hist.transposed", "the shares are laid out as [bins, K]: each unit is a row",
       histograms_with({.transposed = true})}};
}
Tensors for_histograms(Rng& rng, int i) {
  constexpr Index bins[] = {3, 10, 5, 1, 4};
  const Index N = sizes(i)[0] + 6, K = sizes(i)[1];
  Tensor mu = numbers(rng, {N, K});
  for (Index k = 0; k < K; ++k)  // ranges that differ between units and do not begin at 0
    for (Index n = 0; n < N; ++n)
      mu[n * K + k] =
          mu[n * K + k] * (1 + Real(0.3) * static_cast<Real>(k % 5)) + static_cast<Real>(k % 3) - 4;
  return {mu, number(static_cast<double>(bins[i]))};
}

// 11.4: weights

struct WeightKnobs {
  enum { largest, smallest, product, sum, first } over = largest;
  enum { inside, outside, none } alpha = inside;
  bool common = false, not_normalised = false, mean_one = false, per_unit = false;
};
Function weights_with(WeightKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& mu = in[0];
    const LatentHistograms h{in[1],
                             {in[2].values().begin(), in[2].values().end()},
                             {in[3].values().begin(), in[3].values().end()}};
    const Index N = mu.dim(0), K = mu.dim(1), bins = in[1].dim(1);
    const double alpha = in[4].item();
    using W = WeightKnobs;
    const auto term = [&](Index n, Index k) {
      const double Q = h.share[k * bins + h.bin(k, mu[n * K + k])];
      if (knobs.common) return Q + alpha;
      return knobs.alpha == W::outside ? 1 / Q + alpha : 1 / (Q + (knobs.alpha == W::none ? 0 : alpha));
    };
    Tensor out({N});
    double total = 0;
    for (Index n = 0; n < N; ++n) {
      double w = knobs.over == W::product ? 1 : knobs.over == W::smallest ? 1e300 : 0;
      for (Index k = 0; k < (knobs.over == W::first ? 1 : K); ++k) {
        double t = term(n, k), all = 0;
        if (knobs.per_unit) {
          for (Index m = 0; m < N; ++m) all += term(m, k);
          t /= all;
        }
        if (knobs.over == W::product)
          w *= t;
        else if (knobs.over == W::sum)
          w += t;
        else
          w = knobs.over == W::smallest ? std::min(w, t) : std::max(w, t);
      }
      out[n] = static_cast<Real>(w);
      total += w;
    }
    for (Real& w : out.values())
      w /= knobs.not_normalised ? 1
                                : static_cast<Real>(knobs.mean_one ? total / static_cast<double>(N) : total);
    return {out};
  };
}
std::vector<Mistake> weight_mistakes() {
  using W = WeightKnobs;
  return {
      {"weights.product", "the units' terms are multiplied: take the largest",
       weights_with({.over = W::product})},
      {"weights.sum", "the units' terms are added: take the largest", weights_with({.over = W::sum})},
      {"weights.smallest", "the smallest term is taken: one rare unit is enough, so take the largest",
       weights_with({.over = W::smallest})},
      {"weights.first_unit", "only unit 0 counts", weights_with({.over = W::first})},
      {"weights.no_alpha", "alpha is not used", weights_with({.alpha = W::none})},
      {"weights.alpha_outside", "alpha is added to 1 / Q: add it to Q", weights_with({.alpha = W::outside})},
      {"weights.common", "frequent codes get the large weights: the weight is the inverse of Q + alpha",
       weights_with({.common = true})},
      {"weights.per_unit",
       "every unit's terms are divided by their sum before the maximum: divide once, at the end",
       weights_with({.per_unit = true})},
      {"weights.not_normalised", "the weights are not divided by their sum",
       weights_with({.not_normalised = true})},
      {"weights.mean_one", "the weights have mean 1: divide them by their sum",
       weights_with({.mean_one = true})}};
}
Tensors for_weights(Rng& rng, int i) {
  Tensors h = for_histograms(rng, i);
  if (i == 3) h[1] = number(6);
  const LatentHistograms histograms = latent_histograms(h[0], static_cast<Index>(h[1].item()));
  const Index K = h[0].dim(1);
  return {h[0], histograms.share, Tensor::of({K}, histograms.low), Tensor::of({K}, histograms.width),
          number(rng.uniform(Real(0.05), Real(0.3)))};
}

// 11.5: the draw

struct DrawKnobs {
  bool sums_to_one = false, even = false, last = false, not_above = false, largest = false, reversed = false;
  int shift = 0;
};
Function draw_with(DrawKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index N = in[0].size();
    std::vector<double> up_to;
    double sum = 0;
    for (Index i = 0; i < N; ++i) up_to.push_back(sum += in[0][knobs.reversed ? N - 1 - i : i]);
    Tensor out(in[1].shape());
    for (Index d = 0; d < out.size(); ++d) {
      const double target = in[1][d] * (knobs.sums_to_one ? 1 : sum);
      auto place = knobs.not_above ? std::lower_bound(up_to.begin(), up_to.end(), target)
                                   : std::upper_bound(up_to.begin(), up_to.end(), target);
      Index at = std::clamp<Index>(place - up_to.begin() + knobs.shift, 0, N - 1);
      if (knobs.reversed) at = N - 1 - at;
      if (knobs.even) at = static_cast<Index>(in[1][d] * static_cast<Real>(N));
      if (knobs.largest)
        at = std::max_element(in[0].values().begin(), in[0].values().end()) - in[0].values().begin();
      out[d] = static_cast<Real>(at);
    }
    return {out};
  };
}
std::vector<Mistake> draw_mistakes() {
  return {
      {"draw.sums_to_one", "u is compared with the partial sums as they are: the weights need not sum to 1",
       draw_with({.sums_to_one = true})},
      {"draw.even", "all examples are equally likely: the weights are not used", draw_with({.even = true})},
      {"draw.largest", "the example with the largest weight is returned every time",
       draw_with({.largest = true})},
      {"draw.not_above",
       "an example with weight 0 is drawn for u = 0: the partial sum must be greater than the target, not "
       "equal",
       draw_with({.not_above = true})},
      {"draw.one_before", "the example before the right one is returned", draw_with({.shift = -1})},
      {"draw.one_after", "the example after the right one is returned", draw_with({.shift = 1})},
      {"draw.reversed", "the partial sums begin at the last example", draw_with({.reversed = true})}};
}
Tensors for_draw(Rng& rng, int i) {
  const Index N = sizes(i)[1] + 2;
  Tensor w = Tensor::uniform({N}, rng, Real(0.5), 4), u = Tensor::uniform({sizes(i)[0] + 8}, rng);
  w[0] = 0, w[N - 1] = 0;
  u[0] = 0;
  return {w, u};
}

// 11.6: rates

struct RateKnobs {
  enum { false_positive, nothing, true_negative, of_called } second = false_positive;
  bool all_groups = false, at_least = false, zero = false, of_group = false, swapped = false, no_rate = false;
};
Function rates_with(RateKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const auto count = static_cast<Index>(in[3].item());
    const Real threshold = knobs.zero ? 0 : in[4].item();
    Tensor found = Tensor::zeros({count, 2}), of = Tensor::zeros({count, 2});
    for (Index g = 0; g < count; ++g) {
      double called[2] = {0, 0}, all[2] = {0, 0};
      for (Index i = 0; i < in[0].size(); ++i) {
        if (in[2][i] != static_cast<Real>(g) && !knobs.all_groups) continue;
        const auto label = static_cast<std::size_t>(in[1][i]);
        ++all[label];
        called[label] += knobs.at_least ? in[0][i] >= threshold : in[0][i] > threshold;
      }
      using R = RateKnobs;
      double hits = called[0], number_of = all[0];
      if (knobs.second == R::nothing) hits = number_of = 0;
      if (knobs.second == R::true_negative) hits = all[0] - called[0];
      if (knobs.second == R::of_called) number_of = called[0] + called[1];
      const double number_first = knobs.of_group ? all[0] + all[1] : all[1];
      const std::size_t a = knobs.swapped ? 1 : 0;
      found[2 * g + Index(a)] = static_cast<Real>(called[1]),
                    of[2 * g + Index(a)] = static_cast<Real>(number_first);
      found[2 * g + 1 - Index(a)] = static_cast<Real>(hits);
      of[2 * g + 1 - Index(a)] = static_cast<Real>(knobs.of_group ? number_first : number_of);
    }
    Tensor rate({count, 2, 3});
    for (Index i = 0; i < 2 * count; ++i) {
      Proportion p{.rate = 0};
      // a wrong answer may have more hits than examples, which `proportion` refuses
      if (!knobs.no_rate && found[i] >= 0 && found[i] <= of[i])
        p = proportion(static_cast<Index>(found[i]), static_cast<Index>(of[i]));
      rate[3 * i] = std::isnan(p.rate) ? Real(-1) : static_cast<Real>(p.rate);
      rate[3 * i + 1] = static_cast<Real>(p.low), rate[3 * i + 2] = static_cast<Real>(p.high);
    }
    return {found, of, rate};
  };
}
std::vector<Mistake> rate_mistakes() {
  using R = RateKnobs;
  return {
      {"rates.no_negatives",
       "the non-faces are not tested: the false-positive rate is 0 of 0, and the constant answer looks "
       "perfect (the "
       "lab's fault 5)",
       rates_with({.second = R::nothing})},
      {"rates.true_negative",
       "the second rate counts the right answers: a false positive is a label 0 that is called 1",
       rates_with({.second = R::true_negative})},
      {"rates.of_called",
       "the second rate is a share of the positive answers: divide by the examples with label 0",
       rates_with({.second = R::of_called})},
      {"rates.no_rate",
       "hits and numbers are right, but the rate and its interval are not set: proportion(hits, of)",
       rates_with({.no_rate = true})},
      {"rates.all_groups", "every group gets the rates of all examples", rates_with({.all_groups = true})},
      {"rates.at_least", "a score at the threshold counts as above it", rates_with({.at_least = true})},
      {"rates.zero", "the threshold is not used", rates_with({.zero = true})},
      {"rates.of_group",
       "the rates are shares of the whole group: each is a share of the examples with its label",
       rates_with({.of_group = true})},
      {"rates.order", "the two rates are in the opposite order, or labels 0 and 1 are exchanged",
       rates_with({.swapped = true})}};
}
Tensors for_rates(Rng& rng, int i) {
  constexpr Index counts[] = {2, 5, 3, 1, 4};
  const Index N = 30 + 7 * i, count = counts[i];
  const Real threshold = rng.uniform(Real(0.5), 1);
  Tensor scores({N}), labels = Tensor::bernoulli({N}, rng, Real(0.4)), groups({N});
  for (Index n = 0; n < N; ++n) {
    scores[n] = labels[n] + threshold - Real(0.5) + rng.normal();
    groups[n] = static_cast<Real>(rng.below(static_cast<std::uint64_t>(count)));
  }
  for (Index n = 0; n < 4; ++n) labels[n] = static_cast<Real>(n % 2), scores[n] = threshold, groups[n] = 0;
  return {scores, labels, groups, number(static_cast<double>(count)), number(threshold)};
}

}  // namespace

std::vector<Check> resampling_checks() {
  return {
      {.todo = "11.3",
       .title = "random codes",
       .points = 18,
       .call = "latent_histograms",
       .draw = for_histograms,
       .mistakes = histogram_mistakes(),
       .inputs = {"mu", "bins"},
       .outputs = {"share", "low", "width"}},
      {.todo = "11.4",
       .title = "random codes",
       .points = 16,
       .call = "resampling_weights",
       .draw = for_weights,
       .mistakes = weight_mistakes(),
       .inputs = {"mu", "share", "low", "width", "alpha"},
       .outputs = {"the weights"}},
      {.todo = "11.5",
       .title = "random weights, some of them 0",
       .points = 14,
       .call = "weighted_draw",
       .draw = for_draw,
       .mistakes = draw_mistakes(),
       .inputs = {"weights", "uniform numbers"},
       .outputs = {"the examples"}},
      {.todo = "11.6",
       .title = "random scores",
       .points = 14,
       .call = "group_rates",
       .draw = for_rates,
       .mistakes = rate_mistakes(),
       .inputs = {"scores", "labels", "groups", "number of groups", "threshold"},
       .outputs = {"called 1: {label 1, label 0} per group",
                   "how many there are: {label 1, label 0} per group"}},
  };
}

}  // namespace gradus::grade
