// Exercise 6: a variational autoencoder. The latent-space functions are in ex06_codes.cpp.
#include <algorithm>
#include <cmath>

#include "../formulas.hpp"
#include "../inputs.hpp"
#include "ex06.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

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
  const Real two = std::log(Real(4));  // log of the variance: sigma is 2
  return {Tensor::of({2, 2}, {1, -1, .5, 2}), Tensor::of({2, 2}, {0, two, -two, 0}),
          Tensor::of({2, 2}, {.5, -1, 2, -.5})};
}
/// The noise reaches four standard deviations on both sides.
Tensors codes(Rng& rng, int number) {
  const Shape shape = sizes(number);
  Tensor noise = away_from_zero(rng, shape);
  for (Real& value : noise.values()) value *= rng.uniform(1, 3);
  return {numbers(rng, shape), numbers(rng, shape), noise};
}
/// logvar near -400, 400, -1000 and 1000, one case each; mu is of the order of sigma, so that both matter.
Tensors far_codes(Rng& rng, int number) {
  constexpr double middles[] = {-400, 400, -1000, 1000};
  Tensors in = codes(rng, 2);
  for (Index i = 0; i < in[1].size(); ++i) {
    in[1][i] = static_cast<Real>(middles[number]) + rng.uniform(Real(-5), Real(5));
    in[0][i] *= std::exp(in[1][i] / 2);
  }
  return in;
}
Tensors with_slope(Rng& rng, Tensors in) {
  in.push_back(away_from_zero(rng, in[0].shape()));
  return in;
}

using Sigma = std::function<double(double logvar)>;
const Sigma right_sigma = [](double v) { return std::exp(v / 2); };
const Sigma variance = [](double v) { return std::exp(v); };
/// The same where float can represent it, and only there.
const Sigma as_float = [](double v) { return double{static_cast<float>(std::exp(v / 2))}; };
/// The same where sigma^2 is representable, and only there.
const Sigma by_variance = [](double v) { return std::sqrt(std::exp(v)); };
Sigma clipped(double limit) {
  return [limit](double v) { return std::exp(std::clamp(v, -limit, limit) / 2); };
}

