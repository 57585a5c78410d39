// Exercise 10: k-means. Mixtures are in ex10_mixtures.cpp.
#include "ex10.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "../inputs.hpp"

namespace gradus::grade {

namespace {

/// N, D and K of case `number`: each is 1 in one case, and the second case is larger than any block.
std::array<Index, 3> sizes_of(int number) {
  constexpr std::array<std::array<Index, 3>, 5> all = {
      {{3, 2, 2}, {131, 67, 71}, {1, 5, 3}, {13, 1, 4}, {7, 3, 1}}};
  return all[static_cast<std::size_t>(number)];
}

// ---- 10.1 ------------------------------------------------------------------------------------------------

struct NearestKnobs {
  bool farthest = false, blocks = false, largest_step = false, first_axis = false, signs = false,
       last = false, from_one = false, product = false, without_first = false, kept = false, of_means = false;
};
Function nearest_with(NearestKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &means = in[1];
    const Index N = x.dim(0), D = x.dim(1), K = means.dim(0);
    Tensor out = Tensor::zeros({N});
    double least = std::numeric_limits<double>::infinity();
    for (Index n = 0; n < N; ++n) {
      if (!knobs.kept) least = std::numeric_limits<double>::infinity();
      for (Index k = knobs.without_first ? 1 : 0; k < K; ++k) {
        double distance = 0;
        for (Index d = 0; d < (knobs.first_axis ? 1 : D); ++d) {
          const double a = x[n * D + d], b = means[k * D + d];
          const double step = knobs.product    ? -a * b
                              : knobs.signs    ? a - b
                              : knobs.of_means ? b * b
                                               : (a - b) * (a - b);
          distance = knobs.largest_step ? std::max(distance, step)
                                        : distance + (knobs.blocks ? std::abs(a - b) : step);
        }
        if (knobs.farthest) distance = -distance;
        if (distance < least || (knobs.last && distance == least))
          least = distance, out[n] = static_cast<Real>(k + (knobs.from_one ? 1 : 0));
      }
    }
    return {out};
  };
}

/// Integer points and means, some of which are equally near; the last mean repeats the first.
Tensors equally_near(Rng& rng, int number) {
  const Index N = number == 0 ? 5 : 67, D = number == 0 ? 1 : 2, K = 5;
  Tensor x = Tensor::uniform({N, D}, rng, 0, 4), means = Tensor::uniform({K, D}, rng, 0, 4);
  for (Real& value : x.values()) value = std::floor(value);
  for (Real& value : means.values()) value = std::floor(value);
  means.rows(K - 1, K).copy_from(means.rows(0, 1));
  x.rows(0, 1).copy_from(means.rows(0, 1));
  return {x, means};
}

void add_nearest(std::vector<Check>& all) {
  all.push_back({.todo = "10.1",
                 .title = "the lesson's example",
                 .points = 4,
                 .call = "nearest_means",
                 .draw = always({Tensor::of({3, 2}, {0, 0, 1, 0, 4, 3}), Tensor::of({2, 2}, {0, 1, 3, 3})}),
                 .cases = 1,
                 .inputs = {"x", "means"},
                 .outputs = {"clusters"}});
  all.push_back(
      {.todo = "10.1",
       .title = "random points",
       .points = 10,
       .call = "nearest_means",
       .draw = [](Rng& rng, int number) -> Tensors {
         const auto [N, D, K] = sizes_of(number);
         return {numbers(rng, {number == 0 ? 23 : N, D}), numbers(rng, {number == 0 ? 5 : K, D})};
       },
       .mistakes =
           {{"km.farthest", "this is the farthest mean; return the nearest",
             nearest_with({.farthest = true})},
            {"km.blocks", "the differences are added without squaring them", nearest_with({.blocks = true})},
            {"km.largest_step",
             "only the largest difference of all coordinates counts; use the sum of squares",
             nearest_with({.largest_step = true})},
            {"km.first_axis", "only the first coordinate is compared", nearest_with({.first_axis = true})},
            {"km.signs", "the differences are added with their signs: they cancel; square them first",
             nearest_with({.signs = true})},
            {"km.from_one", "clusters are counted from 1; count from 0", nearest_with({.from_one = true})},
            {"km.product", "this is the mean with the largest scalar product; use the distance",
             nearest_with({.product = true})},
            {"km.of_means", "the distance is that of the mean from the origin: x is not used",
             nearest_with({.of_means = true})},
            {"km.without_first", "mean 0 is never compared: the loop over means begins at 1",
             nearest_with({.without_first = true})},
            {"km.kept", "the least distance of one point is kept for the next: start anew for every point",
             nearest_with({.kept = true})}},
       .inputs = {"x", "means"},
       .outputs = {"clusters"}});
  all.push_back(
      {.todo = "10.1",
       .title = "means that are equally near",
       .points = 4,
       .call = "nearest_means",
       .draw = equally_near,
       .cases = 2,
       .mistakes = {{"km.last",
                     "among equally near means this is the last; return the first (< in place of <=)",
                     nearest_with({.last = true})}},
       .inputs = {"x", "means"},
       .outputs = {"clusters"}});
}

// ---- 10.2 ------------------------------------------------------------------------------------------------

struct MeansKnobs {
  bool sum = false, over_all = false, over_K = false, last = false, with_before = false, overall = false,
       empty_zero = false, empty_nan = false, empty_all = false;
};
Function means_with(MeansKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &before = in[2];
    const Index N = x.dim(0), D = x.dim(1), K = before.dim(0);
    Tensor out = before.clone();
    for (Index k = 0; k < K; ++k)
      for (Index d = 0; d < D; ++d) {
        double sum = knobs.with_before ? double{before[k * D + d]} : 0, count = knobs.with_before ? 1 : 0,
               all = 0;
        for (Index n = 0; n < N; ++n) {
          all += x[n * D + d];
          if (static_cast<Index>(in[1][n]) != k) continue;
          sum = (knobs.last ? 0 : sum) + x[n * D + d];
          count = (knobs.last ? 0 : count) + 1;
        }
        if (knobs.sum) count = count > 0 ? 1 : 0;
        if (knobs.over_K && count > 0) count = static_cast<double>(K);
        if (knobs.over_all && count > 0) count = static_cast<double>(N);
        if (knobs.overall) sum = all, count = static_cast<double>(N);
        Real& mean = out[k * D + d];
        if (count > 0 || knobs.empty_nan)
          mean = static_cast<Real>(sum / count);
        else if (knobs.empty_zero)
          mean = 0;
        else if (knobs.empty_all)
          mean = static_cast<Real>(all / static_cast<double>(N));
      }
    return {out};
  };
}

