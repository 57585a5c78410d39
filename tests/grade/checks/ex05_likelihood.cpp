// Exercise 5, the evidence lower bound: -log p(x|z) (5.1 to 5.5).
#include <cmath>
#include <numbers>

#include "../formulas.hpp"
#include "../inputs.hpp"
#include "ex05.hpp"

namespace gradus::grade {
namespace {

double sigmoid_of(double a) { return 1 / (1 + std::exp(-a)); }
double softplus_of(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }

// ---- 5.1, 5.2: Bernoulli

/// Case 0 is the lesson's example, case 4 has images. Targets are grey, some are black or white,
/// and some logits are extreme, in the right or the wrong direction.
Tensors pixels(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({1, 2}, {0, 2}), Tensor::of({1, 2}, {1, 0})};
  const Shape shape = number == 4 ? Shape{2, 3, 2, 2} : sizes(number);
  Tensor t = Tensor::uniform(shape, rng);
  for (Real& value : t.values())
    if (rng.bernoulli(Real(0.3))) value = std::round(value);
  return {logits(rng, shape), t};
}
/// Logits of magnitude 1000 of one sign, right and wrong: every p is rounded to 0 or 1.
Tensors extreme_pixels(Rng& rng, int number) {
  const Real sign = number == 0 ? 1 : -1;
  Tensor t = Tensor::uniform({2, 3}, rng);
  t[0] = 0, t[1] = 1;
  return {Tensor::uniform({2, 3}, rng, 900 * sign, 1000 * sign), t};
}
Tensors with_slope(Rng& rng, Tensors in, int number) {
  in.push_back(number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {in[0].dim(0)}));
  return in;
}

template <class F>
Function bernoulli_rows(F term) {
  return [term](const Tensors& in) -> Tensors {
    return {rows_summed(in[0], [&](Index i) { return term(double{in[0][i]}, double{in[1][i]}); })};
  };
}
double bernoulli_term(double a, double t) { return softplus_of(a) - t * a; }
double from_p(double p, double t) { return -(t * std::log(p) + (1 - t) * std::log(1 - p)); }

template <class F>
Function bernoulli_gradient(F f) {
  return [f](const Tensors& in) -> Tensors {
    return {each(in[0], [&](Index i, Index b) { return in[2][b] * f(double{in[0][i]}, double{in[1][i]}); })};
  };
}

std::vector<Mistake> bernoulli_mistakes() {
  const auto over = [](auto size) -> Function {
    return [size](const Tensors& in) -> Tensors {
      return {rows_summed(in[0], [&](Index i) { return bernoulli_term(in[0][i], in[1][i]) / size(in[0]); })};
    };
  };
  return {{"bern.sign", "the sign is wrong: return minus the log likelihood",
           bernoulli_rows([](double a, double t) { return -bernoulli_term(a, t); })},
          {"bern.double_sigmoid",
           "the sigmoid is applied twice: the loss takes logits and computes p from them itself",
           bernoulli_rows([](double a, double t) { return bernoulli_term(sigmoid_of(a), t); })},
          {"bern.no_sigmoid", "the logits are used as if they were probabilities",
           bernoulli_rows([](double a, double t) { return from_p(a, t); })},
          {"bern.swapped", "logits and target are exchanged",
           bernoulli_rows([](double a, double t) { return bernoulli_term(t, a); })},
          {"bern.ones_only", "only t log p is summed: the term (1 - t) log(1 - p) is missing",
           bernoulli_rows([](double a, double t) { return t * (softplus_of(a) - a); })},
          {"bern.no_target", "the target's term is missing: this is -log(1 - p), as if t were 0",
           bernoulli_rows([](double a, double) { return softplus_of(a); })},
          {"bern.target_inverted", "t and 1 - t are exchanged",
           bernoulli_rows([](double a, double t) { return bernoulli_term(a, 1 - t); })},
          {"bern.squared", "this is the squared error of p: return a likelihood",
           bernoulli_rows([](double a, double t) { return std::pow(sigmoid_of(a) - t, 2); })},
          {"bern.mean_over_d",
           "the mean over the pixels, not the sum: relative to the KL term it is D times too "
           "small, and the code collapses",
           over(width_of)},
          {"bern.mean_over_all", "divided by the number of all pixels of all rows: return the sum per row",
           over([](const Tensor& x) { return static_cast<double>(x.size()); })},
          {"bern.two_axes",
           "only dim(1) numbers of a row are summed: images have more axes, and row_size() numbers",
           [](const Tensors& in) -> Tensors {
             Tensor out = Tensor::zeros({in[0].dim(0)});
             for (Index i = 0; i < in[0].dim(0) * in[0].dim(1); ++i)
               out[i / in[0].dim(1)] += static_cast<Real>(bernoulli_term(in[0][i], in[1][i]));
             return {out};
           }},
          {"bern.mean_over_batch", "divided by the number of rows: the caller takes the batch mean",
           over(height_of)}};
}

