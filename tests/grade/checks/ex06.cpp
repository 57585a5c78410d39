// Exercise 6: a variational autoencoder.
#include <algorithm>
#include <cmath>

#include "../check.hpp"
#include "../inputs.hpp"
#include "gradus/generative/manifold.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::full({1}, static_cast<Real>(value)); }

/// A tensor like x: f(i) for every element.
template <class F>
Tensor like(const Tensor& x, F f) {
  Tensor out(x.shape());
  for (Index i = 0; i < x.size(); ++i) out[i] = static_cast<Real>(f(i));
  return out;
}

// 6.1, 6.2: z = mu + exp(logvar / 2) noise

/// The lesson's numbers.
Tensors two_codes() {
  const Real two = std::log(Real(4));  // of the variance: sigma is 2
  return {Tensor::of({2, 2}, {1, -1, .5, 2}), Tensor::of({2, 2}, {0, two, -two, 0}),
          Tensor::of({2, 2}, {.5, -1, 2, -.5})};
}
Tensors codes(Rng& rng, int number) {
  const Shape shape = sizes(number);
  return {numbers(rng, shape), numbers(rng, shape), away_from_zero(rng, shape)};
}
/// sigma far below and far above everything else, a case each: a clipped logvar is seen.
Tensors extreme_codes(Rng& rng, int number) {
  Tensors in = codes(rng, 1);
  in[0] = number == 0 ? Tensor::zeros(in[0].shape()) : in[0];
  in[1] = Tensor::uniform(in[1].shape(), rng, number == 0 ? Real(-100) : Real(90),
                          number == 0 ? Real(-90) : Real(100));
  return in;
}
Tensors with_slope(Rng& rng, Tensors in) {
  in.push_back(away_from_zero(rng, in[0].shape()));
  return in;
}

struct SampleKnobs {
  double power = 0.5;  // sigma = factor exp(power logvar)
  double factor = 1;
  bool plain = false;  // sigma = logvar
  bool shared = false, no_noise = false, added = false, mu_scaled = false;
};
Function sample_with(SampleKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor z = like(in[0], [&](Index i) {
      const double sigma = knobs.plain ? in[1][i] : knobs.factor * std::exp(knobs.power * in[1][i]);
      const double noise = in[2][knobs.shared ? i % in[0].dim(1) : i], mu = in[0][i];
      if (knobs.no_noise) return mu;
      if (knobs.added) return mu + sigma + noise;
      return knobs.mu_scaled ? (mu + noise) * sigma : mu + sigma * noise;
    });
    return {z, in[1], in[2]};
  };
}
std::vector<Mistake> sample_mistakes() {
  return {{"reparam.exp_logvar",
           "sigma = exp(logvar) is the variance: the standard deviation is its square root, exp(logvar / 2)",
           sample_with({.power = 1})},
          {"reparam.half_outside", "sigma = exp(logvar) / 2: the half belongs into the exponent",
           sample_with({.power = 1, .factor = 0.5})},
          {"reparam.precision", "sigma = exp(-logvar / 2): the sign in the exponent is wrong",
           sample_with({.power = -0.5})},
          {"reparam.logvar_is_sigma", "logvar itself is taken for sigma: it is the logarithm of sigma^2",
           sample_with({.plain = true})},
          {"reparam.no_noise", "the noise is left out: z is the mean, nothing is sampled",
           sample_with({.no_noise = true})},
          {"reparam.noise_added", "the noise is added to sigma: it must be multiplied with it",
           sample_with({.added = true})},
          {"reparam.mu_scaled", "sigma multiplies mu, too: only the noise is scaled",
           sample_with({.mu_scaled = true})},
          {"reparam.noise_shared",
           "all examples of the batch get the noise of the first: every number has its own",
           sample_with({.shared = true})}};
}

