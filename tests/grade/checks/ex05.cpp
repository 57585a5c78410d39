// Exercise 5, the evidence lower bound: the bound, and the tighter bound (5.6 to 5.9).
#include "ex05.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "../formulas.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// ---- 5.6

/// { a nll + b kl, and their gradients }, where they are tracked
Function elbo_with(double a, double b, bool nll_tracked = true, bool kl_tracked = true) {
  return [=](const Tensors& in) -> Tensors {
    const auto scaled = [&](double factor) {
      return each(in[2], [&](Index i, Index) { return factor * in[2][i]; });
    };
    return {each(in[0], [&](Index i, Index) { return a * in[0][i] + b * in[1][i]; }),
            scaled(nll_tracked ? a : 0), scaled(kl_tracked ? b : 0)};
  };
}

void add_elbo(std::vector<Check>& all) {
  all.push_back(
      {.todo = "5.6",
       .title = "values and gradients",
       .points = 6,
       .call = "elbo",
       .draw = [](Rng& rng, int number) -> Tensors {
         if (number == 0) return {Tensor::full({1}, 100), Tensor::full({1}, 20), Tensor::full({1}, 1)};
         const Shape shape = {sizes(number)[1]};
         return {Tensor::uniform(shape, rng, 2, 4), Tensor::uniform(shape, rng, 1, 3),
                 away_from_zero(rng, shape)};
       },
       .mistakes =
           {{"elbo.is_loss", "this is the loss, which is minimised: the bound is its negative",
             elbo_with(1, 1)},
            {"elbo.kl_added", "the KL term is added; it must be subtracted", elbo_with(-1, 1)},
            {"elbo.nll_sign", "nll is minus the log likelihood: it enters with a minus sign",
             elbo_with(1, -1)},
            {"elbo.no_kl", "the KL term is missing: this is the likelihood term alone", elbo_with(-1, 0)},
            {"elbo.no_nll", "the likelihood term is missing", elbo_with(0, -1)},
            {"elbo.detached", "no gradients: value() or detach() was used, which the tape does not record",
             elbo_with(-1, -1, false, false)},
            {"elbo.nll_detached", "no gradient reaches nll: the decoder would never learn",
             elbo_with(-1, -1, false, true)},
            {"elbo.kl_detached", "no gradient reaches kl: the encoder would never be regularised",
             elbo_with(-1, -1, true, false)},
            {"elbo.mean", "the mean over the batch; return one number per example",
             [](const Tensors& in) -> Tensors {
               double sum = 0;
               for (Index b = 0; b < in[0].size(); ++b) sum -= in[0][b] + in[1][b];
               if (in[0].size() == 1) return elbo_with(-1, -1)(in);
               return {Tensor::full({1}, static_cast<Real>(sum / height_of(in[0]))), Tensor(), Tensor()};
             }}},
       .inputs = {"nll", "kl", "dL/delbo"},
       .outputs = {"elbo", "dnll", "dkl"}});
}

// ---- 5.7

/// log w from the sign of nll and what is summed over k; the sum is halved.
template <class F>
Function weight_with(F term, double nll_sign = -1, bool mean = false) {
  return [=](const Tensors& in) -> Tensors {
    Tensor log_w = rows_summed(in[1], [&](Index i) {
      return term(double{in[1][i]}, double{in[2][i]}, double{in[3][i]}) / (mean ? width_of(in[1]) : 1) / 2;
    });
    for (Index b = 0; b < log_w.size(); ++b) log_w[b] += static_cast<Real>(nll_sign * in[0][b]);
    return {log_w};
  };
}

