// Exercise 2: principal components.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ex02.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/kernels/blas.hpp"

namespace gradus::grade {
namespace {

/// The lecture's five points, shifted by (1, -1), since a mean of 0 would hide mistakes.
Tensor five_points() {
  return Tensor::of({5, 2}, {Real(.5), Real(-1.4), Real(.6), Real(-1.1), Real(1.1), -1, Real(1.3), Real(-.7),
                             Real(1.5), Real(-.8)});
}

/// More examples than features, with mixed features, so that the components have general directions.
Tensor cloud(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 2>, 5> all = {{{5, 2}, {373, 13}, {7, 1}, {9, 3}, {12, 4}}};
  const auto [N, D] = all[static_cast<std::size_t>(number) % all.size()];
  const Tensor raw = numbers(rng, {N, D}), mix = away_from_zero(rng, {D, D});
  Tensor x = Tensor::zeros({N, D});
  for (Index n = 0; n < N; ++n)
    for (Index d = 0; d < D; ++d)
      for (Index e = 0; e < D; ++e) x[n * D + d] += raw[n * D + e] * mix[e * D + d];
  return x;
}

struct MomentKnobs {
  bool not_centred = false, unbiased = false, no_division = false, mean_no_division = false,
       by_features = false, diagonal = false, upper = false, integer_mean = false, integer = false,
       correlation = false;
};
Function moments_with(MomentKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& x = in[0];
    const Index N = x.dim(0), D = x.dim(1);
    Tensor mean = Tensor::zeros({D}), covariance = Tensor::zeros({D, D});
    for (Index i = 0; i < x.size(); ++i)
      mean[i % D] += x[i] / static_cast<Real>(knobs.mean_no_division ? 1 : N) * (knobs.integer_mean ? 0 : 1);
    const Real count = static_cast<Real>(knobs.no_division   ? 1
                                         : knobs.by_features ? D
                                         : knobs.unbiased    ? N - 1
                                                             : N);
    const auto from_mean = [&](Index n, Index d) { return x[n * D + d] - (knobs.not_centred ? 0 : mean[d]); };
    for (Index n = 0; n < N; ++n)
      for (Index d = 0; d < D; ++d)
        for (Index e = 0; e < D; ++e)
          if ((!knobs.diagonal || d == e) && (!knobs.upper || d <= e) && !knobs.integer)
            covariance[d * D + e] += from_mean(n, d) * from_mean(n, e) / count;
    const Tensor plain = covariance.clone();
    for (Index i = 0; knobs.correlation && i < D * D; ++i)
      covariance[i] /= std::sqrt(plain[i / D * (D + 1)] * plain[i % D * (D + 1)]);
    return {mean, covariance};
  };
}

struct FitKnobs {
  bool smallest_first = false, ascending_variances = false, by_columns = false, any_sign = false,
       first_positive = false, largest_signed = false, by_sum = false, deviations = false, loadings = false,
       shares = false, only_K = false, no_mean = false;
};
Function fit_with(FitKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index D = in[0].dim(1), K = static_cast<Index>(in[1].item());
    Moments moments = moments_of(in[0]);
    std::vector<double> values(static_cast<std::size_t>(D));
    symmetric_eigen(moments.covariance, values, D);
    Tensor mean = Tensor::zeros({D}), components({K, D}), variances({D});
    for (Index d = 0; d < D; ++d) {
      if (!knobs.no_mean) mean[d] = static_cast<Real>(moments.mean[static_cast<std::size_t>(d)]);
      const bool ascending = knobs.ascending_variances || knobs.smallest_first;
      const double value = std::max(0.0, values[static_cast<std::size_t>(ascending ? d : D - 1 - d)]);
      const double all = std::accumulate(values.begin(), values.end(), 0.0);
      variances[d] = static_cast<Real>(knobs.deviations         ? std::sqrt(value)
                                       : knobs.shares           ? value / all
                                       : knobs.only_K && d >= K ? 0
                                                                : value);
    }
    for (Index k = 0; k < K; ++k) {
      const Index v = knobs.smallest_first ? k : D - 1 - k;
      std::vector<double> row;
      for (Index d = 0; d < D; ++d)
        row.push_back(moments.covariance[static_cast<std::size_t>(knobs.by_columns ? d * D + v : v * D + d)]);
      const double largest = *std::max_element(row.begin(), row.end(),
                                               [](double a, double b) { return std::abs(a) < std::abs(b); });
      double deciding = largest;
      if (knobs.any_sign) deciding = 1;
      if (knobs.first_positive) deciding = row[0];
      if (knobs.largest_signed) deciding = *std::max_element(row.begin(), row.end());
      if (knobs.by_sum) deciding = std::accumulate(row.begin(), row.end(), 0.0);
      const double length = knobs.loadings ? std::sqrt(values[static_cast<std::size_t>(v)]) : 1;
      for (Index d = 0; d < D; ++d)
        components[k * D + d] =
            static_cast<Real>((deciding < 0 ? -1 : 1) * length * row[static_cast<std::size_t>(d)]);
    }
    return {mean, components, variances};
  };
}