struct SampleSlopeKnobs {
  double power = 0.5, factor = 0.5;
  bool no_noise = false, no_dz = false, dmu_one = false, dmu_noise = false, to_noise = false, empty = false,
       plain = false;
};
Function sample_slope_with(SampleSlopeKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &logvar = in[1], &noise = in[2], &dz = in[3];
    const auto sigma = [&](Index i) { return std::exp(knobs.power * logvar[i]); };
    const Tensor dmu = like(dz, [&](Index i) {
      return knobs.dmu_one ? 1 : knobs.dmu_noise ? double{dz[i] * noise[i]} : double{dz[i]};
    });
    const Tensor dlogvar = like(dz, [&](Index i) {
      return (knobs.no_dz ? 1 : dz[i]) * (knobs.no_noise ? 1 : noise[i]) *
             (knobs.plain ? 1 : knobs.factor * sigma(i));
    });
    return {dmu, knobs.empty ? Tensor() : dlogvar,
            knobs.to_noise ? like(dz, [&](Index i) { return dz[i] * sigma(i); }) : Tensor()};
  };
}
std::vector<Mistake> sample_slope_mistakes() {
  return {
      {"reparam.grad_no_half",
       "dlogvar lacks the factor 1/2: the derivative of exp(logvar / 2) is half of it",
       sample_slope_with({.factor = 1})},
      {"reparam.grad_missing", "dlogvar is left empty: sigma would never learn",
       sample_slope_with({.empty = true})},
      {"reparam.grad_missing", "dlogvar is zero: sigma would never learn", sample_slope_with({.factor = 0})},
      {"reparam.grad_no_noise", "dlogvar lacks the noise, which sigma was multiplied with",
       sample_slope_with({.no_noise = true})},
      {"reparam.grad_exp_logvar", "dlogvar has exp(logvar), the variance, in the place of sigma",
       sample_slope_with({.power = 1})},
      {"reparam.grad_no_sigma", "dlogvar is the gradient in sigma: the step from sigma to logvar is missing",
       sample_slope_with({.plain = true})},
      {"reparam.grad_ignores_dz", "dlogvar lacks dz (the chain rule)", sample_slope_with({.no_dz = true})},
      {"reparam.dmu_is_one", "dmu is 1 everywhere: the slope dz is left out (the chain rule)",
       sample_slope_with({.dmu_one = true})},
      {"reparam.dmu_has_noise", "dmu is multiplied with the noise: mu enters z alone",
       sample_slope_with({.dmu_noise = true})},
      {"reparam.grad_to_noise", "the noise gets a gradient: it is a constant, and an empty tensor says so",
       sample_slope_with({.to_noise = true})}};
}

// 6.3, 6.4: loss = nll + beta kl

