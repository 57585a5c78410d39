// Exercise 9: scores of generated samples. Scores from nearest neighbours are in ex09_neighbours.cpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "../inputs.hpp"
#include "ex09.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/symmetric.hpp"

namespace gradus::grade {

namespace {

// ---- 9.1 -------------------------------------------------------------------------------------------------

/// Rows of probabilities, with likely and unlikely classes.
Tensor class_probabilities(Rng& rng, const Shape& shape) {
  Tensor p = Tensor::randn(shape, rng, 0, Real(1.5));
  const Index C = shape[1];
  for (Index n = 0; n < shape[0]; ++n) {
    Real sum = 0;
    for (Index c = 0; c < C; ++c) sum += p[n * C + c] = std::exp(p[n * C + c]);
    for (Index c = 0; c < C; ++c) p[n * C + c] /= sum;
  }
  return p;
}

struct ScoreKnobs {
  bool no_exp = false, exp_inside = false, reversed = false, sign = false;
  bool marginal_sum = false, marginal_even = false, marginal_over_classes = false, marginal_empty = false;
  bool sum = false, over_classes = false, classes_for_examples = false;
  bool of_marginal = false, of_rows = false, zeros_are_nan = false, ones_left_out = false;
  bool no_weight = false, marginal_weight = false;
  double base = 0;  // of the logarithm; 0: e
};
Function inception_with(ScoreKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& p = in[0];
    const Index N = p.dim(0), C = p.dim(1);
    std::vector<double> average(static_cast<std::size_t>(C));
    for (Index i = 0; i < p.size(); ++i)
      average[static_cast<std::size_t>(i % C)] +=
          knobs.marginal_empty && N > 1  // 1 / N in integer division
              ? 0
              : p[i] / (knobs.marginal_sum ? 1 : static_cast<double>(knobs.marginal_over_classes ? C : N));
    double total = 0;
    for (Index n = 0; n < N; ++n) {
      double kl = 0;
      for (Index c = 0; c < C; ++c) {
        const double a = p[n * C + c], b = knobs.marginal_even ? 1 / static_cast<double>(C)
                                                               : average[static_cast<std::size_t>(c)];
        double term = (knobs.no_weight ? 1 : knobs.marginal_weight ? b : a) * std::log(a / b);
        if (knobs.reversed) term = b * std::log(b / a);
        if (knobs.of_marginal) term = -b * std::log(b);
        if (knobs.of_rows) term = -a * std::log(a);
        kl += (a > 0 && !(knobs.ones_left_out && a == 1)) || knobs.zeros_are_nan ? term : 0;
      }
      total += knobs.exp_inside ? std::exp(kl) : kl;
    }
    total /= knobs.sum                    ? 1
             : knobs.classes_for_examples ? static_cast<double>(C)
                                          : static_cast<double>(knobs.over_classes ? N * C : N);
    total *= (knobs.sign ? -1 : 1) / (knobs.base > 0 ? std::log(knobs.base) : 1);
    return {number(knobs.no_exp || knobs.exp_inside ? total : std::exp(total))};
  };
}

/// One-hot rows with all classes equally frequent; then rows with some zeros and a class that never occurs.
Tensors sure_opinions(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({3, 3}, {0, 1, 0, 1, 0, 0, 0, 0, 1})};
  Tensor p = class_probabilities(rng, {5, 3}), wide = Tensor::zeros({5, 4});
  for (Index n = 0; n < 5; ++n)
    for (Index c = 0; c < 3; ++c) wide[n * 4 + c] = n == 2 ? Real(c == 1) : p[n * 3 + c];
  return {wide};
}

// ---- 9.2 -------------------------------------------------------------------------------------------------

using Matrix = std::vector<double>;
Matrix matrix(const Tensor& t) { return {t.values().begin(), t.values().end()}; }
double trace(const Matrix& m, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += m[static_cast<std::size_t>(i * (n + 1))];
  return sum;
}