/// Points, clusters and earlier means. Without `empty`, every cluster has a point if there are enough.
Tensors clustered(Rng& rng, std::array<Index, 3> sizes, bool empty) {
  const auto [N, D, K] = sizes;
  Tensor clusters({N});
  for (Index n = 0; n < N; ++n)
    clusters[n] =
        static_cast<Real>(!empty && n < K ? n : static_cast<Index>(rng.below(static_cast<std::uint64_t>(K))));
  if (empty)
    for (Real& cluster : clusters.values()) cluster = cluster == 1 ? 0 : cluster;
  return {numbers(rng, {N, D}), clusters, away_from_zero(rng, {K, D})};
}

const std::vector<std::string> clustered_inputs = {"x", "clusters", "before"};

void add_means(std::vector<Check>& all) {
  all.push_back({.todo = "10.2",
                 .title = "the lesson's example",
                 .points = 4,
                 .call = "cluster_means",
                 .draw = always({Tensor::of({3, 2}, {0, 0, 1, 0, 4, 3}), Tensor::of({3}, {0, 0, 1}),
                                 Tensor::of({2, 2}, {0, 1, 3, 3})}),
                 .cases = 1,
                 .inputs = clustered_inputs,
                 .outputs = {"means"}});
  all.push_back(
      {.todo = "10.2",
       .title = "random clusters",
       .points = 9,
       .call = "cluster_means",
       .draw =
           [](Rng& rng, int number) {
             constexpr std::array<std::array<Index, 3>, 5> all_sizes = {
                 {{7, 2, 3}, {1009, 67, 71}, {1, 5, 1}, {13, 1, 4}, {17, 3, 1}}};
             return clustered(rng, all_sizes[static_cast<std::size_t>(number)], false);
           },
       .mistakes = {{"mean.sum", "the sum of the points: divide it by the number of points in the cluster",
                     means_with({.sum = true})},
                    {"mean.over_all", "divided by the number of all points; divide by that of the cluster",
                     means_with({.over_all = true})},
                    {"mean.over_K",
                     "divided by the number of clusters; divide by the number of points in the cluster",
                     means_with({.over_K = true})},
                    {"mean.last", "this is the last point of the cluster: use += in place of =",
                     means_with({.last = true})},
                    {"mean.with_before", "the earlier mean counts as a point: start the sums and counts at 0",
                     means_with({.with_before = true})},
                    {"mean.overall",
                     "this is the mean of all points: a point counts only for its own cluster",
                     means_with({.overall = true})}},
       .inputs = clustered_inputs,
       .outputs = {"means"}});
}

void add_empty(std::vector<Check>& all) {
  all.push_back(
      {.todo = "10.2",
       .title = "a cluster without points",
       .points = 5,
       .call = "cluster_means",
       .draw =
           [](Rng& rng, int number) {
             return clustered(
                 rng, number == 0 ? std::array<Index, 3>{5, 2, 3} : std::array<Index, 3>{31, 3, 7}, true);
           },
       .cases = 2,
       .mistakes = {{"mean.empty_nan", "0 / 0: a cluster without points keeps its earlier mean",
                     means_with({.empty_nan = true})},
                    {"mean.empty_zero", "a cluster without points gets the mean 0; it keeps its earlier mean",
                     means_with({.empty_zero = true})},
                    {"mean.empty_all",
                     "a cluster without points gets the mean of all; it keeps its earlier mean",
                     means_with({.empty_all = true})}},
       .inputs = clustered_inputs,
       .outputs = {"means"}});
}

}  // namespace

std::vector<Check> checks_10() {
  std::vector<Check> all;
  add_nearest(all);
  add_means(all);
  add_empty(all);
  for (Check& check : checks_10_mixtures()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