void add_bernoulli(std::vector<Check>& all) {
  all.push_back({.todo = "5.1",
                 .title = "the lesson's example, then random pixels",
                 .points = 9,
                 .call = "bernoulli_nll",
                 .draw = pixels,
                 .cases = 5,
                 .mistakes = bernoulli_mistakes(),
                 .inputs = {"logits", "t"},
                 .outputs = {"l"}});

  std::vector<Mistake> far = {
      {"bern.log_of_p", "the logarithm of p or of 1 - p is computed, which is log 0 at such logits",
       bernoulli_rows([](double a, double t) { return from_p(sigmoid_of(a), t); })},
      {"bern.softplus_overflows", "log(1 + exp(logit)) is computed directly: exp overflows at large logits",
       bernoulli_rows([](double a, double t) { return std::log(1 + std::exp(a)) - t * a; })},
      {"bern.softplus_below", "log(1 + exp(-logit)) is computed directly: exp overflows at logits below -700",
       bernoulli_rows([](double a, double t) { return a + std::log(1 + std::exp(-a)) - t * a; })},
      {"bern.log_clamped", "the logarithms are clamped at -100: finite, but not the likelihood",
       bernoulli_rows([](double a, double t) {
         const double p = sigmoid_of(a);
         return -(t * std::max(std::log(p), -100.0) + (1 - t) * std::max(std::log(1 - p), -100.0));
       })},
      {"bern.logits_clamped", "the logits are clamped: finite, but not the likelihood",
       bernoulli_rows(
           [](double a, double t) { return bernoulli_term(std::min(std::max(a, -30.0), 30.0), t); })}};
  for (const double small : {1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16})
    far.push_back({"bern.p_clamped",
                   "p is kept away from 0 and 1 by a small number: finite, but not the likelihood",
                   bernoulli_rows([small](double a, double t) {
                     return from_p(std::min(std::max(sigmoid_of(a), small), 1 - small), t);
                   })});
  all.push_back({.todo = "5.1",
                 .title = "logits near 1000 and -1000",
                 .points = 5,
                 .call = "bernoulli_nll",
                 .draw = extreme_pixels,
                 .cases = 2,
                 .mistakes = far,
                 .inputs = {"logits", "t"},
                 .outputs = {"l"}});
}

std::vector<Mistake> bernoulli_gradient_mistakes() {
  const auto right = [](double a, double t) { return sigmoid_of(a) - t; };
  const auto with = [=](auto slope) -> Function {
    return [=](const Tensors& in) -> Tensors {
      return bernoulli_gradient(right)({in[0], in[1], slope(in[2], in[0])});
    };
  };
  return {{"bern.grad_sign", "the sign is wrong: where p is too large the logit must decrease",
           bernoulli_gradient([](double a, double t) { return t - sigmoid_of(a); })},
          {"bern.grad_no_target", "the target is missing",
           bernoulli_gradient([](double a, double) { return sigmoid_of(a); })},
          {"bern.grad_no_sigmoid", "the target is subtracted from the logit, not from p",
           bernoulli_gradient([](double a, double t) { return a - t; })},
          {"bern.grad_by_p",
           "this is the derivative with respect to p; return that with respect to the logit (chain rule)",
           bernoulli_gradient([](double a, double t) {
             const double p = sigmoid_of(a);
             return (p - t) / (p * (1 - p));
           })},
          {"bern.grad_sigmoid_twice", "the sigmoid's derivative p (1 - p) is a factor too many",
           bernoulli_gradient([](double a, double t) {
             const double p = sigmoid_of(a);
             return (p - t) * p * (1 - p);
           })},
          {"bern.grad_double_sigmoid", "the sigmoid is applied twice",
           bernoulli_gradient([](double a, double t) { return sigmoid_of(sigmoid_of(a)) - t; })},
          {"bern.grad_no_slope", "the factor dL/dl of the row is missing (the chain rule)",
           with([](const Tensor& d, const Tensor&) { return Tensor::full(d.shape(), 1); })},
          {"bern.grad_first_slope", "every row uses the dL/dl of the first row",
           with([](const Tensor& d, const Tensor&) { return Tensor::full(d.shape(), d[0]); })},
          {"bern.grad_slope_misplaced",
           "the values of dL/dl are read in the wrong order: number i belongs to row i / D",
           [=](const Tensors& in) -> Tensors {
             return {each(
                 in[0], [&](Index i, Index) { return in[2][i % in[0].dim(0)] * right(in[0][i], in[1][i]); })};
           }},
          {"bern.grad_mean_over_d", "divided by the number of pixels, but the loss is a sum",
           with([](const Tensor& d, const Tensor& a) {
             return each(d, [&](Index b, Index) { return d[b] / width_of(a); });
           })}};
}

