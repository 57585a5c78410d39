// Exercise 9, scores from nearest neighbours: radii of balls, precision, recall, density, coverage.
#include <algorithm>
#include <array>
#include <cmath>

#include "../inputs.hpp"
#include "ex09.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {

namespace {

Tensor whole(Index value) { return number(static_cast<double>(value)); }

// ---- 9.3 -------------------------------------------------------------------------------------------------

struct RadiusKnobs {
  bool self = false, root = false, nearest = false, one_further = false, farthest = false, mean = false,
       blocks = false, no_twins = false, unsorted = false, sum = false, largest_step = false,
       mean_step = false, from_first = false, twins_once = false;
};
std::vector<Real> radii_of(const Tensor& x, Index k, RadiusKnobs knobs) {
  const Index N = x.dim(0), D = x.dim(1);
  std::vector<Real> radii;
  for (Index n = 0; n < N; ++n) {
    std::vector<Real> all;
    for (Index m = 0; m < N; ++m) {
      Real sum = 0;
      for (Index d = 0; d < D; ++d) {
        const Real step = std::abs(x[(knobs.from_first ? 0 : n) * D + d] - x[m * D + d]);
        sum = knobs.largest_step ? std::max(sum, step * step) : sum + (knobs.blocks ? step : step * step);
      }
      if (knobs.mean_step) sum /= static_cast<Real>(D);
      if (knobs.no_twins ? sum > 0 : m != n || knobs.self) all.push_back(sum);
    }
    if (!knobs.unsorted) std::sort(all.begin(), all.end());
    if (knobs.twins_once) all.erase(std::unique(all.begin(), all.end()), all.end());
    if (knobs.farthest) std::reverse(all.begin(), all.end());
    const auto at = static_cast<std::size_t>(knobs.nearest ? 0 : knobs.one_further ? k : k - 1);
    Real radius = all[std::min(at, all.size() - 1)];
    if (knobs.mean || knobs.sum) {
      radius = 0;
      for (Index i = 0; i < k; ++i)
        radius += all[static_cast<std::size_t>(i)] / (knobs.mean ? static_cast<Real>(k) : 1);
    }
    radii.push_back(knobs.root ? std::sqrt(radius) : radius);
  }
  return radii;
}
Function radii_with(RadiusKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    return {Tensor::of({in[0].dim(0)}, radii_of(in[0], static_cast<Index>(in[1].item()), knobs))};
  };
}

Tensors points_and_k(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 3>, 5> all = {
      {{4, 1, 2}, {7, 2, 3}, {67, 71, 19}, {6, 3, 1}, {9, 4, 5}}};
  const auto [N, D, k] = all[static_cast<std::size_t>(number)];
  return {numbers(rng, {N, D}), whole(k)};
}
/// Integer points, each with one or two duplicates.
Tensor twins(Rng& rng, Index N, Index D) {
  Tensor x = Tensor::uniform({N, D}, rng, 0, 5);
  for (Real& value : x.values()) value = std::floor(value);
  for (Index n = N / 2; n < N; ++n) x.rows(n, n + 1).copy_from(x.rows(n - N / 2, n - N / 2 + 1));
  return x;
}

// ---- 9.4 -------------------------------------------------------------------------------------------------