/// x or z, and a Pca (mean, components, variances) with K rows of length 1 that are not orthogonal:
/// no result may depend on orthogonality.
Tensors point_and_pca(Rng& rng, int number, bool coded) {
  constexpr std::array<std::array<Index, 3>, 5> all = {
      {{1, 3, 2}, {67, 71, 37}, {3, 4, 1}, {5, 1, 1}, {2, 6, 4}}};
  const auto [B, D, K] = all[static_cast<std::size_t>(number) % all.size()];
  Tensor components = numbers(rng, {K, D});
  for (Index k = 0; k < K; ++k) {
    Real length = 0;
    for (Index d = 0; d < D; ++d) length += components[k * D + d] * components[k * D + d];
    for (Index d = 0; d < D; ++d) components[k * D + d] /= std::sqrt(length);
  }
  return {numbers(rng, {B, coded ? K : D}), away_from_zero(rng, {D}), components,
          Tensor::uniform({D}, rng, Real(0.3), 3)};
}

struct CodeKnobs {
  Real mean = 1;
  bool transposed = false, whitened = false, mean_each = false;
};
Tensors encoded(const Tensors& in, CodeKnobs knobs) {
  const Tensor &x = in[0], &mean = in[1], &W = in[2];
  const Index B = x.dim(0), D = x.dim(1), K = W.dim(0);
  Tensor z = Tensor::zeros({B, K});
  for (Index b = 0; b < B; ++b)
    for (Index k = 0; k < K; ++k) {
      for (Index d = 0; d < D; ++d)
        z[b * K + k] +=
            (knobs.transposed ? W[d * K + k] : W[k * D + d]) * (x[b * D + d] - knobs.mean * mean[d]);
      if (knobs.whitened) z[b * K + k] /= std::sqrt(in[3][k]);
    }
  return {z};
}
Tensors decoded(const Tensors& in, CodeKnobs knobs) {
  const Tensor &z = in[0], &mean = in[1], &W = in[2];
  const Index B = z.dim(0), D = W.dim(1), K = W.dim(0);
  Tensor x({B, D});
  for (Index b = 0; b < B; ++b)
    for (Index d = 0; d < D; ++d) {
      x[b * D + d] = knobs.mean * mean[d] * (knobs.mean_each ? static_cast<Real>(K) : 1);
      for (Index k = 0; k < K; ++k)
        x[b * D + d] += (knobs.transposed ? W[d * K + k] : W[k * D + d]) * z[b * K + k] *
                        (knobs.whitened ? std::sqrt(in[3][k]) : 1);
    }
  return {x};
}
Function encode_with(CodeKnobs knobs) {
  return [knobs](const Tensors& in) { return encoded(in, knobs); };
}
Function decode_with(CodeKnobs knobs) {
  return [knobs](const Tensors& in) { return decoded(in, knobs); };
}