struct FrechetKnobs {
  bool no_two = false, no_means = false, norm = false, no_traces = false, rooted = false, plus = false;
  bool blocks = false, mean_of_means = false, one_trace = false, whole_sums = false;
  bool no_roots = false, one_root = false, root_of_sum = false, fourth_root = false;
  bool plain_product = false, product_of_roots = false, no_root = false, element_roots = false,
       variances = false, unguarded = false;
};
/// tr of the knobs' variant of (S1^1/2 S2 S1^1/2)^1/2
double mixed_trace(const FrechetKnobs& knobs, const Matrix& s1, const Matrix& s2, Index n) {
  double sum = 0;
  if (knobs.variances || knobs.element_roots) {
    const Matrix product = symmetric_product(s1, s2, n);
    for (std::size_t i = 0; i < product.size(); i += static_cast<std::size_t>(n + 1))
      sum += std::sqrt(knobs.variances ? s1[i] * s2[i] : product[i]);
    return sum;
  }
  if (knobs.plain_product) return trace(symmetric_root(symmetric_product(s1, s2, n), n), n);
  const Matrix root = knobs.no_roots ? s1 : symmetric_root(s1, n);
  if (knobs.product_of_roots) return trace(symmetric_product(root, symmetric_root(s2, n), n), n);
  Matrix inner = symmetric_product(root, s2, n);
  if (!knobs.one_root) inner = symmetric_product(inner, root, n);
  if (knobs.no_root) return trace(inner, n);
  if (knobs.root_of_sum) return std::sqrt(trace(inner, n));
  if (knobs.fourth_root) inner = symmetric_root(inner, n);
  Matrix values(static_cast<std::size_t>(n));
  symmetric_eigen(inner, values, n);
  for (const double value : values) sum += std::sqrt(knobs.unguarded ? value : std::max(0.0, value));
  return sum;
}
Function frechet_with(FrechetKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index n = in[0].size();
    const Matrix s1 = matrix(in[1]), s2 = matrix(in[3]);
    double means = 0;
    for (Index d = 0; d < n; ++d) {
      const double step = std::abs(in[0][d] - in[2][d]);
      means += knobs.blocks ? step : step * step / (knobs.mean_of_means ? static_cast<double>(n) : 1);
    }
    double distance = knobs.no_means ? 0 : knobs.norm ? std::sqrt(means) : means;
    const auto spread = [&](const Matrix& s) {
      return knobs.whole_sums ? std::accumulate(s.begin(), s.end(), 0.0) : trace(s, n);
    };
    if (!knobs.no_traces) distance += spread(s1) + (knobs.one_trace ? 0 : spread(s2));
    distance -= (knobs.plus ? -2 : knobs.no_two ? 1 : 2) * mixed_trace(knobs, s1, s2, n);
    return {number(knobs.rooted ? std::sqrt(distance) : distance)};
  };
}

/// A covariance of rank `rank` in n dimensions.
Tensor covariance(Rng& rng, Index n, Index rank) {
  const Tensor a = Tensor::randn({n, rank}, rng);
  Tensor s = Tensor::zeros({n, n});
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j)
      for (Index k = 0; k < rank; ++k) s[i * n + j] += a[i * rank + k] * a[j * rank + k];
  return s;
}
Tensors two_gaussians(Rng& rng, int number) {
  constexpr Index sizes[] = {2, 37, 3, 1, 5};
  const Index n = sizes[number];
  Tensors in = {numbers(rng, {n}), covariance(rng, n, n), numbers(rng, {n}), covariance(rng, n, n)};
  return in;
}
/// Rank 2 in 16 or more dimensions: among so many zero eigenvalues rounding makes some negative.
Tensors flat_gaussians(Rng& rng, int number) {
  const Index n = 16 + number;
  return {numbers(rng, {n}), covariance(rng, n, 2), away_from_zero(rng, {n}), covariance(rng, n, 2)};
}