struct NeighbourKnobs {
  bool swapped = false, all = false, coverage_is_recall = false, coverage_of_generated = false,
       density_without_k = false, density_over_real = false, density_clipped = false, roots_mixed = false,
       recall_is_coverage = false, coverage_is_precision = false, density_over_pairs = false, order = false,
       whole = false, whole_density = false;
  int open = 0;  // the scores that treat the rim as outside: a sum of flags
  enum { in_precision = 1, in_recall = 2, in_density = 4, in_coverage = 8 };
};
Function neighbours_with(NeighbourKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &y = in[1];
    const Index N = x.dim(0), M = y.dim(0), D = x.dim(1), k = static_cast<Index>(in[2].item());
    const std::vector<Real> of_x = radii_of(x, k, {}), of_y = radii_of(y, k, {});
    std::vector<Index> inside(static_cast<std::size_t>(M)), reached(static_cast<std::size_t>(N)),
        holds(reached), caught(inside);
    double pairs = 0;
    for (Index n = 0; n < N; ++n)
      for (Index m = 0; m < M; ++m) {
        Real distance = 0;
        for (Index d = 0; d < D; ++d)
          distance += (x[n * D + d] - y[m * D + d]) * (x[n * D + d] - y[m * D + d]);
        if (knobs.roots_mixed) distance = std::sqrt(distance);
        const auto i = static_cast<std::size_t>(n), j = static_cast<std::size_t>(m);
        const auto holding = [&](Real radius, int where) {
          return knobs.open & where ? distance < radius : distance <= radius;
        };
        using K = NeighbourKnobs;
        inside[j] += holding(of_x[i], K::in_precision), holds[i] += holding(of_x[i], K::in_coverage);
        pairs += holding(of_x[i], K::in_density);
        reached[i] += holding(of_y[j], K::in_recall), caught[j] += holding(of_y[j], K::in_recall);
      }
    const auto share = [&](const std::vector<Index>& counts, Index of) {
      const Index least = knobs.all ? of : 1;
      const double part = static_cast<double>(std::count_if(counts.begin(), counts.end(),
                                                            [=](Index c) { return c >= least; })) /
                          static_cast<double>(counts.size());
      return knobs.whole ? std::floor(part) : part;
    };
    double precision = share(inside, N), recall = share(reached, M), coverage = share(holds, M);
    if (knobs.swapped) std::swap(precision, recall);
    if (knobs.coverage_is_recall) coverage = recall;
    if (knobs.recall_is_coverage) recall = coverage;
    if (knobs.coverage_is_precision) coverage = precision;
    if (knobs.coverage_of_generated) coverage = share(caught, N);
    const double over =
        knobs.density_over_pairs
            ? static_cast<double>(N * M)
            : static_cast<double>((knobs.density_without_k ? 1 : k) * (knobs.density_over_real ? N : M));
    double density = knobs.whole_density ? std::floor(pairs / over) : pairs / over;
    if (knobs.density_clipped) density = std::min(1.0, density);
    if (knobs.order) std::swap(density, coverage);
    return {number(precision), number(recall), number(density), number(coverage)};
  };
}

Tensors two_clouds(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 4>, 5> all = {
      {{6, 4, 1, 1}, {14, 11, 2, 2}, {67, 71, 13, 11}, {9, 17, 1, 3}, {20, 12, 3, 2}}};
  const auto [N, M, D, k] = all[static_cast<std::size_t>(number)];
  return {Tensor::randn({N, D}, rng), Tensor::randn({M, D}, rng, Real(0.4), Real(number == 4 ? 0.5 : 1.2)),
          whole(k)};
}

/// Integer points on a line: most balls have a point on the rim.
Tensor lattice(Rng& rng, Index N) {
  Tensor x = Tensor::uniform({N, 1}, rng, 0, 20);
  for (Real& value : x.values()) value = std::floor(value);
  return x;
}
std::vector<Mistake> rim_mistakes() {
  using K = NeighbourKnobs;
  std::vector<Mistake> all;
  const auto add = [&](const char* where, int open) {
    all.push_back({"scores.rim_outside",
                   text("a point on the rim of a ball counts as outside", where, ": use <= instead of <"),
                   neighbours_with({.open = open})});
  };
  add("", K::in_precision + K::in_recall + K::in_density + K::in_coverage);
  add(" in precision and density", K::in_precision + K::in_density);
  add(" where real balls are used", K::in_precision + K::in_density + K::in_coverage);
  add(" in precision", K::in_precision);
  add(" in recall", K::in_recall);
  add(" in density", K::in_density);
  add(" in coverage", K::in_coverage);
  return all;
}

std::vector<Mistake> radii_mistakes() {
  return {{"radii.self", "the point counts as its own nearest neighbour", radii_with({.self = true})},
          {"radii.root", "these are the distances; return their squares", radii_with({.root = true})},
          {"radii.nearest", "always the nearest neighbour, for every k", radii_with({.nearest = true})},
          {"radii.one_further", "one neighbour too far: the first of a sorted list has the index 0",
           radii_with({.one_further = true})},
          {"radii.farthest", "the k-th farthest: sorted in descending order", radii_with({.farthest = true})},
          {"radii.mean", "the mean over the k nearest; use only the k-th", radii_with({.mean = true})},
          {"radii.sum", "the sum over the k nearest; use only the k-th", radii_with({.sum = true})},
          {"radii.unsorted", "the k-th point of the list: the distances are not sorted",
           radii_with({.unsorted = true})},
          {"radii.largest_step", "only the largest difference of the coordinates counts: add their squares",
           radii_with({.largest_step = true})},
          {"radii.mean_step", "the squares are averaged over the coordinates; use their sum",
           radii_with({.mean_step = true})},
          {"radii.from_first", "the distances of the first point are used for all points",
           radii_with({.from_first = true})},
          {"radii.blocks", "the differences are added without squaring them", radii_with({.blocks = true})}};
}

