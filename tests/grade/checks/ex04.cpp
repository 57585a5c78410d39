// Exercise 4, divergences: the Gaussian's (4.5, 4.6).
#include "ex04.hpp"

#include <cmath>

#include "../formulas.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

template <class F>
Function gaussian_rows(F term) {
  return [term](const Tensors& in) -> Tensors {
    return {rows_summed(in[0], [&](Index i) { return 0.5 * term(double{in[0][i]}, double{in[1][i]}); })};
  };
}
template <class Dmu, class Dv>
Function gaussian_gradients(Dmu dmu, Dv dv) {
  return [=](const Tensors& in) -> Tensors {
    return {each(in[0], [&](Index i, Index b) { return in[2][b] * dmu(in[0][i]); }),
            each(in[0], [&](Index i, Index b) { return in[2][b] * dv(in[1][i]); })};
  };
}

/// Case 0 is the lesson's example.
Tensors gaussians(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({1, 2}, {.5, 1}), Tensor::of({1, 2}, {0, Real(std::log(4.0))})};
  return {numbers(rng, sizes(number)), numbers(rng, sizes(number))};
}
Tensors gaussians_and_slope(Rng& rng, int number) {
  Tensors in = gaussians(rng, number);
  in.push_back(number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {in[0].dim(0)}));
  return in;
}
/// All logvar of a case have one magnitude: beside e^20 a mistake at e^-20 would be invisible.
Tensors extreme_gaussians(Rng& rng, int number) {
  const Real centre = number == 0 ? Real(20) : number == 1 ? Real(-20) : Real(-800);
  return {numbers(rng, {2, 3}), Tensor::randn({2, 3}, rng, centre, Real(0.5))};
}

double e(double v) { return std::exp(v); }
double right_term(double m, double v) { return e(v) + m * m - 1 - v; }
double clamped(double v) { return std::min(std::max(v, -10.0), 10.0); }

std::vector<Mistake> kl_mistakes() {
  const auto over = [](auto size) -> Function {
    return [size](const Tensors& in) -> Tensors {
      return {
          rows_summed(in[0], [&](Index i) { return 0.5 * right_term(in[0][i], in[1][i]) / size(in[0]); })};
    };
  };
  return {
      {"kl.no_half", "the factor 1/2 is missing",
       gaussian_rows([](double m, double v) { return 2 * right_term(m, v); })},
      {"kl.integer_half", "the result is 0 everywhere: integer division gives 1 / 2 = 0, write Real(0.5)",
       gaussian_rows([](double, double) { return 0.0; })},
      {"kl.half_of_first", "the factor 1/2 multiplies only exp(logvar); brackets are missing",
       gaussian_rows([](double m, double v) { return 2 * right_term(m, v) - e(v); })},
      {"kl.sign", "the sign is wrong: a divergence is never negative",
       gaussian_rows([](double m, double v) { return -right_term(m, v); })},
      {"kl.slide", "the slide's formula as printed: it has the wrong sign, and sigma in place of sigma^2",
       gaussian_rows([](double m, double v) { return -(e(v / 2) + m * m - 1 - v / 2); })},
      {"kl.slide_sign_only",
       "the slide's formula with its sign corrected: it still has sigma in place of sigma^2",
       gaussian_rows([](double m, double v) { return e(v / 2) + m * m - 1 - v / 2; })},
      {"kl.exp_half", "exp(logvar / 2) is sigma; the formula needs the variance, exp(logvar)",
       gaussian_rows([](double m, double v) { return e(v / 2) + m * m - 1 - v; })},
      {"kl.logvar_as_std", "logvar is used as log sigma; it is log sigma^2",
       gaussian_rows([](double m, double v) { return e(2 * v) + m * m - 1 - 2 * v; })},
      {"kl.logvar_as_variance", "logvar is used as the variance itself; it is its logarithm",
       gaussian_rows([](double m, double v) { return v + m * m - 1 - std::log(v); })},
      {"kl.no_one", "the - 1 is missing: at mu = 0, logvar = 0 the divergence is 0",
       gaussian_rows([](double m, double v) { return right_term(m, v) + 1; })},
      {"kl.plus_logvar", "logvar is added; it must be subtracted",
       gaussian_rows([](double m, double v) { return right_term(m, v) + 2 * v; })},
      {"kl.no_mu", "mu^2 is missing", gaussian_rows([](double, double v) { return e(v) - 1 - v; })},
      {"kl.one_once", "the 1 counts once per row; it belongs inside the sum over k",
       [](const Tensors& in) -> Tensors {
         const double K = width_of(in[0]);
         return gaussian_rows([K](double m, double v) { return right_term(m, v) + 1 - 1 / K; })(in);
       }},
      {"kl.mu_not_squared", "mu is not squared",
       gaussian_rows([](double m, double v) { return e(v) + m - 1 - v; })},
      {"kl.mean_over_k", "the mean over the K numbers of a code, not the sum", over(width_of)},
      {"kl.mean_over_batch", "divided by the number of rows: the caller takes the batch mean",
       over(height_of)},
      {"kl.mean_over_all", "divided by the number of all numbers, rows times columns: return the sum per row",
       over([](const Tensor& x) { return static_cast<double>(x.size()); })},
      {"kl.batch_mean", "every row holds the mean of the batch; the caller takes the mean",
       [](const Tensors& in) -> Tensors {
         double sum = 0;
         for (Index i = 0; i < in[0].size(); ++i) sum += 0.5 * right_term(in[0][i], in[1][i]);
         return {Tensor::full({in[0].dim(0)}, static_cast<Real>(sum / height_of(in[0])))};
       }},
      {"kl.sum_over_all", "every row holds the sum over the whole batch", [](const Tensors& in) -> Tensors {
         double sum = 0;
         for (Index i = 0; i < in[0].size(); ++i) sum += 0.5 * right_term(in[0][i], in[1][i]);
         return {Tensor::full({in[0].dim(0)}, static_cast<Real>(sum))};
       }}};
}