std::vector<Mistake> weight_mistakes() {
  const double c = std::log(2 * std::numbers::pi);
  const auto e = [](double v) { return std::exp(v); };
  const auto square = [](double x) { return x * x; };
  const auto right = [=](double m, double v, double z) { return v + square(z - m) * e(-v) - z * z; };
  return {
      {"weight.no_prior", "log p(z) is missing",
       weight_with([=](double m, double v, double z) { return c + v + square(z - m) * e(-v); })},
      {"weight.no_nll", "nll is left out: log p(x|z) is the first of the three", weight_with(right, 0)},
      {"weight.integer_half", "log p(z) - log q(z|x) is missing or 0: integer division gives 1 / 2 = 0",
       weight_with([](double, double, double) { return 0.0; })},
      {"weight.no_q", "log q(z|x) is missing: the weight is relative to the distribution that proposed z",
       weight_with([=](double, double, double z) { return -c - z * z; })},
      {"weight.q_sign", "log q(z|x) is added; it must be subtracted",
       weight_with([=](double m, double v, double z) { return -2 * c - v - square(z - m) * e(-v) - z * z; })},
      {"weight.q_sign", "log q(z|x) is added; it must be subtracted",
       weight_with([=](double m, double v, double z) { return -v - square(z - m) * e(-v) - z * z; })},
      {"weight.prior_not_squared", "z enters log p(z) without a square; the term is -1/2 z^2",
       weight_with([=](double m, double v, double z) { return right(m, v, z) + z * z - z; })},
      {"weight.prior_sign", "log p(z) is subtracted; it must be added",
       weight_with([=](double m, double v, double z) { return 2 * c + v + square(z - m) * e(-v) + z * z; })},
      {"weight.nll_sign", "nll is minus the log likelihood: it enters with a minus sign",
       weight_with(right, 1)},
      {"weight.no_half", "the factor 1/2 of the Gaussians is missing",
       weight_with([=](double m, double v, double z) { return 2 * right(m, v, z); })},
      {"weight.constant_left", "log(2 pi) is in only one of the two Gaussians; in both it cancels",
       weight_with([=](double m, double v, double z) { return right(m, v, z) - c; })},
      {"weight.constant_left", "log(2 pi) is in only one of the two Gaussians; in both it cancels",
       weight_with([=](double m, double v, double z) { return right(m, v, z) + c; })},
      {"weight.no_logvar", "the density of q lacks its normalisation: the term logvar is missing",
       weight_with([=](double m, double v, double z) { return right(m, v, z) - v; })},
      {"weight.logvar_as_std", "logvar is used as log sigma; it is log sigma^2",
       weight_with([=](double m, double v, double z) { return right(m, 2 * v, z); })},
      {"weight.logvar_no_half", "log s^2 enters the density with a factor 1/2, which gives log s",
       weight_with([=](double m, double v, double z) { return right(m, v, z) + v; })},
      {"weight.exp_half", "(z - mu)^2 is divided by sigma, not by the variance exp(logvar)",
       weight_with([=](double m, double v, double z) { return v + square(z - m) * e(-v / 2) - z * z; })},
      {"weight.times_variance", "(z - mu)^2 is multiplied by the variance; it must be divided by it",
       weight_with([=](double m, double v, double z) { return v + square(z - m) * e(v) - z * z; })},
      {"weight.prior_at_mu", "the prior is evaluated at mu; evaluate it at the drawn z",
       weight_with([=](double m, double v, double z) { return right(m, v, z) + z * z - m * m; })},
      {"weight.kl", "this is -nll - KL, the average over all z; return the weight of this z",
       weight_with([=](double m, double v, double) { return -(e(v) + m * m - 1 - v); })},
      {"weight.mean_over_k", "the mean over the K numbers of a code, not the sum",
       weight_with(right, -1, true)}};
}

void add_weight(std::vector<Check>& all) {
  all.push_back({.todo = "5.7",
                 .title = "the lesson's example, then random codes",
                 .points = 10,
                 .call = "log_importance_weight",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   if (number == 0)
                     return {Tensor::full({1}, 3), Tensor::full({1, 1}, 1),
                             Tensor::full({1, 1}, Real(std::log(0.25))), Tensor::full({1, 1}, Real(1.5))};
                   const Shape shape = sizes(number);
                   return {Tensor::uniform({shape[0]}, rng, 1, 4), numbers(rng, shape), numbers(rng, shape),
                           numbers(rng, shape)};
                 },
                 .cases = 5,
                 .mistakes = weight_mistakes(),
                 .inputs = {"nll", "mu", "logvar", "z"},
                 .outputs = {"log_w"}});
}

// ---- 5.8, 5.9

struct Row {
  std::vector<double> log_w;
  double largest = -infinite, batch_largest = -infinite, rows = 1;
  double k() const { return static_cast<double>(log_w.size()); }
  double sum(double shift) const {  ///< of exp(log_w - shift)
    double total = 0;
    for (const double one : log_w) total += std::exp(one - shift);
    return total;
  }
  double bound(double shift) const { return shift + std::log(sum(shift) / k()); }
};

/// { bound, weights }: bound(row) and weight(row, log_w)
template <class Bound, class Weight>
Function bound_with(Bound bound, Weight weight) {
  return [=](const Tensors& in) -> Tensors {
    const Index k = in[0].dim(1);
    Row row{.log_w = {}, .rows = height_of(in[0])};
    for (const Real value : in[0].values()) row.batch_largest = std::max(row.batch_largest, double{value});
    Tensors out = {Tensor({in[0].dim(0)}), Tensor(in[0].shape())};
    for (Index b = 0; b < in[0].dim(0); ++b) {
      row.log_w.assign(in[0].data() + b * k, in[0].data() + (b + 1) * k);
      row.largest = *std::max_element(row.log_w.begin(), row.log_w.end());
      out[0][b] = static_cast<Real>(bound(row));
      for (Index s = 0; s < k; ++s)
        out[1][b * k + s] = static_cast<Real>(weight(row, row.log_w[static_cast<std::size_t>(s)]));
    }
    return out;
  };
}