struct SampleKnobs {
  Sigma sigma = right_sigma;
  bool shared = false, one_a_row = false, row_for_element = false, logvar_shared = false;
  bool no_noise = false, added = false, minus = false, mu_scaled = false, no_mu = false, keeps_sigma = false;
};
Function sample_with(SampleKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index K = in[0].dim(1);
    const Tensor z = like(in[0], [&](Index i) {
      const double sigma = knobs.sigma(in[1][knobs.logvar_shared ? i % K : i]);
      const Index row = i / K, from = knobs.shared            ? i % K
                                      : knobs.one_a_row       ? row * K
                                      : knobs.row_for_element ? row
                                                              : i;
      const double noise = knobs.minus ? -in[2][from] : in[2][from], mu = knobs.no_mu ? 0 : in[0][i];
      if (knobs.no_noise) return mu;
      if (knobs.added) return mu + sigma + noise;
      return knobs.mu_scaled ? (mu + noise) * sigma : mu + sigma * noise;
    });
    return {z, knobs.keeps_sigma ? like(in[1], [&](Index i) { return knobs.sigma(in[1][i]); }) : in[1],
            in[2]};
  };
}
std::vector<Mistake> sample_mistakes() {
  const std::string of_row = "the numbers of a row share one noise value: every number needs its own";
  return {
      {"reparam.exp_logvar",
       "sigma = exp(logvar) is the variance: the standard deviation is its square root, exp(logvar / 2)",
       sample_with({.sigma = variance})},
      {"reparam.half_outside", "sigma = exp(logvar) / 2: the factor 1/2 belongs in the exponent",
       sample_with({.sigma = [](double v) { return std::exp(v) / 2; }})},
      {"reparam.exp_twice", "sigma = exp(2 logvar): log sigma is half of log sigma^2, not twice",
       sample_with({.sigma = [](double v) { return std::exp(2 * v); }})},
      {"reparam.precision", "sigma = exp(-logvar / 2): the sign in the exponent is wrong",
       sample_with({.sigma = [](double v) { return std::exp(-v / 2); }})},
      {"reparam.logvar_is_sigma", "logvar itself is used as sigma: it is the logarithm of sigma^2",
       sample_with({.sigma = [](double v) { return v; }})},
      {"reparam.logvar_is_variance", "sigma = sqrt(logvar): logvar is the LOGARITHM of the variance",
       sample_with({.sigma = [](double v) { return std::sqrt(v); }})},
      {"reparam.no_sigma",
       "sigma is 1 for every logvar: it is left out, or it is exp(1 / 2 * logvar), where 1 / 2 is 0 in C++",
       sample_with({.sigma = [](double) { return 1.0; }})},
      {"reparam.no_noise", "the noise is left out: z is the mean, nothing is sampled",
       sample_with({.no_noise = true})},
      {"reparam.no_mu", "mu is left out", sample_with({.no_mu = true})},
      {"reparam.minus", "the noise is subtracted: it must be added", sample_with({.minus = true})},
      {"reparam.noise_added", "the noise is added to sigma: it must be multiplied by it",
       sample_with({.added = true})},
      {"reparam.mu_scaled", "sigma multiplies mu as well: only the noise is scaled",
       sample_with({.mu_scaled = true})},
      {"reparam.noise_shared",
       "all examples of the batch use the noise of the first: every number needs its own",
       sample_with({.shared = true})},
      {"reparam.noise_of_row", of_row, sample_with({.one_a_row = true})},
      {"reparam.noise_of_row", of_row, sample_with({.row_for_element = true})},
      {"reparam.logvar_shared", "all examples of the batch use the logvar of the first",
       sample_with({.logvar_shared = true})},
      {"reparam.keeps_sigma",
       "z is right, but sigma is saved in place of logvar: backward would use it as logvar",
       sample_with({.keeps_sigma = true})}};
}
std::vector<Mistake> far_mistakes() {
  std::vector<Mistake> all = {
      {"reparam.sqrt_exp", "exp(logvar) overflows or underflows where its root does not: use exp(logvar / 2)",
       sample_with({.sigma = by_variance})},
      {"reparam.float",
       "sigma is stored in a float, which overflows or underflows long before a double: write Real",
       sample_with({.sigma = as_float})}};
  for (const int limit : {10, 20, 30, 50, 100})
    all.push_back({"reparam.clipped", text("logvar is clamped at ", limit, ": it may be any number"),
                   sample_with({.sigma = clipped(limit)})});
  return all;
}