void add_bernoulli_gradient(std::vector<Check>& all) {
  all.push_back({.todo = "5.2",
                 .title = "the lesson's example, then random pixels",
                 .points = 9,
                 .call = "bernoulli_nll.backward",
                 .draw = [](Rng& rng, int number) { return with_slope(rng, pixels(rng, number), number); },
                 .cases = 5,
                 .mistakes = bernoulli_gradient_mistakes(),
                 .inputs = {"logits", "t", "dL/dl"},
                 .outputs = {"dlogits"},
                 .differentiates = "bernoulli_nll"});
  all.push_back(
      {.todo = "5.2",
       .title = "logits near 1000 and -1000",
       .points = 3,
       .call = "bernoulli_nll.backward",
       .draw =
           [](Rng& rng, int number) {
             Tensors in = extreme_pixels(rng, number);
             in.push_back(away_from_zero(rng, {2}));
             return in;
           },
       .cases = 2,
       .mistakes =
           {{"bern.grad_clamped",
             "the gradient is 0 where p is nearly 1 or 0, exactly where the decoder's error may be largest: "
             "no clamp",
             bernoulli_gradient([](double, double) { return 0.0; })},
            {"bern.grad_overflows", "exp(logit) / (1 + exp(logit)) is infinity over infinity at large logits",
             bernoulli_gradient([](double a, double t) { return std::exp(a) / (1 + std::exp(a)) - t; })},
            {"bern.grad_by_division", "a term is divided by p or by 1 - p, which are 0 at such logits",
             bernoulli_gradient([](double a, double t) {
               const double p = sigmoid_of(a);
               return (p - t) / (p * (1 - p)) * (p * (1 - p));
             })}},
       .inputs = {"logits", "t", "dL/dl"},
       .outputs = {"dlogits"}});
  all.push_back(
      constant_check("5.2", "bernoulli_nll.constant", "bern.grad_to_target", "t",
                     [](Rng& rng, int number) { return with_slope(rng, pixels(rng, number), number); },
                     {"logits", "t", "dL/dl"}));
}

// ---- 5.3: Gaussian, fixed variance

/// Case 0 is the lesson's example.
Tensors predictions(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({1, 2}, {.5, .2}), Tensor::of({1, 2}, {1, 0}), Tensor::full({1}, 5)};
  return {numbers(rng, sizes(number)), numbers(rng, sizes(number)),
          Tensor::full({1}, rng.uniform(Real(1.5), Real(4)))};
}

/// nll_b from ||x_b - x_hat_b||^2, C and D
template <class F>
Function fixed_rows(F f) {
  return [f](const Tensors& in) -> Tensors {
    Tensor nll = rows_summed(in[0], [&](Index i) { return std::pow(double{in[1][i]} - in[0][i], 2); });
    for (Real& value : nll.values())
      value = static_cast<Real>(f(double{value}, double{in[2].item()}, width_of(in[0])));
    return {nll};
  };
}