std::vector<Mistake> bound_mistakes() {
  const auto bound = [](const Row& row) { return row.bound(row.largest); };
  const auto weight = [](const Row& row, double w) {
    return std::exp(w - row.largest) / row.sum(row.largest);
  };
  return {{"iwae.mean_of_logs",
           "the mean of the logarithms (the ELBO's estimate); return the logarithm of the mean",
           bound_with(
               [](const Row& row) {
                 double sum = 0;
                 for (const double w : row.log_w) sum += w;
                 return sum / row.k();
               },
               weight)},
          {"iwae.no_mean", "the sum of the weights, not their mean: 1/k is missing",
           bound_with([=](const Row& row) { return bound(row) + std::log(row.k()); }, weight)},
          {"iwae.integer",
           "integer division gives 1 / k = 0, whose logarithm is minus infinity: divide the sum by k",
           bound_with([=](const Row& row) { return row.k() > 1 ? -infinite : bound(row); }, weight)},
          {"iwae.divided_outside", "1/k is outside the logarithm; the mean is inside",
           bound_with([=](const Row& row) { return (bound(row) + std::log(row.k())) / row.k(); }, weight)},
          {"iwae.by_batch", "divided by the number of rows, not by the number of samples",
           bound_with([=](const Row& row) { return bound(row) + std::log(row.k() / row.rows); }, weight)},
          {"iwae.max_not_added", "the largest is subtracted before exp, but not added back after log",
           bound_with([=](const Row& row) { return bound(row) - row.largest; }, weight)},
          {"iwae.no_log", "the mean of the weights; the logarithm is missing",
           bound_with([=](const Row& row) { return std::exp(bound(row)); }, weight)},
          {"iwae.best_only", "only the largest weight counts; return the mean of all",
           bound_with([](const Row& row) { return row.largest; }, weight)},
          {"iwae.weights_not_normalised", "the bound is right; the saved weights of a row do not sum to 1",
           bound_with(bound, [](const Row& row, double w) { return std::exp(w - row.largest); })},
          {"iwae.weights_sum_to_k",
           "the bound is right; the saved weights are divided by the mean and sum to k: divide by the sum",
           bound_with(bound, [=](const Row& row, double w) { return row.k() * weight(row, w); })},
          {"iwae.weights_raw",
           "the bound is right; the saved weights are exp(log_w), which do not sum to 1 per row",
           bound_with(bound, [](const Row&, double w) { return std::exp(w); })},
          {"iwae.weights_not_kept", "the bound is right; the weights are not saved in the op for backward",
           [=](const Tensors& in) -> Tensors {
             return {bound_with(bound, weight)(in)[0], Tensor()};
           }}};
}

void add_bound(std::vector<Check>& all) {
  const auto shifted = [](auto shift) {
    return bound_with(
        [=](const Row& row) { return row.bound(shift(row)); },
        [=](const Row& row, double w) { return std::exp(w - shift(row)) / row.sum(shift(row)); });
  };
  all.push_back({.todo = "5.8",
                 .title = "the lesson's example, then random weights",
                 .points = 9,
                 .call = "importance_weighted_bound",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   if (number == 0) return {Tensor::of({1, 2}, {0, Real(std::log(3.0))})};
                   return {Tensor::randn(sizes(number), rng, Real(1.5), Real(1.5))};
                 },
                 .cases = 5,
                 .mistakes = bound_mistakes(),
                 .inputs = {"log_w"},
                 .outputs = {"bound", "weights"}});
  all.push_back(
      {.todo = "5.8",
       .title = "log weights near 5000 and -5000",
       .points = 4,
       .call = "importance_weighted_bound",
       .draw = [](Rng& rng, int number) -> Tensors {
         Tensor log_w = Tensor::randn({3, 4}, rng, number == 0 ? Real(5000) : Real(-5000), 1);
         if (number == 2)  // the largest is last, and all rows differ
           for (Index b = 0; b < 3; ++b) log_w[4 * b + 3] = Real(5000) * static_cast<Real>(b) - 2000;
         return {log_w};
       },
       .cases = 3,
       .mistakes =
           {{"iwae.overflows", "exp(log_w) is computed directly: it overflows at 5000 and is 0 at -5000",
             shifted([](const Row&) { return 0.0; })},
            {"iwae.max_from_zero", "the search for the largest begins at 0, but all of them are negative",
             shifted([](const Row& row) { return std::max(row.largest, 0.0); })},
            {"iwae.max_of_batch", "the largest of the whole batch is subtracted; every row needs its own",
             shifted([](const Row& row) { return row.batch_largest; })},
            {"iwae.first_for_max", "the first number of the row is subtracted, not the largest",
             shifted([](const Row& row) { return row.log_w[0]; })}},
       .inputs = {"log_w"},
       .outputs = {"bound", "weights"}});
}