/// loss = a nll + b kl, or the mean of it
Function loss_with(std::function<std::pair<double, double>(double beta)> weights, bool mean = false) {
  return [=](const Tensors& in) -> Tensors {
    const auto [a, b] = weights(in[2].item());
    const Tensor loss = like(in[0], [&, a = a, b = b](Index i) { return a * in[0][i] + b * in[1][i]; });
    if (!mean) return {loss};
    double sum = 0;
    for (const Real one : loss.values()) sum += one;
    return {number(sum / static_cast<double>(loss.size()))};
  };
}
/// dnll = a dloss, dkl = b dloss
Function loss_slope_with(std::function<std::pair<double, double>(double beta)> weights, bool ones = false) {
  return [=](const Tensors& in) -> Tensors {
    const auto [a, b] = weights(in[2].item());
    const auto scaled = [&](double by) {
      return like(in[3], [&](Index i) { return by * (ones ? 1 : in[3][i]); });
    };
    return {scaled(a), scaled(b)};
  };
}
using Weights = std::pair<double, double>;
Tensors terms(Rng& rng, int number_of_case) {
  constexpr double betas[] = {4, 0.25, 2.5, 0};
  const Shape shape{sizes(number_of_case)[0] + 1};
  return {Tensor::uniform(shape, rng, 1, 3), Tensor::uniform(shape, rng, Real(0.2), 2),
          number(betas[number_of_case])};
}
std::vector<Mistake> loss_mistakes() {
  return {
      {"vae.no_beta", "beta is not used", loss_with([](double) {
         return Weights{1, 1};
       })},
      {"vae.beta_on_recon", "beta weights the reconstruction: it belongs to the divergence",
       loss_with([](double b) {
         return Weights{b, 1};
       })},
      {"vae.beta_on_both", "beta weights both terms", loss_with([](double b) {
         return Weights{b, b};
       })},
      {"vae.one_minus_beta", "the reconstruction is weighted with 1 - beta: its weight is always 1",
       loss_with([](double b) {
         return Weights{1 - b, b};
       })},
      {"vae.minus_kl",
       "the divergence is subtracted: as a loss it is added, the slide prints what is maximised",
       loss_with([](double b) {
         return Weights{1, -b};
       })},
      {"vae.elbo", "this is the bound, which is maximised: the loss is its negative", loss_with([](double b) {
         return Weights{-1, -b};
       })},
      {"vae.batch_mean", "the mean of the batch: one number an example is asked, the caller takes the mean",
       loss_with(
           [](double b) {
             return Weights{1, b};
           },
           true)}};
}
std::vector<Mistake> loss_slope_mistakes() {
  return {{"vae.grad_no_beta", "dkl lacks beta", loss_slope_with([](double) {
             return Weights{1, 1};
           })},
          {"vae.grad_swapped", "the two gradients are exchanged: beta belongs to dkl",
           loss_slope_with([](double b) {
             return Weights{b, 1};
           })},
          {"vae.grad_both", "both gradients have beta", loss_slope_with([](double b) {
             return Weights{b, b};
           })},
          {"vae.grad_sign", "dkl has the wrong sign", loss_slope_with([](double b) {
             return Weights{1, -b};
           })},
          {"vae.grad_ignores_slope", "the slope dL/dloss is left out (the chain rule)",
           loss_slope_with(
               [](double b) {
                 return Weights{1, b};
               },
               true)}};
}

// 6.5: one unit at a time

struct WalkKnobs {
  double first = 0, over = -1;  // the values are low + (high - low) (s + first) / (steps + over)
  bool adds = false, all_units = false, kept = false, steps_first = false, backwards = false, columns = false;
};
Function walk_with(WalkKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& z = in[0];
    const Index K = z.size(), steps = static_cast<Index>(in[1].item());
    const double low = in[2].item(), high = in[3].item();
    Tensor out({K * steps, K}), across({K, K * steps});
    for (Index k = 0; k < K; ++k)
      for (Index s = 0; s < steps; ++s) {
        const double t =
            (static_cast<double>(s) + knobs.first) / std::max(1e-9, static_cast<double>(steps) + knobs.over);
        const double value = low + (high - low) * t;
        const Index row = knobs.steps_first ? s * K + k : k * steps + s;
        for (Index j = 0; j < K; ++j) {
          const bool here = knobs.all_units || j == (knobs.backwards ? K - 1 - k : k);
          const double other = knobs.kept && j < k ? high : double{z[j]};
          const double number = here ? (knobs.adds ? z[j] + value : value) : other;
          out[row * K + j] = across[j * K * steps + row] = static_cast<Real>(number);
        }
      }
    return {knobs.columns ? across : out};
  };
}
std::vector<Mistake> walk_mistakes() {
  return {
      {"walk.high_left_out", "the last step stops before high: `steps` values have steps - 1 gaps",
       walk_with({.over = 0})},
      {"walk.ends_left_out", "low and high are left out: both ends belong to the walk",
       walk_with({.first = 0.5, .over = 0})},
      {"walk.adds", "the value is added to the unit: it is put in its place", walk_with({.adds = true})},
      {"walk.all_units", "all units are changed at once: the others must keep their numbers",
       walk_with({.all_units = true})},
      {"walk.not_restored", "a unit that was walked is not set back: every row starts from a fresh copy of z",
       walk_with({.kept = true})},
      {"walk.steps_first",
       "the rows are in the wrong order: all steps of unit 0 come first, then those of unit 1",
       walk_with({.steps_first = true})},
      {"walk.last_unit_first", "the units come in the opposite order", walk_with({.backwards = true})},
      {"walk.steps_are_columns", "the codes are columns: one code is one row", walk_with({.columns = true})}};
}