void add_fixed(std::vector<Check>& all) {
  constexpr double pi = std::numbers::pi;
  all.push_back(
      {.todo = "5.3",
       .title = "the lesson's example, then random numbers",
       .points = 6,
       .call = "fixed_gaussian_nll",
       .draw = predictions,
       .cases = 5,
       .mistakes =
           {{"fixed.mean_over_d",
             "the mean over the pixels, not the sum: relative to the KL term it is D times too small, and "
             "the code collapses",
             fixed_rows([](double s, double C, double D) { return C * s / D; })},
            {"fixed.mean_over_all", "divided by the number of all pixels of all rows: return the sum per row",
             [](const Tensors& in) -> Tensors {
               const double scale = in[2].item() / static_cast<double>(in[0].size());
               return {rows_summed(in[0], [&](Index i) { return scale * std::pow(in[1][i] - in[0][i], 2); })};
             }},
            {"fixed.no_C", "C is left out", fixed_rows([](double s, double, double) { return s; })},
            {"fixed.integer",
             "the result is 0 everywhere: integer division gives 1 / 2 = 0; C already includes the factor",
             fixed_rows([](double, double, double) { return 0.0; })},
            {"fixed.half", "there is an extra factor 1/2: C = 1 / (2c) already includes it",
             fixed_rows([](double s, double C, double) { return C * s / 2; })},
            {"fixed.two", "there is an extra factor 2: C is 1 / (2c), not 1 / c",
             fixed_rows([](double s, double C, double) { return 2 * C * s; })},
            {"fixed.C_as_variance", "C is used as the variance c: it is 1 / (2c)",
             fixed_rows([](double s, double C, double) { return s / (2 * C); })},
            {"fixed.root", "the distance is not squared",
             fixed_rows([](double s, double C, double) { return C * std::sqrt(s); })},
            {"fixed.sign", "the sign is wrong: return minus the log likelihood",
             fixed_rows([](double s, double C, double) { return -C * s; })},
            {"fixed.with_constant", "the constant D/2 log(2 pi c) is included; leave it out",
             fixed_rows([=](double s, double C, double D) { return C * s + D / 2 * std::log(pi / C); })}},
       .inputs = {"x_hat", "x", "C"},
       .outputs = {"nll"}});
  all.push_back(
      {.todo = "5.3",
       .title = "the gradient comes by itself",
       .points = 3,
       .call = "fixed_gaussian_nll.backward",
       .draw =
           [](Rng& rng, int number) {
             Tensors in = predictions(rng, number + 1);
             in.push_back(away_from_zero(rng, {in[0].dim(0)}));
             return in;
           },
       .mistakes =
           {{"fixed.detached",
             "no gradient reaches x_hat: its value() or detach() was used, which the tape does not record",
             [](const Tensors& in) -> Tensors { return {Tensor::zeros(in[0].shape())}; }}},
       .inputs = {"x_hat", "x", "C", "dL/dnll"},
       .outputs = {"dx_hat"},
       .differentiates = "fixed_gaussian_nll"});
}

// ---- 5.4, 5.5: Gaussian, learned sigma

Tensors learned(Rng& rng, int number) {
  if (number == 0) return {Tensor::of({1, 2}, {.5, .2}), Tensor::full({1}, -1), Tensor::of({1, 2}, {1, 0})};
  const Real size = rng.uniform(Real(0.3), Real(0.8));
  return {numbers(rng, sizes(number)), Tensor::full({1}, number % 2 ? -size : size),
          numbers(rng, sizes(number))};
}
Tensors learned_and_slope(Rng& rng, int number) {
  Tensors in = learned(rng, number);
  in.push_back(number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {in[0].dim(0)}));
  return in;
}
Tensor squares(const Tensors& in) {
  return rows_summed(in[0], [&](Index i) { return std::pow(double{in[2][i]} - in[0][i], 2); });
}

/// { nll, squared }, nll from the squared distance, v = log sigma, and D
template <class F>
Function learned_rows(F f) {
  return [f](const Tensors& in) -> Tensors {
    const Tensor s = squares(in);
    return {each(s, [&](Index b, Index) { return f(double{s[b]}, double{in[1][0]}, width_of(in[0])); }), s};
  };
}