void moment_checks(std::vector<Check>& all) {
  const std::vector<std::string> moments = {"mean", "covariance"};
  all.push_back({.todo = "2.3",
                 .title = "the lesson's five points",
                 .points = 3,
                 .call = "moments_of",
                 .draw = always({five_points()}),
                 .cases = 1,
                 .inputs = {"x"},
                 .outputs = moments});
  all.push_back(
      {.todo = "2.3",
       .title = "random points",
       .points = 8,
       .call = "moments_of",
       .draw = [](Rng& rng, int number) -> Tensors { return {cloud(rng, number)}; },
       .mistakes =
           {{"cov.not_centred", "the mean is not subtracted: these are mean products, not covariances",
             moments_with({.not_centred = true})},
            {"cov.unbiased", "divided by N - 1; here the covariance is the plain mean, divided by N",
             moments_with({.unbiased = true})},
            {"cov.no_division", "the covariance is a sum, not divided by N",
             moments_with({.no_division = true})},
            {"cov.mean_no_division",
             "the mean is a sum, not divided by N, so the covariance is wrong as well",
             moments_with({.mean_no_division = true})},
            {"cov.by_features", "the covariance is divided by the number of features D, not of examples N",
             moments_with({.by_features = true})},
            {"cov.upper_half", "the part below the diagonal is empty: fill the whole symmetric matrix",
             moments_with({.upper = true})},
            {"cov.correlation",
             "these are correlations, divided by the standard deviations; return covariances",
             moments_with({.correlation = true})},
            {"cov.integer_mean",
             "the mean is 0: integer division gives 1 / N = 0, write static_cast<double>(N) (or it was never "
             "filled)",
             moments_with({.not_centred = true, .integer_mean = true})},
            {"cov.integer",
             "the covariance is 0: integer division gives 1 / N = 0, write static_cast<double>(N) (or it was "
             "never filled)",
             moments_with({.integer = true})},
            {"cov.diagonal", "only the diagonal is filled: the variances without the covariances",
             moments_with({.diagonal = true})}},
       .inputs = {"x"},
       .outputs = moments});
  all.push_back({.todo = "2.3",
                 .title = "points far from zero (subtract the mean before multiplying)",
                 .points = 3,
                 .call = "moments_of",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   Tensor x = cloud(rng, number);
                   for (Real& value : x.values()) value += Real(1e7);
                   return {x};
                 },
                 .inputs = {"x"},
                 .outputs = moments});
}

void fit_checks(std::vector<Check>& all) {
  const std::vector<std::string> pca = {"mean", "components", "variances"};
  all.push_back({.todo = "2.4",
                 .title = "the lesson's five points",
                 .points = 3,
                 .call = "fit_pca",
                 .draw = always({five_points(), Tensor::full({1}, 1)}),
                 .cases = 1,
                 .inputs = {"x", "K"},
                 .outputs = pca});
  all.push_back(
      {.todo = "2.4",
       .title = "random points",
       .points = 15,
       .call = "fit_pca",
       .draw = [](Rng& rng, int number) -> Tensors {
         constexpr Real K[] = {1, 11, 1, 3, 2};
         return {cloud(rng, number), Tensor::full({1}, K[number % 5])};
       },
       .mistakes =
           {{"pca.smallest_first",
             "the smallest variances come first: LAPACK sorts in ascending order, PCA in descending order",
             fit_with({.smallest_first = true})},
            {"pca.ascending_variances", "the components are right, but the variances are in ascending order",
             fit_with({.ascending_variances = true})},
            {"pca.by_columns",
             "components are read from the columns; eigenvector v_i is row i, element d at [i * D + d]",
             fit_with({.by_columns = true})},
            {"pca.any_sign",
             "the components have LAPACK's signs; the entry of largest magnitude must be positive",
             fit_with({.any_sign = true})},
            {"pca.first_positive",
             "the first entry of a component is made positive; it must be the entry of largest magnitude",
             fit_with({.first_positive = true})},
            {"pca.largest_signed",
             "the largest entry is found with its sign; of 0.4 and -0.9 the second has the larger magnitude",
             fit_with({.largest_signed = true})},
            {"pca.sign_by_sum",
             "the sum of a component's entries is made positive; it must be the entry of largest magnitude",
             fit_with({.by_sum = true})},
            {"pca.deviations",
             "square roots of the variances: an eigenvalue of the covariance is already a variance",
             fit_with({.deviations = true})},
            {"pca.shares", "shares of the total variance; return the eigenvalues themselves",
             fit_with({.shares = true})},
            {"pca.only_K", "only the K largest variances are returned: return all D eigenvalues",
             fit_with({.only_K = true})},
            {"pca.loadings", "the components are scaled by the standard deviation; they must have length 1",
             fit_with({.loadings = true})},
            {"pca.no_mean", "the mean is left at zero", fit_with({.no_mean = true})}},
       .inputs = {"x", "K"},
       .outputs = pca});
}

