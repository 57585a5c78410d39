// Exercise 10, mixtures: log likelihood, responsibilities, the M step.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "../formulas.hpp"
#include "../inputs.hpp"
#include "ex10.hpp"

namespace gradus::grade {

namespace {

/// Log terms near 0.
Tensors near_terms(Rng& rng, int number) {
  return {Tensor::randn(sizes(number), rng, Real(-1.5), Real(1.5))};
}

/// Log terms whose exponentials overflow or vanish, each row with another offset; an impossible component;
/// one component alone. All terms of a row but the first differ from it by less than 30, or by more than 700.
Tensors far_terms(Rng& rng, int number) {
  const Index N = number == 0 ? 3 : 7, K = number == 1 ? 1 : number == 2 ? 67 : 4;
  constexpr Real offsets[] = {-5000, 900, -800, 5000, 0, -20000, 30};
  Tensor x = Tensor::randn({N, K}, rng, 0, 3);
  for (Index i = 0; i < x.size(); ++i) {
    x[i] += offsets[i / K];
    if (K > 1 && i % K == 1) x[i] -= 4000;
    if (K > 2 && i % K == 2) x[i] = -std::numeric_limits<Real>::infinity();
  }
  return {x};
}

// ---- 10.3 ------------------------------------------------------------------------------------------------

/// f(terms of the row) for every row
Function each_row(std::function<double(std::span<const Real>)> f) {
  return [f](const Tensors& in) -> Tensors {
    const Index K = in[0].dim(1);
    Tensor out({in[0].dim(0)});
    for (Index n = 0; n < out.size(); ++n)
      out[n] = static_cast<Real>(
          f(in[0].values().subspan(static_cast<std::size_t>(n * K), static_cast<std::size_t>(K))));
    return {out};
  };
}
using Row = std::span<const Real>;
double largest_of(Row row) { return *std::max_element(row.begin(), row.end()); }
/// sum_k exp(l_k - shift)
double sum_of(Row row, double shift) {
  double sum = 0;
  for (const Real term : row) sum += std::exp(term - shift);
  return sum;
}
double plain_sum(Row row) {
  double sum = 0;
  for (const Real term : row) sum += term;
  return sum;
}
double log_sum(Row row) { return largest_of(row) + std::log(sum_of(row, largest_of(row))); }

void add_likelihood(std::vector<Check>& all) {
  const auto size = [](Row row) { return static_cast<double>(row.size()); };
  all.push_back({.todo = "10.3",
                 .title = "the lesson's example",
                 .points = 3,
                 .call = "mixture_log_likelihood",
                 .draw = always({Tensor::of({1, 2}, {std::log(Real(0.2)), std::log(Real(0.6))})}),
                 .cases = 1,
                 .inputs = {"log_joint"},
                 .outputs = {"log p"}});
  all.push_back(
      {.todo = "10.3",
       .title = "random terms",
       .points = 7,
       .call = "mixture_log_likelihood",
       .draw = near_terms,
       .mistakes =
           {{"ll.sum_of_logs", "this is the sum of the logarithms; return the logarithm of the sum",
             each_row(plain_sum)},
            {"ll.largest", "this is the largest term alone: the logarithm of the sum is missing",
             each_row(largest_of)},
            {"ll.mean",
             "this is the logarithm of a mean over the components: the weights are included already, so sum",
             each_row([=](Row row) { return log_sum(row) - std::log(size(row)); })},
            {"ll.mean_of_logs", "this is the mean of the logarithms; return the logarithm of the sum",
             each_row([=](Row row) { return plain_sum(row) / size(row); })},
            {"ll.no_log", "this is p(x_n): its logarithm is missing",
             each_row([](Row row) { return sum_of(row, 0); })},
            {"ll.no_largest", "the largest term was taken out of the sum and is not added again",
             each_row([](Row row) { return log_sum(row) - largest_of(row); })},
            {"ll.largest_subtracted", "the largest term is subtracted at the end; add it",
             each_row([](Row row) { return log_sum(row) - 2 * largest_of(row); })},
            {"ll.sign", "the sign is wrong: return log p, not -log p",
             each_row([](Row row) { return -log_sum(row); })},
            {"ll.base2", "the logarithm is to base 2; use the natural logarithm",
             each_row([](Row row) { return largest_of(row) + std::log2(sum_of(row, largest_of(row))); })},
            {"ll.without_first", "the first component is left out of the sum", each_row([](Row row) {
               return row.size() > 1 ? log_sum(row.subspan(1)) : -std::numeric_limits<double>::infinity();
             })}},
       .inputs = {"log_joint"},
       .outputs = {"log p"}});
  all.push_back(
      {.todo = "10.3",
       .title = "terms far from 0 and far apart",
       .points = 6,
       .call = "mixture_log_likelihood",
       .draw = far_terms,
       .cases = 3,
       .mistakes =
           {{"ll.overflow",
             "exp of a term overflows or vanishes: take the largest term of the row out of the sum first",
             each_row([](Row row) { return std::log(sum_of(row, 0)); })}},
       .inputs = {"log_joint"},
       .outputs = {"log p"}});
}

// ---- 10.4 ------------------------------------------------------------------------------------------------

/// r from one row of terms and the index k
Function each_term(std::function<double(Row, std::size_t)> f) {
  return [f](const Tensors& in) -> Tensors {
    const Index K = in[0].dim(1);
    return {each(in[0], [&](Index i, Index n) {
      return f(in[0].values().subspan(static_cast<std::size_t>(n * K), static_cast<std::size_t>(K)),
               static_cast<std::size_t>(i - n * K));
    })};
  };
}
/// Normalised over the points: columns sum to 1.
Tensors over_points(const Tensors& in) {
  const Index N = in[0].dim(0), K = in[0].dim(1);
  return {each(in[0], [&](Index i, Index) {
    double sum = 0;
    for (Index n = 0; n < N; ++n) sum += std::exp(double{in[0][n * K + i % K]});
    return std::exp(double{in[0][i]}) / sum;
  })};
}
/// The largest term of all rows is subtracted.
Tensors one_shift(const Tensors& in) {
  const double largest = largest_of(in[0].values());
  const Index K = in[0].dim(1);
  return {each(in[0], [&](Index i, Index n) {
    const Row row = in[0].values().subspan(static_cast<std::size_t>(n * K), static_cast<std::size_t>(K));
    return std::exp(in[0][i] - largest) / sum_of(row, largest);
  })};
}

void add_responsibilities(std::vector<Check>& all) {
  all.push_back({.todo = "10.4",
                 .title = "the lesson's example",
                 .points = 3,
                 .call = "responsibilities",
                 .draw = always({Tensor::of({1, 2}, {std::log(Real(0.2)), std::log(Real(0.6))})}),
                 .cases = 1,
                 .inputs = {"log_joint"},
                 .outputs = {"r"}});
  const auto share = [](Row row, std::size_t k) { return std::exp(row[k] - log_sum(row)); };
  all.push_back(
      {.todo = "10.4",
       .title = "random terms",
       .points = 8,
       .call = "responsibilities",
       .draw = near_terms,
       .mistakes = {{"r.over_points",
                     "the columns sum to 1: divide by the sum over the components, so that rows sum to 1",
                     over_points},
                    {"r.not_normalised",
                     "this is p(x_n, k): it is not divided by the sum over the components",
                     each_term([](Row row, std::size_t k) { return std::exp(double{row[k]}); })},
                    {"r.by_largest", "every term is divided by the largest of its row; divide by their sum",
                     each_term([](Row row, std::size_t k) { return std::exp(row[k] - largest_of(row)); })},
                    {"r.logs", "these are the logarithms of the responsibilities",
                     each_term([](Row row, std::size_t k) { return row[k] - log_sum(row); })},
                    {"r.linear", "the logarithms are divided by their sum: take exp of them first",
                     each_term([](Row row, std::size_t k) { return row[k] / plain_sum(row); })},
                    {"r.hard",
                     "the nearest component gets 1 and the others 0: that is k-means; return probabilities",
                     each_term([](Row row, std::size_t k) { return row[k] == largest_of(row) ? 1.0 : 0.0; })},
                    {"r.sigmoid", "this is the sigmoid of every term alone: rows must sum to 1",
                     each_term([](Row row, std::size_t k) { return 1 / (1 + std::exp(-double{row[k]})); })},
                    {"r.sign", "exp of minus the terms: the least likely component gets the largest share",
                     each_term([](Row row, std::size_t k) {
                       double sum = 0;
                       for (const Real term : row) sum += std::exp(-double{term});
                       return std::exp(-double{row[k]}) / sum;
                     })},
                    {"r.uniform", "every component gets the same share",
                     each_term([](Row row, std::size_t) { return 1 / static_cast<double>(row.size()); })},
                    {"r.without_itself", "the sum leaves out the term itself",
                     each_term([=](Row row, std::size_t k) { return share(row, k) / (1 - share(row, k)); })}},
       .inputs = {"log_joint"},
       .outputs = {"r"}});
  all.push_back(
      {.todo = "10.4",
       .title = "terms far from 0 and far apart",
       .points = 7,
       .call = "responsibilities",
       .draw = far_terms,
       .cases = 3,
       .mistakes =
           {{"r.overflow",
             "infinity / infinity or 0 / 0: take the largest term of the row out of the sum first",
             each_term([](Row row, std::size_t k) { return std::exp(double{row[k]}) / sum_of(row, 0); })},
            {"r.one_shift", "the largest term of all rows is subtracted; every row has its own", one_shift}},
       .inputs = {"log_joint"},
       .outputs = {"r"}});
}

// ---- 10.5 ------------------------------------------------------------------------------------------------

struct StepKnobs {
  bool weights_sum = false, weights_even = false, weights_over_K = false, means_over_N = false,
       means_plain = false, means_sum = false, over_N = false, about_zero = false, plain = false,
       diagonal = false, sample = false, overall_mean = false, no_floor = false, floor_everywhere = false,
       floor_least = false, squared_r = false, hard = false, scatter = false;
};
/// r_nk as the knobs change it
double weight_of(const Tensor& r, Index n, Index k, const StepKnobs& knobs) {
  const Index K = r.dim(1);
  const double own = r[n * K + k];
  if (knobs.hard) {
    for (Index j = 0; j < K; ++j)
      if (r[n * K + j] > own) return 0;
    return 1;
  }
  return knobs.squared_r ? own * own : own;
}
/// The covariance of component k, whose responsibilities sum to R.
void add_covariance(const Tensors& in, Index k, double R, const double* mean, const StepKnobs& knobs,
                    Real* out) {
  const Tensor &x = in[0], &r = in[1];
  const Index N = x.dim(0), D = x.dim(1);
  const double floor = in[2].item(), count = static_cast<double>(N);
  for (Index i = 0; i < D; ++i)
    for (Index j = 0; j < D; ++j) {
      double sum = 0;
      for (Index n = 0; n < N; ++n) {
        const double a = x[n * D + i] - (knobs.about_zero ? 0 : mean[i]),
                     b = x[n * D + j] - (knobs.about_zero ? 0 : mean[j]);
        sum += (knobs.plain ? 1 : weight_of(r, n, k, knobs)) * a * b;
      }
      sum /= knobs.scatter ? 1 : knobs.over_N || knobs.plain ? count : knobs.sample ? R - 1 : R;
      if (knobs.diagonal && i != j) sum = 0;
      if (knobs.floor_least)
        sum = i == j ? std::max(sum, floor) : sum;
      else if (!knobs.no_floor && (i == j || knobs.floor_everywhere))
        sum += floor;
      out[i * D + j] = static_cast<Real>(sum);
    }
}
Function step_with(StepKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &r = in[1];
    const Index N = x.dim(0), D = x.dim(1), K = r.dim(1);
    const double count = static_cast<double>(N), components = static_cast<double>(K);
    Tensor weights({K}), means({K, D}), covariances({K, D, D});
    for (Index k = 0; k < K; ++k) {
      double R = 0;
      for (Index n = 0; n < N; ++n) R += weight_of(r, n, k, knobs);
      std::vector<double> mean(static_cast<std::size_t>(D)), centre(mean);
      for (Index n = 0; n < N; ++n)
        for (Index d = 0; d < D; ++d) {
          const double weight = knobs.means_plain ? 1 : weight_of(r, n, k, knobs);
          const double divisor = knobs.means_sum ? 1 : knobs.means_plain || knobs.means_over_N ? count : R;
          mean[static_cast<std::size_t>(d)] += weight * x[n * D + d] / divisor;
          centre[static_cast<std::size_t>(d)] += x[n * D + d] / count;
        }
      weights[k] = static_cast<Real>(knobs.weights_sum      ? R
                                     : knobs.weights_even   ? 1 / components
                                     : knobs.weights_over_K ? R / components
                                                            : R / count);
      for (Index d = 0; d < D; ++d) means[k * D + d] = static_cast<Real>(mean[static_cast<std::size_t>(d)]);
      add_covariance(in, k, R, knobs.overall_mean ? centre.data() : mean.data(), knobs,
                     covariances.data() + k * D * D);
    }
    return {weights, means, covariances};
  };
}

Tensors points_and_shares(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 3>, 6> all = {
      {{11, 2, 3}, {1009, 13, 11}, {1, 3, 2}, {17, 1, 5}, {13, 5, 1}, {23, 3, 2}}};
  const auto [N, D, K] = all[static_cast<std::size_t>(number)];
  return {numbers(rng, {N, D}), distributions(rng, {N, K}),
          Tensor::full({1}, rng.uniform(Real(0.2), Real(0.5)))};
}

/// Responsibilities that are nearly 0 or 1, points far from the origin, and no floor.
Tensors far_points(Rng& rng, int number) {
  const Index N = number == 0 ? 17 : 101, K = number == 0 ? 2 : 3;
  Tensor x = Tensor::randn({N, 2}, rng, 50, 1), r = Tensor::full({N, K}, Real(1e-6));
  for (Index n = 0; n < N; ++n) r[n * K + n % K] = 1 - static_cast<Real>(K - 1) * Real(1e-6);
  return {x, r, Tensor::zeros({1})};
}

void add_step(std::vector<Check>& all) {
  const std::vector<std::string> inputs = {"x", "r", "floor"}, outputs = {"weights", "means", "covariances"};
  all.push_back({.todo = "10.5",
                 .title = "the lesson's example",
                 .points = 5,
                 .call = "m_step",
                 .draw = always({Tensor::of({2, 1}, {0, 2}), Tensor::of({2, 2}, {1, 0, Real(0.5), Real(0.5)}),
                                 Tensor::full({1}, Real(0.1))}),
                 .cases = 1,
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back(
      {.todo = "10.5",
       .title = "random points and responsibilities",
       .points = 19,
       .call = "m_step",
       .draw = points_and_shares,
       .cases = 6,
       .mistakes =
           {{"m.weights_sum", "weights are the sums R_k: divide them by N", step_with({.weights_sum = true})},
            {"m.weights_even", "weights are 1 / K each: they are R_k / N", step_with({.weights_even = true})},
            {"m.weights_over_K", "weights are divided by K; divide by N",
             step_with({.weights_over_K = true})},
            {"m.means_over_N", "means are divided by N; divide by R_k", step_with({.means_over_N = true})},
            {"m.means_plain", "means: this is the mean of all points; point n counts r_nk times",
             step_with({.means_plain = true})},
            {"m.means_sum", "means are sums: divide them by R_k", step_with({.means_sum = true})},
            {"m.over_N", "covariances are divided by N; divide by R_k", step_with({.over_N = true})},
            {"m.scatter", "covariances are sums: divide them by R_k", step_with({.scatter = true})},
            {"m.about_zero", "covariances: the mean m_k is not subtracted", step_with({.about_zero = true})},
            {"m.plain", "covariances: all points count alike; point n counts r_nk times",
             step_with({.plain = true})},
            {"m.diagonal",
             "covariances have variances only: the products of different coordinates are missing",
             step_with({.diagonal = true})},
            {"m.sample", "covariances are divided by R_k - 1; divide by R_k", step_with({.sample = true})},
            {"m.overall_mean", "covariances: the mean of all points is subtracted; subtract m_k",
             step_with({.overall_mean = true})},
            {"m.no_floor", "covariances: floor is not added to the variances", step_with({.no_floor = true})},
            {"m.floor_everywhere", "covariances: floor is added to all elements; add it on the diagonal only",
             step_with({.floor_everywhere = true})},
            {"m.floor_least", "covariances: floor is the least variance here; it must be added",
             step_with({.floor_least = true})},
            {"m.squared_r", "points count r_nk squared times; they count r_nk times",
             step_with({.squared_r = true})},
            {"m.hard", "every point counts for its most likely component only: that is k-means; use r_nk",
             step_with({.hard = true})}},
       .inputs = inputs,
       .outputs = outputs});
  all.push_back({.todo = "10.5",
                 .title = "points far from the origin, without floor",
                 .points = 6,
                 .call = "m_step",
                 .draw = far_points,
                 .cases = 2,
                 .mistakes = {{"m.about_zero", "covariances: the mean m_k is not subtracted",
                               step_with({.about_zero = true})}},
                 .inputs = inputs,
                 .outputs = outputs});
}

}  // namespace

std::vector<Check> checks_10_mixtures() {
  std::vector<Check> all;
  add_likelihood(all);
  add_responsibilities(all);
  add_step(all);
  return all;
}

}  // namespace gradus::grade