/// { dx_hat, dlog_sigma }: the factor of (x_hat - x), and the term that is summed over the rows
template <class Factor, class Term>
Function learned_gradients(Factor factor, Term term) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor s = squares(in);
    const double v = in[1][0], D = width_of(in[0]);
    double sum = 0;
    for (Index b = 0; b < s.size(); ++b) sum += in[3][b] * term(double{s[b]}, v, D);
    return {each(in[0], [&](Index i, Index b) { return in[3][b] * factor(v) * (in[0][i] - in[2][i]); }),
            Tensor::full({1}, static_cast<Real>(sum))};
  };
}

std::vector<Mistake> learned_mistakes() {
  const double c = std::log(2 * std::numbers::pi) / 2;
  const auto e = [](double v) { return std::exp(v); };
  const auto nll = [=](double s, double v, double D) { return D * (c + v) + s * e(-2 * v) / 2; };
  return {
      {"learned.no_log_sigma", "the term D log sigma is missing: without it sigma grows without bound",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) - D * v; })},
      {"learned.no_D", "log sigma counts once per pixel: its factor D is missing",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) - D * v + v; })},
      {"learned.no_2pi", "the constant D/2 log(2 pi) is missing (integer division gives 1 / 2 = 0)",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) - D * c; })},
      {"learned.2pi_once", "1/2 log(2 pi) counts once per pixel: its factor D is missing",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) - (D - 1) * c; })},
      {"learned.no_error", "the squared error's term is missing or 0: integer division gives 1 / 2 = 0",
       learned_rows([=](double s, double v, double D) { return nll(0 * s, v, D); })},
      {"learned.log_sigma_twice", "log sigma is counted twice: the factor 1/2 of log sigma^2 is missing",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) + D * v; })},
      {"learned.2pi_no_half", "log(2 pi) lacks its factor 1/2",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) + D * c; })},
      {"learned.no_half", "the squared error is divided by sigma^2: the 2 of 2 sigma^2 is missing",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) + s * e(-2 * v) / 2; })},
      {"learned.sigma_not_squared", "the squared error is divided by 2 sigma, not by 2 sigma^2",
       learned_rows([=](double s, double v, double D) { return D * (c + v) + s * e(-v) / 2; })},
      {"learned.as_logvar", "log_sigma is used as log sigma^2",
       learned_rows([=](double s, double v, double D) { return D * (c + v / 2) + s * e(-v) / 2; })},
      {"learned.as_sigma", "log_sigma is used as sigma itself",
       learned_rows([=](double s, double v, double D) { return D * (c + std::log(v)) + s / (2 * v * v); })},
      {"learned.sign", "the sign is wrong: return minus the log likelihood",
       learned_rows([=](double s, double v, double D) { return -nll(s, v, D); })},
      {"learned.mean_over_d", "the mean over the pixels, not the sum",
       learned_rows([=](double s, double v, double D) { return nll(s, v, D) / D; })},
      {"learned.squared_scaled", "nll is right; squared must be the plain squared distance, without sigma",
       [=](const Tensors& in) -> Tensors {
         Tensors out = learned_rows(nll)(in);
         for (Real& value : out[1].values()) value *= static_cast<Real>(e(-2 * in[1][0]));
         return out;
       }},
      {"learned.squared_is_nll",
       "nll is right; squared holds the same values: was squared itself overwritten and returned?",
       [=](const Tensors& in) -> Tensors {
         const Tensor right = learned_rows(nll)(in)[0];
         return {right, right};
       }},
      {"learned.squared_not_kept", "nll is right; squared is not saved in the op for backward",
       [=](const Tensors& in) -> Tensors {
         return {learned_rows(nll)(in)[0], Tensor()};
       }}};
}

void add_learned(std::vector<Check>& all) {
  all.push_back({.todo = "5.4",
                 .title = "the lesson's example, then random numbers",
                 .points = 13,
                 .call = "learned_gaussian_nll",
                 .draw = learned,
                 .cases = 5,
                 .mistakes = learned_mistakes(),
                 .inputs = {"x_hat", "log_sigma", "x"},
                 .outputs = {"nll", "squared"}});
}