std::vector<Mistake> score_mistakes() {
  return {
      {"scores.swapped",
       "precision and recall are exchanged: precision tests whether generated points lie among "
       "real ones",
       neighbours_with({.swapped = true})},
      {"scores.all", "a point must lie in all balls; one is enough", neighbours_with({.all = true})},
      {"scores.coverage_is_recall", "coverage uses real balls, not generated ones: this is recall",
       neighbours_with({.coverage_is_recall = true})},
      {"scores.coverage_of_generated",
       "coverage is the fraction of real balls that contain a generated point, not of "
       "generated balls that contain a real one",
       neighbours_with({.coverage_of_generated = true})},
      {"scores.density_without_k", "density is not divided by k",
       neighbours_with({.density_without_k = true})},
      {"scores.density_over_real",
       "density is divided by the number of real points; divide by that of generated points",
       neighbours_with({.density_over_real = true})},
      {"scores.density_clipped", "density is clamped at 1: it may be larger in a dense region",
       neighbours_with({.density_clipped = true})},
      {"scores.recall_is_coverage",
       "recall uses the balls of generated points, not those of real ones: this is coverage",
       neighbours_with({.recall_is_coverage = true})},
      {"scores.coverage_is_precision", "coverage counts real balls, not generated points: this is precision",
       neighbours_with({.coverage_is_precision = true})},
      {"scores.density_over_pairs", "density is divided by N M, all pairs: divide by k M",
       neighbours_with({.density_over_pairs = true})},
      {"scores.order", "density and coverage are exchanged", neighbours_with({.order = true})},
      {"scores.whole_numbers", "integer division: in C++ 2 / 3 is 0; convert one of them to double first",
       neighbours_with({.whole = true})},
      {"scores.whole_numbers", "integer division: in C++ 2 / 3 is 0; convert one of them to double first",
       neighbours_with({.whole = true, .whole_density = true})},
      {"scores.whole_numbers", "density is truncated to an integer: divide as double",
       neighbours_with({.whole_density = true})},
      {"scores.roots_mixed", "a distance is compared with a squared radius",
       neighbours_with({.roots_mixed = true})}};
}

}  // namespace

std::vector<Check> checks_09_neighbours() {
  const std::vector<std::string> scores = {"precision", "recall", "density", "coverage"};
  std::vector<Check> all;
  all.push_back(by_hand("9.3", 4, "ball_radii", {Tensor::of({4, 1}, {0, 1, 3, 10}), whole(2)}));
  name(all.back(), {"points", "k"}, {"radii"});
  all.push_back({.todo = "9.3",
                 .title = "random points",
                 .points = 10,
                 .call = "ball_radii",
                 .draw = points_and_k,
                 .mistakes = radii_mistakes(),
                 .inputs = {"points", "k"},
                 .outputs = {"radii"}});
  all.push_back({.todo = "9.3",
                 .title = "points in one place",
                 .points = 3,
                 .call = "ball_radii",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   return {twins(rng, 8 + number, 2), whole(2 + number)};
                 },
                 .cases = 2,
                 .mistakes = {{"radii.no_twins",
                               "every point at distance 0 is left out; leave out only the point itself",
                               radii_with({.no_twins = true})},
                              {"radii.twins_once",
                               "neighbours at the same distance count once (a set, or unique): each counts",
                               radii_with({.twins_once = true})}},
                 .inputs = {"points", "k"},
                 .outputs = {"radii"}});

  all.push_back(
      by_hand("9.4", 5, "neighbour_scores",
              {Tensor::of({4, 1}, {0, 1, 3, 10}), Tensor::of({3, 1}, {Real(0.5), 4, 30}), whole(1)}));
  name(all.back(), {"real", "generated", "k"}, scores);
  all.push_back({.todo = "9.4",
                 .title = "random clouds",
                 .points = 16,
                 .call = "neighbour_scores",
                 .draw = two_clouds,
                 .mistakes = score_mistakes(),
                 .inputs = {"real", "generated", "k"},
                 .outputs = scores});
  all.push_back({.todo = "9.4",
                 .title = "points on the rim",
                 .points = 4,
                 .call = "neighbour_scores",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   return {lattice(rng, 6 + number), lattice(rng, 8 - number), whole(1 + number % 2)};
                 },
                 .mistakes = rim_mistakes(),
                 .inputs = {"real", "generated", "k"},
                 .outputs = scores});
  return all;
}

}  // namespace gradus::grade