std::vector<Mistake> inception_mistakes() {
  return {{"is.no_exp", "the mean divergence is returned, not exp of it", inception_with({.no_exp = true})},
          {"is.exp_inside", "exp is applied to every row's divergence; apply it to their mean",
           inception_with({.exp_inside = true})},
          {"is.reversed", "the divergence is reversed: use KL( p(y|x) || p(y) )",
           inception_with({.reversed = true})},
          {"is.sign", "the divergence has the wrong sign", inception_with({.sign = true})},
          {"is.base2", "the divergence uses a logarithm to base 2; use the natural logarithm",
           inception_with({.base = 2})},
          {"is.base10", "the divergence uses a logarithm to base 10; use the natural logarithm",
           inception_with({.base = 10})},
          {"is.no_weight", "the logarithms are not weighted by p(y|x)", inception_with({.no_weight = true})},
          {"is.marginal_weight", "the logarithms are weighted by p(y): weight them by p(y|x)",
           inception_with({.marginal_weight = true})},
          {"is.marginal_over_classes",
           "the sum of the rows is divided by the number of classes: p(y) is a mean over N rows",
           inception_with({.marginal_over_classes = true})},
          {"is.marginal_empty",
           "p(y) is 0 everywhere: it was never filled, or an integer division gives 1 / N = 0",
           inception_with({.marginal_empty = true})},
          {"is.classes_for_examples",
           "the divergences are divided by the number of classes; return their mean over N examples",
           inception_with({.classes_for_examples = true})},
          {"is.marginal_sum", "p(y) is the sum of the rows: it must be their mean",
           inception_with({.marginal_sum = true})},
          {"is.marginal_even", "p(y) is assumed to be uniform, 1/C: it is the mean of the rows",
           inception_with({.marginal_even = true})},
          {"is.sum", "the divergences are summed over the examples; return their mean",
           inception_with({.sum = true})},
          {"is.over_classes", "the sum over classes is replaced by a mean: KL is a sum over c",
           inception_with({.over_classes = true})},
          {"is.of_marginal", "this is exp of the entropy of p(y): the rows' own entropy is missing",
           inception_with({.of_marginal = true})},
          {"is.of_rows", "this is exp of the rows' mean entropy: p(y) is not used",
           inception_with({.of_rows = true})}};
}

std::vector<Mistake> frechet_mistakes() {
  return {
      {"fid.no_two", "the factor 2 of the mixed term is missing", frechet_with({.no_two = true})},
      {"fid.plus", "the mixed term is added, not subtracted", frechet_with({.plus = true})},
      {"fid.no_means", "the distance of the means is left out", frechet_with({.no_means = true})},
      {"fid.norm", "the distance of the means is not squared", frechet_with({.norm = true})},
      {"fid.blocks", "the differences of the means are added without squaring them",
       frechet_with({.blocks = true})},
      {"fid.mean_of_means", "the squared differences of the means are averaged; use their sum",
       frechet_with({.mean_of_means = true})},
      {"fid.one_trace", "the trace of the second covariance is left out", frechet_with({.one_trace = true})},
      {"fid.whole_sums", "all elements of the covariances are added; a trace is the sum of the diagonal",
       frechet_with({.whole_sums = true})},
      {"fid.no_roots", "S1 S2 S1 is used in place of S1^1/2 S2 S1^1/2", frechet_with({.no_roots = true})},
      {"fid.one_root", "the right S1^1/2 is missing in S1^1/2 S2 S1^1/2", frechet_with({.one_root = true})},
      {"fid.root_of_sum", "this is the root of the sum of the eigenvalues; use the sum of their roots",
       frechet_with({.root_of_sum = true})},
      {"fid.fourth_root", "the root of S1^1/2 S2 S1^1/2 is taken twice: take it once",
       frechet_with({.fourth_root = true})},
      {"fid.no_traces", "the traces of the two covariances are left out", frechet_with({.no_traces = true})},
      {"fid.root_of_all", "the root of the result is taken; return the squared distance",
       frechet_with({.rooted = true})},
      {"fid.plain_product",
       "the root of S1 S2 is taken as if that product were symmetric: use S1^1/2 S2 S1^1/2",
       frechet_with({.plain_product = true})},
      {"fid.product_of_roots",
       "S1^1/2 S2^1/2 is not the required root: the two agree only if S1 and S2 commute",
       frechet_with({.product_of_roots = true})},
      {"fid.no_root", "no root is taken of S1^1/2 S2 S1^1/2", frechet_with({.no_root = true})},
      {"fid.element_roots", "the root of every element is taken; a matrix root is not elementwise",
       frechet_with({.element_roots = true})},
      {"fid.variances", "only the variances are compared, as if the covariances were diagonal",
       frechet_with({.variances = true})}};
}