std::vector<Mistake> learned_gradient_mistakes() {
  const auto e = [](double v) { return std::exp(v); };
  const auto precision = [=](double v) { return e(-2 * v); };
  const auto slope = [=](double s, double v, double D) { return D - s * e(-2 * v); };
  const auto right = learned_gradients(precision, slope);
  return {
      {"learned.grad_sign", "dx_hat has the wrong sign: it points from x to x_hat",
       learned_gradients([=](double v) { return -e(-2 * v); }, slope)},
      {"learned.grad_two", "dx_hat is twice too large: the 2 of the square and the 2 of 2 sigma^2 cancel",
       learned_gradients([=](double v) { return 2 * e(-2 * v); }, slope)},
      {"learned.grad_half", "dx_hat is half of the right value: the derivative of the square has a factor 2",
       learned_gradients([=](double v) { return e(-2 * v) / 2; }, slope)},
      {"learned.grad_sigma_not_squared", "dx_hat is divided by sigma, not by sigma^2",
       learned_gradients([=](double v) { return e(-v); }, slope)},
      {"learned.grad_no_D", "dlog_sigma: log sigma counts once per pixel: D is missing",
       learned_gradients(precision, [=](double s, double v, double) { return 1 - s * e(-2 * v); })},
      {"learned.grad_no_log_sigma", "dlog_sigma lacks the derivative of D log sigma",
       learned_gradients(precision, [=](double s, double v, double) { return -s * e(-2 * v); })},
      {"learned.grad_no_two", "dlog_sigma: sigma^-2 is exp(-2 log sigma), whose derivative has a factor 2",
       learned_gradients(precision, [=](double s, double v, double D) { return D - s * e(-2 * v) / 2; })},
      {"learned.grad_by_sigma",
       "this is the derivative with respect to sigma; return that with respect to log sigma (chain "
       "rule)",
       learned_gradients(precision,
                         [=](double s, double v, double D) { return (D - s * e(-2 * v)) * e(-v); })},
      {"learned.grad_as_logvar",
       "this is the derivative with respect to log sigma^2: half of that with respect to log sigma",
       learned_gradients(precision, [=](double s, double v, double D) { return (D - s * e(-2 * v)) / 2; })},
      {"learned.grad_mean_over_batch", "dlog_sigma is the mean over the rows; it must be the sum",
       [=](const Tensors& in) -> Tensors {
         const Tensors out = right(in);
         return {out[0], Tensor::full({1}, out[1][0] / static_cast<Real>(height_of(in[0])))};
       }},
      {"learned.grad_last_row", "dlog_sigma has only the last row's term: use += instead of =",
       [=](const Tensors& in) -> Tensors {
         const Index last = in[0].dim(0) - 1;
         const auto row = [&](const Tensor& x) { return x.rows(last, last + 1); };
         return {right(in)[0], right({row(in[0]), in[1], row(in[2]), row(in[3])})[1]};
       }},
      {"learned.grad_slope_after_sum", "dlog_sigma: every row has its own slope, inside the sum over rows",
       [=](const Tensors& in) -> Tensors {
         const Tensor same = Tensor::full(in[3].shape(), in[3][0]);
         return {right(in)[0], right({in[0], in[1], in[2], same})[1]};
       }},
      {"learned.grad_no_slope", "the factors dL/dnll are missing (the chain rule)",
       [=](const Tensors& in) -> Tensors {
         return right({in[0], in[1], in[2], Tensor::full(in[3].shape(), 1)});
       }}};
}

void add_learned_gradient(std::vector<Check>& all) {
  all.push_back({.todo = "5.5",
                 .title = "the lesson's example, then random numbers",
                 .points = 12,
                 .call = "learned_gaussian_nll.backward",
                 .draw = learned_and_slope,
                 .cases = 5,
                 .mistakes = learned_gradient_mistakes(),
                 .inputs = {"x_hat", "log_sigma", "x", "dL/dnll"},
                 .outputs = {"dx_hat", "dlog_sigma"},
                 .differentiates = "learned_gaussian_nll"});
  all.push_back(constant_check("5.5", "learned_gaussian_nll.constant", "learned.grad_to_x", "x",
                               learned_and_slope, {"x_hat", "log_sigma", "x", "dL/dnll"}));
}

}  // namespace

std::vector<Check> likelihood_checks() {
  std::vector<Check> all;
  add_bernoulli(all);
  add_bernoulli_gradient(all);
  add_fixed(all);
  add_learned(all);
  add_learned_gradient(all);
  return all;
}

}  // namespace gradus::grade