struct SampleSlopeKnobs {
  Sigma sigma = right_sigma;
  double factor = 0.5;
  bool no_noise = false, no_dz = false, empty = false, noise_shared = false, swapped = false, mean = false;
  enum { right, one, with_noise, with_sigma } dmu = right;
};
Function sample_slope_with(SampleSlopeKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    using K = SampleSlopeKnobs;
    const Tensor &logvar = in[1], &noise = in[2], &dz = in[3];
    const double all = knobs.mean ? 1 / static_cast<double>(dz.dim(0)) : 1;
    const auto sigma = [&](Index i) { return knobs.sigma(logvar[i]); };
    const Tensor dmu = like(dz, [&](Index i) {
      if (knobs.dmu == K::one) return 1.0;
      return all * dz[i] *
             (knobs.dmu == K::with_noise   ? noise[i]
              : knobs.dmu == K::with_sigma ? sigma(i)
                                           : 1);
    });
    const Tensor dlogvar = like(dz, [&](Index i) {
      return all * (knobs.no_dz ? 1 : dz[i]) *
             (knobs.no_noise ? 1 : noise[knobs.noise_shared ? i % dz.dim(1) : i]) * knobs.factor * sigma(i);
    });
    if (knobs.swapped) return {dlogvar, dmu};
    return {dmu, knobs.empty ? Tensor() : dlogvar};
  };
}
std::vector<Mistake> sample_slope_mistakes() {
  using K = SampleSlopeKnobs;
  return {
      {"reparam.grad_no_half",
       "dlogvar lacks the factor 1/2: the derivative of exp(logvar / 2) is half of it",
       sample_slope_with({.factor = 1})},
      {"reparam.grad_missing", "dlogvar is left empty: sigma would never learn",
       sample_slope_with({.empty = true})},
      {"reparam.grad_missing", "dlogvar is zero: sigma would never learn (in C++ 1 / 2 is 0)",
       sample_slope_with({.factor = 0})},
      {"reparam.grad_sign", "dlogvar has the wrong sign", sample_slope_with({.factor = -0.5})},
      {"reparam.grad_no_noise", "dlogvar lacks the noise, which multiplies sigma",
       sample_slope_with({.no_noise = true})},
      {"reparam.grad_exp_logvar", "dlogvar has exp(logvar), the variance, in place of sigma",
       sample_slope_with({.sigma = variance})},
      {"reparam.grad_precision", "dlogvar has exp(-logvar / 2): the sign in the exponent is wrong",
       sample_slope_with({.sigma = [](double v) { return std::exp(-v / 2); }})},
      {"reparam.grad_no_sigma",
       "dlogvar is the gradient with respect to sigma: the step from sigma to logvar is missing",
       sample_slope_with({.sigma = [](double) { return 1.0; }, .factor = 1})},
      {"reparam.grad_ignores_dz", "dlogvar lacks dz (the chain rule)", sample_slope_with({.no_dz = true})},
      {"reparam.grad_noise_shared", "dlogvar has the noise of the first example in all rows",
       sample_slope_with({.noise_shared = true})},
      {"reparam.grad_swapped", "dmu and dlogvar are exchanged", sample_slope_with({.swapped = true})},
      {"reparam.grad_batch_mean",
       "the gradients are divided by the number of examples: there is no batch mean here",
       sample_slope_with({.mean = true})},
      {"reparam.dmu_is_one", "dmu is 1 everywhere: the factor dz is missing (the chain rule)",
       sample_slope_with({.dmu = K::one})},
      {"reparam.dmu_has_noise", "dmu is multiplied by the noise: mu enters z without a factor",
       sample_slope_with({.dmu = K::with_noise})},
      {"reparam.dmu_has_sigma", "dmu is multiplied by sigma: mu enters z without a factor",
       sample_slope_with({.dmu = K::with_sigma})}};
}

// 6.3, 6.4: loss = nll + beta kl