// 6.6: the sheet

struct SheetKnobs {
  std::function<double(double i, double n)> chance = [](double i, double n) { return (i + 0.5) / n; };
  std::function<double(double p)> place = [](double p) { return normal_quantile(p); };
  bool downwards = false, swapped = false, columns_first = false;
};
Function sheet_with(SheetKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index n = static_cast<Index>(in[0].item());
    const auto at = [&](Index i) {
      return knobs.place(knobs.chance(static_cast<double>(i), static_cast<double>(n)));
    };
    Tensor z({n * n, 2});
    for (Index r = 0; r < n; ++r)
      for (Index c = 0; c < n; ++c) {
        const Index row = knobs.columns_first ? c * n + r : r * n + c;
        z[2 * row + knobs.swapped] = static_cast<Real>(at(c));
        z[2 * row + !knobs.swapped] = static_cast<Real>(at(knobs.downwards ? r : n - 1 - r));
      }
    return {z};
  };
}
double last_of(double n) { return std::max(n - 1, 1e-9); }
std::vector<Mistake> sheet_mistakes() {
  return {
      {"sheet.cut_points", "(i + 1) / (n + 1) are cut points: asked are the middles of n equal parts",
       sheet_with({.chance = [](double i, double n) { return (i + 1) / (n + 1); }})},
      {"sheet.from_5_to_95",
       "the probabilities run from 0.05 to 0.95: the outer twentieths are left out, and n = 1 has no middle",
       sheet_with({.chance = [](double i, double n) { return 0.05 + 0.9 * i / last_of(n); }})},
      {"sheet.even_places", "places from -3 to 3 in equal steps: equal PROBABILITY must lie between them",
       sheet_with({.chance = [](double i, double n) { return i / last_of(n); },
                   .place = [](double p) { return 6 * p - 3; }})},
      {"sheet.no_quantile", "the probabilities themselves are the codes: normal_quantile is not called",
       sheet_with({.place = [](double p) { return p; }})},
      {"sheet.upside_down",
       "the sheet stands on its head: the second number grows upwards, rows go downwards",
       sheet_with({.downwards = true})},
      {"sheet.axes_swapped", "the two numbers are exchanged: the first belongs to the column",
       sheet_with({.swapped = true})},
      {"sheet.columns_first", "the pictures are listed column by column: it must be row by row",
       sheet_with({.columns_first = true})}};
}

}  // namespace

