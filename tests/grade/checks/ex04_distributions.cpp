// Exercise 4, divergences: distributions given by tables of probabilities (4.1 to 4.4).
#include <cmath>

#include "../formulas.hpp"
#include "../inputs.hpp"
#include "ex04.hpp"

namespace gradus::grade {
namespace {

const std::vector<std::string> input_names = {"p", "q", "spacing"};
const std::vector<std::string> input_names_and_slope = {"p", "q", "spacing", "dL/d(divergence)"};

double xlogx(double p, double q) { return p > 0 ? p * std::log(p / q) : 0; }

/// Case 0 is the lesson's example; then rows of probabilities, bounded away from 0, with a spacing.
Tensors two_distributions(Rng& rng, int number) {
  if (number == 0)
    return {Tensor::of({1, 2}, {.5, .5}), Tensor::of({1, 2}, {.25, .75}), Tensor::full({1}, 1)};
  return {distributions(rng, sizes(number)), distributions(rng, sizes(number)),
          Tensor::full({1}, rng.uniform(Real(0.1), Real(0.6)))};
}
Tensors two_distributions_and_slope(Rng& rng, int number) {
  Tensors in = two_distributions(rng, number);
  in.push_back(number == 0 ? Tensor::full({1}, 1) : away_from_zero(rng, {in[0].dim(0)}));
  return in;
}

/// Normalises the rows to sum to 1.
void normalise(Tensor& p) {
  const Index K = p.dim(1);
  for (Index b = 0; b < p.dim(0); ++b) {
    Real sum = 0;
    for (Index k = 0; k < K; ++k) sum += p[b * K + k];
    for (Index k = 0; k < K; ++k) p[b * K + k] /= sum;
  }
}

/// A zero in p, one in both at once, and one in q if requested.
Tensors distributions_with_zeros(Rng& rng, bool zero_in_q) {
  Tensor p = distributions(rng, {3, 5}), q = distributions(rng, {3, 5});
  p[0] = 0;
  p[7] = q[7] = 0;
  if (zero_in_q) q[12] = 0;
  normalise(p);
  normalise(q);
  return {p, q, Tensor::full({1}, 1)};
}
Tensors zeros_and_slope(Rng& rng, int) {
  Tensors in = distributions_with_zeros(rng, false);
  in.push_back(away_from_zero(rng, {3}));
  return in;
}

// ---- 4.1, 4.2: KL

struct Kl {
  double factor = 1;
  bool swapped = false, by_q = false, unweighted = false, cross = false, no_spacing = false;
  bool over_k = false, over_b = false;
};
Function kl_with(Kl knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &p = knobs.swapped ? in[1] : in[0], &q = knobs.swapped ? in[0] : in[1];
    const double h = knobs.factor * (knobs.no_spacing ? 1.0 : double{in[2].item()}) /
                     (knobs.over_k ? width_of(p) : 1) / (knobs.over_b ? height_of(p) : 1);
    return {rows_summed(p, [&](Index i) {
      const double weight = knobs.by_q ? q[i] : knobs.unweighted ? 1.0 : double{p[i]};
      return h * weight * (knobs.cross ? -std::log(q[i]) : std::log(p[i] / q[i]));
    })};
  };
}
/// The terms of distributions with zeros, handled in several ways.
template <class F>
Function kl_terms(F term) {
  return [term](const Tensors& in) -> Tensors {
    return {rows_summed(in[0], [&](Index i) { return in[2].item() * term(in[0][i], in[1][i]); })};
  };
}

/// { dp, dq }, from the factor of the slope
template <class Dp, class Dq>
Function gradients(Dp dp, Dq dq, bool slope = true, bool spacing = true) {
  return [=](const Tensors& in) -> Tensors {
    const double h = spacing ? double{in[2].item()} : 1;
    return {
        each(in[0], [&](Index i, Index b) { return (slope ? in[3][b] : 1) * h * dp(in[0][i], in[1][i]); }),
        each(in[0], [&](Index i, Index b) { return (slope ? in[3][b] : 1) * h * dq(in[0][i], in[1][i]); })};
  };
}
double kl_dp(double p, double q) { return p == 0 && q == 0 ? 0 : std::log(p / q) + 1; }
double kl_dq(double p, double q) { return p > 0 ? -p / q : 0; }

/// The right gradients with the first row's slope for all rows.
template <class Dp, class Dq>
Function first_slope(Dp dp, Dq dq) {
  return [=](const Tensors& in) -> Tensors {
    Tensors same = in;
    same[3] = Tensor::full(in[3].shape(), in[3][0]);
    return gradients(dp, dq)(same);
  };
}

/// Number i uses the slope of row i % B; the row of number i is i / K.
template <class Dp, class Dq>
Function misplaced_slope(Dp dp, Dq dq) {
  return [=](const Tensors& in) -> Tensors {
    const auto with = [&](auto d) {
      return each(in[0], [&](Index i, Index) {
        return in[3][i % in[0].dim(0)] * in[2].item() * d(in[0][i], in[1][i]);
      });
    };
    return {with(dp), with(dq)};
  };
}

void add_kl(std::vector<Check>& all) {
  all.push_back(
      {.todo = "4.1",
       .title = "the lesson's example, then random distributions",
       .points = 10,
       .call = "kl_divergence",
       .draw = two_distributions,
       .cases = 5,
       .mistakes = {{"pq.swapped", "p and q are exchanged: this is KL(q || p)", kl_with({.swapped = true})},
                    {"pq.sign", "the sign is wrong: this is sum p log(q / p)", kl_with({.factor = -1})},
                    {"pq.base2", "a logarithm to base 2 (bits); use the natural logarithm (nats)",
                     kl_with({.factor = 1 / std::log(2.0)})},
                    {"pq.no_spacing", "the grid's spacing is left out", kl_with({.no_spacing = true})},
                    {"pq.mean_over_k", "the mean over k, not the sum", kl_with({.over_k = true})},
                    {"pq.mean_over_batch", "divided by the number of rows: every row has its own result",
                     kl_with({.over_b = true})},
                    {"pq.weighted_by_q", "log(p / q) is weighted by q; the expectation is under p",
                     kl_with({.by_q = true})},
                    {"pq.unweighted", "log(p / q) is summed without its weight p",
                     kl_with({.unweighted = true})},
                    {"pq.cross_entropy",
                     "this is the cross entropy -sum p log q: the term sum p log p is missing",
                     kl_with({.cross = true})}},
       .inputs = input_names,
       .outputs = {"kl"}});

  std::vector<Mistake> at_zero = {
      {"pq.zero_is_nan",
       "p log(p / q) is computed at p = 0, where it is 0 times minus infinity: 0 log 0 is 0",
       kl_terms([](double p, double q) { return p * std::log(p / q); })},
      {"pq.skips_zero_q", "terms with q = 0 < p are left out; KL is infinite there",
       kl_terms([](double p, double q) { return p > 0 && q > 0 ? p * std::log(p / q) : 0; })}};
  for (const double small : {1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30})
    at_zero.push_back(
        {"pq.eps", "a small number inside the logarithm hides that KL is infinite at q = 0 < p",
         kl_terms([small](double p, double q) { return p * std::log((p + small) / (q + small)); })});
  all.push_back({.todo = "4.1",
                 .title = "distributions with zeros",
                 .points = 5,
                 .call = "kl_divergence",
                 .draw = [](Rng& rng, int) { return distributions_with_zeros(rng, true); },
                 .cases = 2,
                 .mistakes = at_zero,
                 .inputs = input_names,
                 .outputs = {"kl"}});
}

void add_kl_gradients(std::vector<Check>& all) {
  const auto zero = [](double, double) { return 0.0; };
  all.push_back(
      {.todo = "4.2",
       .title = "the lesson's example, then random distributions",
       .points = 12,
       .call = "kl_divergence.backward",
       .draw = two_distributions_and_slope,
       .cases = 5,
       .mistakes =
           {{"pq.grad_no_one", "dp lacks the + 1: p occurs twice in p log p (the product rule)",
             gradients([](double p, double q) { return std::log(p / q); }, kl_dq)},
            {"pq.grad_q_sign", "dq has the wrong sign: log q enters with a minus",
             gradients(kl_dp, [](double p, double q) { return p / q; })},
            {"pq.grad_q_no_weight", "dq lacks the weight p of its term",
             gradients(kl_dp, [](double, double q) { return -1 / q; })},
            {"pq.grad_q_ratio", "the ratio in dq is upside down",
             gradients(kl_dp, [](double p, double q) { return -q / p; })},
            {"pq.grad_q_missing", "dq is 0 everywhere, but KL depends on q as well", gradients(kl_dp, zero)},
            {"pq.grad_exchanged", "the two gradients are exchanged: dp comes first", gradients(kl_dq, kl_dp)},
            {"pq.grad_no_slope", "the factor dL/dkl of the row is missing (the chain rule)",
             gradients(kl_dp, kl_dq, false)},
            {"pq.grad_first_slope", "every row uses the slope of the first row", first_slope(kl_dp, kl_dq)},
            {"pq.grad_slope_misplaced",
             "the slopes are read in the wrong order: number i belongs to row i / K",
             misplaced_slope(kl_dp, kl_dq)},
            {"pq.grad_no_spacing", "the grid's spacing is left out", gradients(kl_dp, kl_dq, true, false)}},
       .inputs = input_names_and_slope,
       .outputs = {"dp", "dq"},
       .differentiates = "kl_divergence"});
  std::vector<Mistake> grad_at_zero = {
      {"pq.grad_zero_is_nan", "where p and q are both 0 the formulas are 0/0 and infinity minus infinity",
       gradients([](double p, double q) { return std::log(p / q) + 1; },
                 [](double p, double q) { return -p / q; })},
      {"pq.grad_zero_cut", "dp is set to 0 wherever p is 0; this is right only where q is 0 as well",
       gradients([](double p, double q) { return p > 0 ? std::log(p / q) + 1 : 0; }, kl_dq)}};
  for (const double small : {1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16})
    grad_at_zero.push_back(
        {"pq.grad_eps",
         "a small number inside the logarithm or the quotient hides that dp is infinite at p = 0 < q",
         gradients([small](double p, double q) { return std::log((p + small) / (q + small)) + 1; },
                   [small](double p, double q) { return -p / (q + small); })});
  all.push_back({.todo = "4.2",
                 .title = "distributions with zeros",
                 .points = 3,
                 .call = "kl_divergence.backward",
                 .draw = zeros_and_slope,
                 .cases = 2,
                 .mistakes = grad_at_zero,
                 .inputs = input_names_and_slope,
                 .outputs = {"dp", "dq"}});
}

// ---- 4.3, 4.4: Jensen-Shannon

template <class F>
Function js_terms(F term, bool spacing = true, double power = 1) {
  return [=](const Tensors& in) -> Tensors {
    const double h = spacing ? double{in[2].item()} : 1;
    Tensor js = rows_summed(in[0], [&](Index i) { return h * term(in[0][i], in[1][i]); });
    for (Real& value : js.values()) value = std::pow(value, static_cast<Real>(power));
    return {js};
  };
}
double js_term(double p, double q) { return (xlogx(p, (p + q) / 2) + xlogx(q, (p + q) / 2)) / 2; }

double js_d(double one, double other) {
  return one == 0 && other == 0 ? 0 : std::log(2 * one / (one + other)) / 2;
}
/// { d(p, q), d(q, p) }
template <class D>
Function both_ways(D d, bool slope = true, bool spacing = true) {
  return gradients(
      d, [d](double p, double q) { return d(q, p); }, slope, spacing);
}

std::vector<Mistake> js_mistakes() {
  const auto js_over = [](auto size) {
    return [size](const Tensors& in) -> Tensors {
      return {rows_summed(in[0],
                          [&](Index i) { return in[2].item() * js_term(in[0][i], in[1][i]) / size(in[0]); })};
    };
  };
  return {
      {"js.no_halves", "the two divergences are added, not averaged: the halves are missing",
       js_terms([](double p, double q) { return 2 * js_term(p, q); })},
      {"js.jeffreys", "KL(p || q) and KL(q || p) are averaged (Jeffreys); JS compares both with the mean m",
       js_terms([](double p, double q) { return (xlogx(p, q) + xlogx(q, p)) / 2; })},
      {"js.m_without_half", "m is p + q without the factor 1/2: m must be a distribution",
       js_terms([](double p, double q) { return (xlogx(p, p + q) + xlogx(q, p + q)) / 2; })},
      {"js.integer_m", "m is 0: integer division gives 1 / 2 = 0, write Real(0.5)",
       js_terms([](double p, double q) { return (xlogx(p, 0 * q) + xlogx(q, 0 * p)) / 2; })},
      {"js.integer_half", "the result is 0 everywhere: integer division gives 1 / 2 = 0, write Real(0.5)",
       js_terms([](double, double) { return 0.0; })},
      {"js.one_side", "only KL(p || m); the half of KL(q || m) is missing",
       js_terms([](double p, double q) { return xlogx(p, (p + q) / 2) / 2; })},
      {"js.reversed", "KL(m || p) and KL(m || q): m must be the second argument",
       js_terms([](double p, double q) { return (xlogx((p + q) / 2, p) + xlogx((p + q) / 2, q)) / 2; })},
      {"js.root", "the square root of JS (the metric); return JS itself", js_terms(js_term, true, 0.5)},
      {"js.base2", "a logarithm to base 2 (bits); use the natural logarithm (nats)",
       js_terms([](double p, double q) { return js_term(p, q) / std::log(2.0); })},
      {"js.no_spacing", "the grid's spacing is left out", js_terms(js_term, false)},
      {"js.mean_over_k", "the mean over k, not the sum", js_over(width_of)},
      {"js.mean_over_batch", "divided by the number of rows: every row has its own result",
       js_over(height_of)}};
}

void add_js(std::vector<Check>& all) {
  all.push_back({.todo = "4.3",
                 .title = "the lesson's example, then random distributions",
                 .points = 12,
                 .call = "js_divergence",
                 .draw = two_distributions,
                 .cases = 5,
                 .mistakes = js_mistakes(),
                 .inputs = input_names,
                 .outputs = {"js"}});
  all.push_back(
      {.todo = "4.3",
       .title = "distributions with zeros",
       .points = 4,
       .call = "js_divergence",
       .draw = [](Rng& rng, int number) -> Tensors {  // the second pair is disjoint: log 2
         if (number == 0) return distributions_with_zeros(rng, true);
         return {Tensor::of({1, 5}, {.5, .5, 0, 0, 0}), Tensor::of({1, 5}, {0, 0, .2, .3, .5}),
                 Tensor::full({1}, 1)};
       },
       .cases = 2,
       .mistakes = {{"js.zero_is_nan",
                     "p log(p / m) is computed at p = 0, where it is 0 times minus infinity: 0 log 0 is 0",
                     js_terms([](double p, double q) {
                       const double m = (p + q) / 2;
                       return (p * std::log(p / m) + q * std::log(q / m)) / 2;
                     })},
                    {"js.zero_drops_both",
                     "where one distribution is 0 the other's term is left out as well; that term is p log 2",
                     js_terms([](double p, double q) { return p > 0 && q > 0 ? js_term(p, q) : 0; })}},
       .inputs = input_names,
       .outputs = {"js"}});
}

void add_js_gradients(std::vector<Check>& all) {
  all.push_back(
      {.todo = "4.4",
       .title = "the lesson's example, then random distributions",
       .points = 12,
       .call = "js_divergence.backward",
       .draw = two_distributions_and_slope,
       .cases = 5,
       .mistakes =
           {{"js.grad_no_half", "the factor 1/2 is missing",
             both_ways([](double p, double q) { return 2 * js_d(p, q); })},
            {"js.grad_integer_half",
             "the result is 0 everywhere: integer division gives 1 / 2 = 0, write Real(0.5)",
             both_ways([](double, double) { return 0.0; })},
            {"js.grad_same", "dq is the same as dp: it needs log(q / m)", gradients(js_d, js_d)},
            {"js.grad_m_constant", "m is held constant: it depends on p and q, which cancels the + 1",
             both_ways([](double p, double q) { return js_d(p, q) + 0.5; })},
            {"js.grad_m_twice", "the contribution of m to the gradient is counted twice",
             both_ways([](double p, double q) { return js_d(p, q) - 0.5; })},
            {"js.grad_one_path",
             "the other distribution's KL to m also depends on this one through m: that path is missing",
             both_ways([](double p, double q) { return js_d(p, q) + 0.5 - 0.5 * p / (p + q); })},
            {"js.grad_m_without_half", "m is p + q without the factor 1/2",
             both_ways([](double p, double q) { return std::log(p / (p + q)) / 2; })},
            {"js.grad_jeffreys", "this is the gradient of the average of KL(p || q) and KL(q || p)",
             both_ways([](double p, double q) { return (std::log(p / q) + 1 - q / p) / 2; })},
            {"js.grad_exchanged", "the two gradients are exchanged: dp comes first",
             both_ways([](double p, double q) { return js_d(q, p); })},
            {"js.grad_no_slope", "the factor dL/djs of the row is missing (the chain rule)",
             both_ways(js_d, false)},
            {"js.grad_first_slope", "every row uses the slope of the first row",
             first_slope(js_d, [](double p, double q) { return js_d(q, p); })},
            {"js.grad_slope_misplaced",
             "the slopes are read in the wrong order: number i belongs to row i / K",
             misplaced_slope(js_d, [](double p, double q) { return js_d(q, p); })},
            {"js.grad_no_spacing", "the grid's spacing is left out", both_ways(js_d, true, false)}},
       .inputs = input_names_and_slope,
       .outputs = {"dp", "dq"},
       .differentiates = "js_divergence"});
  all.push_back(
      {.todo = "4.4",
       .title = "distributions with zeros",
       .points = 4,
       .call = "js_divergence.backward",
       .draw = zeros_and_slope,
       .cases = 2,
       .mistakes = {{"js.grad_zero_is_nan", "where p and q are both 0 the formula takes the logarithm of 0/0",
                     both_ways([](double p, double q) { return std::log(2 * p / (p + q)) / 2; })},
                    {"js.grad_zero_cut",
                     "the gradient is set to 0 wherever its own distribution is 0; this is right only where "
                     "both are 0",
                     both_ways([](double p, double q) { return p > 0 ? js_d(p, q) : 0; })}},
       .inputs = input_names_and_slope,
       .outputs = {"dp", "dq"}});
}

}  // namespace

std::vector<Check> distribution_checks() {
  std::vector<Check> all;
  add_kl(all);
  add_kl_gradients(all);
  add_js(all);
  add_js_gradients(all);
  return all;
}

}  // namespace gradus::grade
