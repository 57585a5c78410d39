// Exercise 4: divergences.
#include <cmath>

#include "../check.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

/// out_b = sum_k f(b, k) over rows of x [B, K]
template <class F>
Tensors rows_summed(const Tensor& x, F f) {
  Tensor out = Tensor::zeros({x.dim(0)});
  for (Index b = 0; b < x.dim(0); ++b)
    for (Index k = 0; k < x.dim(1); ++k) out[b] += static_cast<Real>(f(x.dim(1) * b + k, b, k));
  return {out};
}

/// out_i = f(i, b) for every element of x [B, K], b its row
template <class F>
Tensor each(const Tensor& x, F f) {
  Tensor out(x.shape());
  for (Index i = 0; i < x.size(); ++i) out[i] = static_cast<Real>(f(i, i / x.dim(1)));
  return out;
}

double xlogx(double p, double q) { return p > 0 ? p * std::log(p / q) : 0; }

/// Rows of probabilities, bounded away from 0; a spacing.
Tensors two_laws(Rng& rng, int number) {
  const Shape shape = sizes(number);
  return {distributions(rng, shape), distributions(rng, shape),
          Tensor::full({1}, number == 0 ? 1 : rng.uniform(Real(0.1), Real(0.6)))};
}
Tensors two_laws_and_slope(Rng& rng, int number) {
  Tensors in = two_laws(rng, number);
  in.push_back(away_from_zero(rng, {in[0].dim(0)}));
  return in;
}
/// With zeros: in p, in both, and (for Jensen-Shannon) in q alone.
Tensors laws_with_zeros(Rng& rng, bool zero_in_q) {
  Tensor p = distributions(rng, {3, 5}), q = distributions(rng, {3, 5});
  p[0] = 0;
  p[7] = q[7] = 0;
  if (zero_in_q) q[12] = 0;
  return {p, q, Tensor::full({1}, 1)};
}

struct KlKnobs {
  bool swapped = false, sign = false, base2 = false, no_spacing = false, mean = false, batch = false;
};
Function kl_with(KlKnobs knobs) {
  return [knobs](const Tensors& in) {
    const Tensor &p = knobs.swapped ? in[1] : in[0], &q = knobs.swapped ? in[0] : in[1];
    const double h = (knobs.no_spacing ? 1.0 : double{in[2].item()}) * (knobs.sign ? -1 : 1) /
                     (knobs.base2 ? std::log(2.0) : 1) / (knobs.mean ? static_cast<double>(p.dim(1)) : 1);
    Tensors out = rows_summed(p, [&](Index i, Index, Index) { return h * xlogx(p[i], q[i]); });
    return out;
  };
}

}  // namespace

std::vector<Check> checks_04() {
  std::vector<Check> all;
  const std::vector<std::string> laws = {"p", "q", "spacing"},
                                 laws_and_slope = {"p", "q", "spacing", "dL/dkl"};

  all.push_back(
      {.todo = "4.1",
       .title = "values",
       .points = 12,
       .call = "kl_divergence",
       .draw = two_laws,
       .mistakes = {{"kl.swapped", "p and q are exchanged: this is KL(q || p)", kl_with({.swapped = true})},
                    {"kl.sign", "the sign is wrong: this is sum p log(q / p)", kl_with({.sign = true})},
                    {"kl.base2", "a logarithm to base 2 (bits); nats take the natural logarithm",
                     kl_with({.base2 = true})},
                    {"kl.no_spacing", "the grid's spacing is left out", kl_with({.no_spacing = true})},
                    {"kl.mean", "the mean over k, not the sum", kl_with({.mean = true})}},
       .inputs = laws,
       .outputs = {"kl"}});
  all.push_back(
      {.todo = "4.1",
       .title = "0 log 0 = 0",
       .points = 4,
       .call = "kl_divergence",
       .draw = [](Rng& rng, int) { return laws_with_zeros(rng, false); },
       .cases = 2,
       .mistakes = {{"kl.zero_is_nan",
                     "p log(p / q) is computed at p = 0, where it is 0 times minus infinity: 0 log 0 is 0",
                     [](const Tensors& in) {
                       return rows_summed(in[0], [&](Index i, Index, Index) {
                         return in[0][i] * std::log(in[0][i] / in[1][i]);
                       });
                     }}},
       .inputs = laws,
       .outputs = {"kl"}});
  all.push_back(
      {.todo = "4.2",
       .title = "gradients",
       .points = 12,
       .call = "kl_divergence.backward",
       .draw = two_laws_and_slope,
       .mistakes =
           {{"kl.grad_no_one", "dp lacks the + 1: the derivative of p log p is log p + 1",
             [](const Tensors& in) -> Tensors {
               const double h = in[2].item();
               return {each(in[0],
                            [&](Index i, Index b) { return in[3][b] * h * std::log(in[0][i] / in[1][i]); }),
                       each(in[0], [&](Index i, Index b) { return -in[3][b] * h * in[0][i] / in[1][i]; })};
             }},
            {"kl.grad_q_sign", "dq has the wrong sign: log q enters with a minus",
             [](const Tensors& in) -> Tensors {
               const double h = in[2].item();
               return {
                   each(in[0],
                        [&](Index i, Index b) { return in[3][b] * h * (std::log(in[0][i] / in[1][i]) + 1); }),
                   each(in[0], [&](Index i, Index b) { return in[3][b] * h * in[0][i] / in[1][i]; })};
             }},
            {"kl.grad_ignores_slope", "the slope dL/dkl of the row is left out (the chain rule)",
             [](const Tensors& in) -> Tensors {
               const double h = in[2].item();
               return {each(in[0], [&](Index i, Index) { return h * (std::log(in[0][i] / in[1][i]) + 1); }),
                       each(in[0], [&](Index i, Index) { return -h * in[0][i] / in[1][i]; })};
             }}},
       .inputs = laws_and_slope,
       .outputs = {"dp", "dq"},
       .differentiates = "kl_divergence"});
  return all;
}

}  // namespace gradus::grade