/// loss = a nll + b kl, or its mean or sum
enum class Over { nothing, mean, sum };
Function loss_with(std::function<std::pair<double, double>(double beta)> weights, Over over = Over::nothing) {
  return [=](const Tensors& in) -> Tensors {
    const auto [a, b] = weights(in[2].item());
    const Tensor loss = like(in[0], [&, a = a, b = b](Index i) { return a * in[0][i] + b * in[1][i]; });
    if (over == Over::nothing) return {loss};
    double sum = 0;
    for (const Real one : loss.values()) sum += one;
    return {number(over == Over::mean ? sum / static_cast<double>(loss.size()) : sum)};
  };
}
/// dnll = a dloss, dkl = b dloss; `without`: which of them lacks dloss
enum class Without { none, dnll, dkl, both };
Function loss_slope_with(std::function<std::pair<double, double>(double beta)> weights,
                         Without without = Without::none) {
  return [=](const Tensors& in) -> Tensors {
    const auto [a, b] = weights(in[2].item());
    const auto scaled = [&](double by, Without here) {
      const bool ones = without == here || without == Without::both;
      return like(in[3], [&](Index i) { return by * (ones ? 1 : in[3][i]); });
    };
    return {scaled(a, Without::dnll), scaled(b, Without::dkl)};
  };
}
using Weights = std::pair<double, double>;
Weights right_weights(double beta) { return {1, beta}; }
Tensors terms(Rng& rng, int number_of_case) {
  constexpr double betas[] = {4, 0.25, 2.5, 0, 1.5};
  const Shape shape{sizes(number_of_case)[0]};
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
       "the divergence is subtracted: in a loss it is added; the slide shows the maximised form",
       loss_with([](double b) {
         return Weights{1, -b};
       })},
      {"vae.elbo", "this is the bound, which is maximised: the loss is its negative", loss_with([](double b) {
         return Weights{-1, -b};
       })},
      {"vae.no_kl", "the divergence is left out", loss_with([](double) {
         return Weights{1, 0};
       })},
      {"vae.no_nll", "the reconstruction is left out", loss_with([](double b) {
         return Weights{0, b};
       })},
      {"vae.minus_nll", "the reconstruction is subtracted: nll is already -log p(x|z), a cost",
       loss_with([](double b) {
         return Weights{-1, b};
       })},
      {"vae.divided_by_beta", "the divergence is divided by beta: beta is its weight",
       loss_with([](double b) {
         return Weights{1, 1 / b};
       })},
      {"vae.whole_beta", "beta is truncated to an integer: it is a Real", loss_with([](double b) {
         return Weights{1, std::trunc(b)};
       })},
      {"vae.batch_mean", "the mean of the batch: return one number per example, the caller takes the mean",
       loss_with(right_weights, Over::mean)},
      {"vae.batch_sum", "the sum over the batch: return one number per example, the caller takes the mean",
       loss_with(right_weights, Over::sum)}};
}
std::vector<Mistake> loss_slope_mistakes() {
  return {
      {"vae.grad_no_beta", "dkl lacks beta", loss_slope_with([](double) {
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
      {"vae.grad_one_minus", "dnll has the factor 1 - beta: the weight of nll is always 1",
       loss_slope_with([](double b) {
         return Weights{1 - b, b};
       })},
      {"vae.grad_whole_beta", "beta is truncated to an integer: it is a Real", loss_slope_with([](double b) {
         return Weights{1, std::trunc(b)};
       })},
      {"vae.grad_ignores_slope", "the factor dL/dloss is missing (the chain rule)",
       loss_slope_with(right_weights, Without::both)},
      {"vae.grad_ignores_slope", "dnll lacks the factor dL/dloss (the chain rule)",
       loss_slope_with(right_weights, Without::dnll)},
      {"vae.grad_ignores_slope", "dkl lacks the factor dL/dloss (the chain rule)",
       loss_slope_with(right_weights, Without::dkl)}};
}

const std::vector<std::string> code = {"mu", "logvar", "noise"},
                               code_and_slope = {"mu", "logvar", "noise", "dz"},
                               kept = {"z", "logvar, saved for backward", "noise, saved for backward"},
                               slopes = {"dmu", "dlogvar"}, both = {"nll", "kl", "beta"},
                               both_and_slope = {"nll", "kl", "beta", "dloss"};

void add_sample(std::vector<Check>& all) {
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
                 .title = "logvar near -400 and 400, -1000 and 1000",
                 .points = 4,
                 .call = "reparameterize",
                 .draw = far_codes,
                 .cases = 4,
                 .twin = false,
                 .mistakes = far_mistakes(),
                 .inputs = code,
                 .outputs = kept});
}

void add_sample_gradients(std::vector<Check>& all) {
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
                 .points = 10,
                 .call = "reparameterize.backward",
                 .draw = [](Rng& rng, int i) { return with_slope(rng, codes(rng, i)); },
                 .mistakes = sample_slope_mistakes(),
                 .inputs = code_and_slope,
                 .outputs = slopes,
                 .differentiates = "reparameterize"});

  all.push_back(
      {.todo = "6.2",
       .title = "gradients at logvar near -400 and 400, -1000 and 1000",
       .points = 3,
       .call = "reparameterize.backward",
       .draw = [](Rng& rng, int i) { return with_slope(rng, far_codes(rng, i)); },
       .cases = 4,
       .twin = false,
       .mistakes =
           {{"reparam.grad_sqrt_exp",
             "exp(logvar) overflows or underflows where sigma does not: use exp(logvar / 2)",
             sample_slope_with({.sigma = by_variance})},
            {"reparam.grad_float",
             "sigma is stored in a float, which overflows or underflows long before a double: write Real",
             sample_slope_with({.sigma = as_float})}},
       .inputs = code_and_slope,
       .outputs = slopes});

  all.push_back(constant_check(
      "6.2", "reparameterize.constant", "reparam.grad_to_noise", "the noise",
      [](Rng& rng, int i) { return with_slope(rng, codes(rng, i)); }, code_and_slope));
}

void add_loss(std::vector<Check>& all) {
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
}

}  // namespace

std::vector<Check> checks_06() {
  std::vector<Check> all;
  add_sample(all);
  add_sample_gradients(all);
  add_loss(all);
  for (Check& check : code_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