void add_gaussian(std::vector<Check>& all) {
  all.push_back({.todo = "4.5",
                 .title = "the lesson's example, then random Gaussians",
                 .points = 16,
                 .call = "gaussian_kl",
                 .draw = gaussians,
                 .cases = 5,
                 .mistakes = kl_mistakes(),
                 .inputs = {"mu", "logvar"},
                 .outputs = {"kl"}});
  all.push_back(
      {.todo = "4.5",
       .title = "logvar near 20, -20 and -800",
       .points = 3,
       .call = "gaussian_kl",
       .draw = extreme_gaussians,
       .cases = 3,
       .mistakes = {{"kl.log_of_exp", "log(exp(logvar)) is computed, which is log 0 here: use logvar itself",
                     gaussian_rows([](double m, double v) { return e(v) + m * m - 1 - std::log(e(v)); })},
                    {"kl.clamped", "logvar is clamped to -10 .. 10: the formula is valid for every logvar",
                     gaussian_rows([](double m, double v) { return right_term(m, clamped(v)); })}},
       .inputs = {"mu", "logvar"},
       .outputs = {"kl"}});
}

// the gradients of a term, without dL/dkl
double mu(double m) { return m; }
double half(double v) { return 0.5 * (e(v) - 1); }

std::vector<Mistake> kl_gradient_mistakes() {
  return {
      {"kl.grad_no_half", "the factor 1/2 is missing",
       gaussian_gradients([](double m) { return 2 * m; }, [](double v) { return e(v) - 1; })},
      {"kl.grad_mu_no_half", "the factor 1/2 is missing in dmu",
       gaussian_gradients([](double m) { return 2 * m; }, half)},
      {"kl.grad_logvar_no_half",
       "dlogvar is twice too large: the factor 1/2 is missing, or it is the gradient of log sigma",
       gaussian_gradients(mu, [](double v) { return e(v) - 1; })},
      {"kl.grad_integer_half", "dlogvar is 0 everywhere: integer division gives 1 / 2 = 0, write Real(0.5)",
       gaussian_gradients(mu, [](double) { return 0.0; })},
      {"kl.grad_mu_half", "dmu is half of the right value: the derivative of the square has a factor 2",
       gaussian_gradients([](double m) { return 0.5 * m; }, half)},
      {"kl.grad_sign", "the sign is wrong",
       gaussian_gradients([](double m) { return -m; }, [](double v) { return 0.5 * (1 - e(v)); })},
      {"kl.grad_no_minus_one", "dlogvar lacks the derivative of - logvar",
       gaussian_gradients(mu, [](double v) { return 0.5 * e(v); })},
      {"kl.grad_by_variance",
       "this is the derivative with respect to the variance; logvar is its logarithm (chain rule)",
       gaussian_gradients(mu, [](double v) { return 0.5 * (1 - e(-v)); })},
      {"kl.grad_by_std", "this is the derivative with respect to sigma; logvar is log sigma^2 (chain rule)",
       gaussian_gradients(mu, [](double v) { return e(v / 2) - e(-v / 2); })},
      {"kl.grad_exp_half", "exp(logvar / 2) is sigma; the variance is exp(logvar)",
       gaussian_gradients(mu, [](double v) { return 0.5 * (e(v / 2) - 1); })},
      {"kl.grad_exchanged", "the two gradients are exchanged: dmu comes first",
       [=](const Tensors& in) -> Tensors {
         const Tensors right = gaussian_gradients(mu, half)(in);
         return {right[1], right[0]};
       }},
      {"kl.grad_no_slope", "the factor dL/dkl of the row is missing (the chain rule)",
       [=](const Tensors& in) -> Tensors {
         return gaussian_gradients(mu, half)({in[0], in[1], Tensor::full(in[2].shape(), 1)});
       }},
      {"kl.grad_first_slope", "every row uses the dL/dkl of the first row",
       [=](const Tensors& in) -> Tensors {
         return gaussian_gradients(mu, half)({in[0], in[1], Tensor::full(in[2].shape(), in[2][0])});
       }},
      {"kl.grad_slope_misplaced",
       "the values of dL/dkl are read in the wrong order: number i belongs to row i / K",
       [=](const Tensors& in) -> Tensors {
         const auto slope = [&](Index i) { return in[2][i % in[0].dim(0)]; };
         return {each(in[0], [&](Index i, Index) { return slope(i) * mu(in[0][i]); }),
                 each(in[0], [&](Index i, Index) { return slope(i) * half(in[1][i]); })};
       }}};
}