void code_checks(std::vector<Check>& all) {
  const std::vector<std::string> x_and_pca = {"x", "mean", "components", "variances"},
                                 z_and_pca = {"z", "mean", "components", "variances"};
  const Tensor axis = Tensor::of({1, 2}, {Real(0.8), Real(0.6)}), centre = Tensor::of({2}, {1, -1}),
               spread = Tensor::of({2}, {2, Real(0.5)});
  all.push_back({.todo = "2.5",
                 .title = "the lesson's numbers",
                 .points = 3,
                 .call = "pca.encode",
                 .draw = always({Tensor::of({2, 2}, {2, 1, 1, -1}), centre, axis, spread}),
                 .cases = 1,
                 .inputs = x_and_pca,
                 .outputs = {"z"}});
  all.push_back(
      {.todo = "2.5",
       .title = "random components",
       .points = 9,
       .call = "pca.encode",
       .draw = [](Rng& rng, int number) { return point_and_pca(rng, number, false); },
       .mistakes = {{"pca.encode_not_centred", "the mean is not subtracted from x", encode_with({.mean = 0})},
                    {"pca.encode_adds_mean", "the mean is added to x, not subtracted",
                     encode_with({.mean = -1})},
                    {"pca.encode_transposed", "components are read as [D, K]; they are [K, D]",
                     encode_with({.transposed = true})},
                    {"pca.encode_whitened", "z is divided by the standard deviations; here it is not scaled",
                     encode_with({.whitened = true})}},
       .inputs = x_and_pca,
       .outputs = {"z"}});
  all.push_back({.todo = "2.6",
                 .title = "the lesson's numbers",
                 .points = 3,
                 .call = "pca.decode",
                 .draw = always({Tensor::of({2, 1}, {2, -1}), centre, axis, spread}),
                 .cases = 1,
                 .inputs = z_and_pca,
                 .outputs = {"x^"}});
  all.push_back(
      {.todo = "2.6",
       .title = "random components",
       .points = 9,
       .call = "pca.decode",
       .draw = [](Rng& rng, int number) { return point_and_pca(rng, number, true); },
       .mistakes = {{"pca.decode_no_mean", "the mean is not added", decode_with({.mean = 0})},
                    {"pca.decode_subtracts_mean", "the mean is subtracted, not added",
                     decode_with({.mean = -1})},
                    {"pca.decode_transposed", "components are read as [D, K]; they are [K, D]",
                     decode_with({.transposed = true})},
                    {"pca.decode_mean_each", "the mean is added once per component, inside the sum over k",
                     decode_with({.mean_each = true})}},
       .inputs = z_and_pca,
       .outputs = {"x^"}});
}

}  // namespace

void pca_checks(std::vector<Check>& all) {
  moment_checks(all);
  fit_checks(all);
  code_checks(all);
}

}  // namespace gradus::grade