std::vector<Mistake> bound_gradient_mistakes() {
  // The log weights of the call are such that exp(log_w) sums to 1.
  const auto gradient = [](auto f) -> Function {
    return [f](const Tensors& in) -> Tensors {
      const double k = width_of(in[0]);
      return {
          each(in[0], [&](Index i, Index b) { return f(std::exp(double{in[0][i]}), double{in[1][b]}, k); })};
    };
  };
  return {
      {"iwae.grad_uniform",
       "every sample has the same factor 1/k: that is the gradient of the mean of logarithms",
       gradient([](double, double d, double k) { return d / k; })},
      {"iwae.grad_ones", "the weights are missing: every sample receives the whole slope",
       gradient([](double, double d, double) { return d; })},
      {"iwae.grad_divided_by_k", "divided by k: the 1/k inside the logarithm is only an added constant",
       gradient([](double w, double d, double k) { return w * d / k; })},
      {"iwae.grad_sign", "the sign is wrong: larger weights give a larger bound",
       gradient([](double w, double d, double) { return -w * d; })},
      {"iwae.grad_softmax", "this is the softmax's own derivative w (1 - w); return the bound's",
       gradient([](double w, double d, double) { return w * (1 - w) * d; })},
      {"iwae.grad_inverse", "divided by the weight instead of multiplied",
       gradient([](double w, double d, double) { return d / w; })},
      {"iwae.grad_log", "the weights are already weights: their logarithm is not needed",
       gradient([](double w, double d, double) { return std::log(w) * d; })},
      {"iwae.grad_no_slope", "the factor dL/dbound of the row is missing (the chain rule)",
       gradient([](double w, double, double) { return w; })},
      {"iwae.grad_slope_misplaced", "the slopes are read in the wrong order: number i belongs to row i / k",
       [](const Tensors& in) -> Tensors {
         return {each(in[0],
                      [&](Index i, Index) { return std::exp(double{in[0][i]}) * in[1][i % in[1].size()]; })};
       }},
      {"iwae.grad_first_weights",
       "every row uses the weights of the first row: number s of row b is at b k + s",
       [](const Tensors& in) -> Tensors {
         const Index k = in[0].dim(1);
         return {each(in[0], [&](Index i, Index b) { return std::exp(double{in[0][i % k]}) * in[1][b]; })};
       }},
      {"iwae.grad_weights_misplaced",
       "the weights are read at b + s, so that rows overlap: number s of row b is at b k + s",
       [](const Tensors& in) -> Tensors {
         const Index k = in[0].dim(1);
         return {
             each(in[0], [&](Index i, Index b) { return std::exp(double{in[0][b + i % k]}) * in[1][b]; })};
       }},
      {"iwae.grad_weights_transposed",
       "the weights are read column by column: number s of row b is at b k + s, not s B + b",
       [](const Tensors& in) -> Tensors {
         const Index B = in[0].dim(0), k = in[0].dim(1);
         return {each(in[0],
                      [&](Index i, Index b) { return std::exp(double{in[0][i % k * B + b]}) * in[1][b]; })};
       }},
      {"iwae.grad_first_slope", "every row uses the slope of the first row",
       [=](const Tensors& in) -> Tensors {
         return gradient([](double w, double d, double) { return w * d; })(
             {in[0], Tensor::full(in[1].shape(), in[1][0])});
       }}};
}

void add_bound_gradient(std::vector<Check>& all) {
  all.push_back(
      {.todo = "5.9",
       .title = "gradients",
       .points = 9,
       .call = "importance_weighted_bound.backward",
       .draw = [](Rng& rng, int number) -> Tensors {
         Tensor w = number == 0 ? Tensor::of({1, 2}, {.25, .75}) : distributions(rng, sizes(number));
         const Index rows = w.dim(0);
         return {each(w, [&](Index i, Index) { return std::log(w[i]); }),
                 number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {rows})};
       },
       .cases = 5,
       .mistakes = bound_gradient_mistakes(),
       .inputs = {"log_w", "dL/dbound"},
       .outputs = {"dlog_w"},
       .differentiates = "importance_weighted_bound"});
}

}  // namespace

std::vector<Check> checks_05() {
  std::vector<Check> all = likelihood_checks();
  add_elbo(all);
  add_weight(all);
  add_bound(all);
  add_bound_gradient(all);
  return all;
}

}  // namespace gradus::grade