void add_gaussian_gradients(std::vector<Check>& all) {
  all.push_back({.todo = "4.6",
                 .title = "the lesson's example, then random Gaussians",
                 .points = 16,
                 .call = "gaussian_kl.backward",
                 .draw = gaussians_and_slope,
                 .cases = 5,
                 .mistakes = kl_gradient_mistakes(),
                 .inputs = {"mu", "logvar", "dL/dkl"},
                 .outputs = {"dmu", "dlogvar"},
                 .differentiates = "gaussian_kl"});
  all.push_back({.todo = "4.6",
                 .title = "logvar near 20, -20 and -800",
                 .points = 3,
                 .call = "gaussian_kl.backward",
                 .draw =
                     [](Rng& rng, int number) {
                       Tensors in = extreme_gaussians(rng, number);
                       in.push_back(away_from_zero(rng, {2}));
                       return in;
                     },
                 .cases = 3,
                 .mistakes = {{"kl.grad_over_zero", "a term is divided by exp(logvar), which is 0 here",
                               gaussian_gradients(mu, [](double v) { return 0.5 * (1 - 1 / e(v)) * e(v); })},
                              {"kl.grad_clamped",
                               "logvar is clamped to -10 .. 10: the formula is valid for every logvar",
                               gaussian_gradients(mu, [=](double v) { return half(clamped(v)); })}},
                 .inputs = {"mu", "logvar", "dL/dkl"},
                 .outputs = {"dmu", "dlogvar"}});
}

}  // namespace

std::vector<Check> checks_04() {
  std::vector<Check> all = distribution_checks();
  add_gaussian(all);
  add_gaussian_gradients(all);
  return all;
}

}  // namespace gradus::grade