std::vector<Check> checks_06() {
  const std::vector<std::string> code = {"mu", "logvar", "noise"},
                                 code_and_slope = {"mu", "logvar", "noise", "dz"},
                                 kept = {"z", "logvar, kept for backward", "noise, kept for backward"},
                                 slopes = {"dmu", "dlogvar", "dnoise"}, both = {"nll", "kl", "beta"},
                                 both_and_slope = {"nll", "kl", "beta", "dloss"},
                                 walk = {"z", "steps", "low", "high"};
  std::vector<Check> all;

  all.push_back({.todo = "6.1",
                 .title = "the lesson's numbers",
                 .points = 6,
                 .call = "reparameterize",
                 .draw = [](Rng&, int) { return two_codes(); },
                 .cases = 1,
                 .mistakes = sample_mistakes(),
                 .inputs = code,
                 .outputs = kept});
  all.push_back({.todo = "6.1",
                 .title = "random codes",
                 .points = 8,
                 .call = "reparameterize",
                 .draw = codes,
                 .mistakes = sample_mistakes(),
                 .inputs = code,
                 .outputs = kept});
  all.push_back({.todo = "6.1",
                 .title = "logvar near -100 and 100",
                 .points = 4,
                 .call = "reparameterize",
                 .draw = extreme_codes,
                 .cases = 2,
                 .inputs = code,
                 .outputs = kept});

  all.push_back({.todo = "6.2",
                 .title = "the lesson's numbers",
                 .points = 6,
                 .call = "reparameterize.backward",
                 .draw =
                     [](Rng&, int) {
                       Tensors in = two_codes();
                       in.push_back(Tensor::of({2, 2}, {2, 1, -1, 3}));
                       return in;
                     },
                 .cases = 1,
                 .mistakes = sample_slope_mistakes(),
                 .inputs = code_and_slope,
                 .outputs = slopes,
                 .differentiates = "reparameterize"});
  all.push_back({.todo = "6.2",
                 .title = "gradients of random codes",
                 .points = 14,
                 .call = "reparameterize.backward",
                 .draw = [](Rng& rng, int i) { return with_slope(rng, codes(rng, i)); },
                 .mistakes = sample_slope_mistakes(),
                 .inputs = code_and_slope,
                 .outputs = slopes,
                 .differentiates = "reparameterize"});

  all.push_back({.todo = "6.3",
                 .title = "values",
                 .points = 12,
                 .call = "vae_loss",
                 .draw = terms,
                 .mistakes = loss_mistakes(),
                 .inputs = both,
                 .outputs = {"loss"}});
  all.push_back({.todo = "6.4",
                 .title = "gradients",
                 .points = 12,
                 .call = "vae_loss.backward",
                 .draw =
                     [](Rng& rng, int i) {
                       Tensors in = terms(rng, i);
                       in.push_back(away_from_zero(rng, in[0].shape()));
                       return in;
                     },
                 .mistakes = loss_slope_mistakes(),
                 .inputs = both_and_slope,
                 .outputs = {"dnll", "dkl"},
                 .differentiates = "vae_loss"});

  all.push_back({.todo = "6.5",
                 .title = "the lesson's numbers",
                 .points = 6,
                 .call = "traversals",
                 .draw = [](Rng&, int) -> Tensors {
                   return {Tensor::of({2}, {.5, -1}), number(3), number(-2), number(2)};
                 },
                 .cases = 1,
                 .mistakes = walk_mistakes(),
                 .inputs = walk,
                 .outputs = {"codes"}});
  all.push_back({.todo = "6.5",
                 .title = "random codes",
                 .points = 12,
                 .call = "traversals",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   constexpr double steps[] = {2, 5, 3, 4};
                   return {numbers(rng, {sizes(i)[1]}), number(steps[i]),
                           number(rng.uniform(Real(-3), Real(-1))), number(rng.uniform(Real(1), Real(3)))};
                 },
                 .mistakes = walk_mistakes(),
                 .inputs = walk,
                 .outputs = {"codes"}});

  all.push_back({.todo = "6.6",
                 .title = "two by two",
                 .points = 6,
                 .call = "quantile_sheet",
                 .draw = [](Rng&, int) -> Tensors { return {number(2)}; },
                 .cases = 1,
                 .mistakes = sheet_mistakes(),
                 .inputs = {"n"},
                 .outputs = {"codes"}});
  all.push_back({.todo = "6.6",
                 .title = "larger sheets",
                 .points = 10,
                 .call = "quantile_sheet",
                 .draw = [](Rng&, int i) -> Tensors {
                   return {number(std::array{3, 5, 12}[std::size_t(i)])};
                 },
                 .cases = 3,
                 .mistakes = sheet_mistakes(),
                 .inputs = {"n"},
                 .outputs = {"codes"}});
  all.push_back({.todo = "6.6",
                 .title = "a sheet of one picture is the middle",
                 .points = 4,
                 .call = "quantile_sheet",
                 .draw = [](Rng&, int) -> Tensors { return {number(1)}; },
                 .cases = 1,
                 .inputs = {"n"},
                 .outputs = {"codes"}});
  return all;
}

}  // namespace gradus::grade