void add_inception_score(std::vector<Check>& all) {
  all.push_back(by_hand("9.1", 5, "inception_score",
                        {Tensor::of({2, 2}, {Real(0.9), Real(0.1), Real(0.1), Real(0.9)})}));
  name(all.back(), {"p"}, {"score"});
  all.push_back({.todo = "9.1",
                 .title = "random opinions",
                 .points = 15,
                 .call = "inception_score",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   constexpr std::array<std::array<Index, 2>, 6> shapes = {
                       {{2, 3}, {67, 71}, {1, 5}, {5, 2}, {3, 1}, {7, 4}}};
                   const auto [N, C] = shapes[static_cast<std::size_t>(number)];
                   return {class_probabilities(rng, {N, C})};
                 },
                 .cases = 6,
                 .mistakes = inception_mistakes(),
                 .inputs = {"p"},
                 .outputs = {"score"},
                 .tolerance = 1e-5});
  all.push_back(
      {.todo = "9.1",
       .title = "0 log 0 = 0",
       .points = 5,
       .call = "inception_score",
       .draw = sure_opinions,
       .cases = 2,
       .mistakes = {{"is.zero_is_nan",
                     "p log(p / q) is computed at p = 0, where it is 0 times minus infinity: 0 log 0 is 0",
                     inception_with({.zeros_are_nan = true})},
                    {"is.ones_left_out", "p = 1 is left out as well: its term is -log q, not 0",
                     inception_with({.ones_left_out = true})}},
       .inputs = {"p"},
       .outputs = {"score"},
       .tolerance = 1e-5});
}

void add_frechet_distance(std::vector<Check>& all) {
  const std::vector<std::string> gaussians = {"mean 1", "covariance 1", "mean 2", "covariance 2"};
  all.push_back(by_hand("9.2", 6, "frechet_distance",
                        {Tensor::of({2}, {0, 0}), Tensor::of({2, 2}, {1, 0, 0, 4}), Tensor::of({2}, {3, 4}),
                         Tensor::of({2, 2}, {9, 0, 0, 1})}));
  name(all.back(), gaussians, {"distance"});
  all.push_back({.todo = "9.2",
                 .title = "random Gaussians",
                 .points = 22,
                 .call = "frechet_distance",
                 .draw = two_gaussians,
                 .mistakes = frechet_mistakes(),
                 .inputs = gaussians,
                 .outputs = {"distance"}});
  all.push_back(
      {.todo = "9.2",
       .title = "singular covariances",
       .points = 5,
       .call = "frechet_distance",
       .draw = flat_gaussians,
       .mistakes =
           {{"fid.negative_eigenvalue",
             "the square root of an eigenvalue that is slightly negative from rounding is NaN; clamp it to 0",
             frechet_with({.unguarded = true})}},
       .inputs = gaussians,
       .outputs = {"distance"},
       .tolerance = 1e-5});
}

}  // namespace

std::vector<Check> checks_09() {
  std::vector<Check> all;
  add_inception_score(all);
  add_frechet_distance(all);
  for (Check& check : checks_09_neighbours()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
