// Exercise 14: diffusion. Flow matching is in ex14_lines.cpp.
#include "ex14.hpp"

#include <cmath>

#include "../formulas.hpp"
#include "../inputs.hpp"

namespace gradus::grade {

namespace {

std::size_t at(double t) { return static_cast<std::size_t>(t); }

/// alpha_bar of T steps, from 1 down.
Tensor random_schedule(Rng& rng, Index T) {
  Tensor alpha_bar = Tensor::full({T + 1}, 1);
  for (Index t = 1; t <= T; ++t) alpha_bar[t] = alpha_bar[t - 1] * rng.uniform(Real(0.5), Real(0.9));
  return alpha_bar;
}
const Tensor by_hand = Tensor::of({3}, {1, Real(0.64), Real(0.36)});

// ---- 14.1 ------------------------------------------------------------------------------------------------

Tensors noisings(Rng& rng, int number) {
  if (number == 0)
    return {Tensor::of({1, 2}, {10, 10}), Tensor::of({1, 2}, {1, 0}), Tensor::of({1}, {2}), by_hand};
  const Shape shape = sizes(number);
  const Index T = 6;
  Tensor times({shape[0]});
  for (Index b = 0; b < times.size(); ++b) times[b] = static_cast<Real>((b + number) % (T - 1) + 1);
  return {away_from_zero(rng, shape), away_from_zero(rng, shape), times, random_schedule(rng, T)};
}

/// f(x0, noise, alpha_bar, alpha_bar one step earlier) per value.
template <class F>
Function noised(F f) {
  return [=](const Tensors& in) -> Tensors {
    return {each(in[0], [&](Index i, Index b) {
      const auto t = static_cast<Index>(in[2][b]);
      return f(double{in[0][i]}, double{in[1][i]}, double{in[3][t]}, double{in[3][t - 1]});
    })};
  };
}
double noising(double x, double e, double a) { return std::sqrt(a) * x + std::sqrt(1 - a) * e; }

void add_noising(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.1",
       .title = "the lesson's example, then random times",
       .points = 18,
       .call = "diffuse",
       .draw = noisings,
       .mistakes =
           {{"nz.no_roots", "the roots are missing: alpha_bar and 1 - alpha_bar are shares of the variance",
             noised([](double x, double e, double a, double) { return a * x + (1 - a) * e; })},
            {"nz.signal_no_root", "the factor of the data is alpha_bar; it is its root",
             noised([](double x, double e, double a, double) { return a * x + std::sqrt(1 - a) * e; })},
            {"nz.noise_no_root", "the factor of the noise is 1 - alpha_bar; it is its root",
             noised([](double x, double e, double a, double) { return std::sqrt(a) * x + (1 - a) * e; })},
            {"nz.index", "the time is off by one: alpha_bar at t - 1 is used",
             noised([](double x, double e, double, double before) { return noising(x, e, before); })},
            {"nz.swapped", "the two factors are exchanged: at t = 0 only the data is left",
             noised([](double x, double e, double a, double) { return noising(e, x, a); })},
            {"nz.no_noise", "the noise is missing",
             noised([](double x, double, double a, double) { return std::sqrt(a) * x; })},
            {"nz.no_signal", "the data is missing",
             noised([](double, double e, double a, double) { return std::sqrt(1 - a) * e; })},
            {"nz.unscaled", "the data is not scaled: the variance grows above 1",
             noised([](double x, double e, double a, double) { return x + std::sqrt(1 - a) * e; })},
            {"nz.one_minus_root", "the factor of the noise is 1 - sqrt(alpha_bar); it is sqrt(1 - alpha_bar)",
             noised([](double x, double e, double a, double) {
               return std::sqrt(a) * x + (1 - std::sqrt(a)) * e;
             })},
            {"nz.minus", "the noise is subtracted; add it", noised([](double x, double e, double a, double) {
               return std::sqrt(a) * x - std::sqrt(1 - a) * e;
             })},
            {"nz.first_time", "every example uses the time of the first one",
             [](const Tensors& in) -> Tensors {
               const Tensor same = Tensor::full(in[2].shape(), in[2][0]);
               return noised([](double x, double e, double a, double) { return noising(x, e, a); })(
                   {in[0], in[1], same, in[3]});
             }}},
       .inputs = {"x0", "noise", "times", "alpha_bar"},
       .outputs = {"x"}});
}

// ---- 14.2 ------------------------------------------------------------------------------------------------

/// l_b = f(sum of squares, D)
template <class F>
Function squares(F f) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor sums = rows_summed(in[0], [&](Index i) {
      const double error = double{in[0][i]} - in[1][i];
      return error * error;
    });
    return {each(sums, [&](Index b, Index) { return f(double{sums[b]}, width_of(in[0])); })};
  };
}

void add_loss(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.2",
       .title = "an example by hand, then random predictions",
       .points = 14,
       .call = "prediction_loss",
       .draw = [](Rng& rng, int number) -> Tensors {
         if (number == 0) return {Tensor::of({2, 2}, {1, 2, 3, 4}), Tensor::of({2, 2}, {0, 0, 1, 1})};
         return {numbers(rng, sizes(number)), away_from_zero(rng, sizes(number))};
       },
       .mistakes =
           {{"pl.sum", "the sum over the values; divide it by their number D",
             squares([](double s, double) { return s; })},
            {"pl.half", "a factor 1/2 too much", squares([](double s, double D) { return s / D / 2; })},
            {"pl.root", "this is the root of the mean square",
             squares([](double s, double D) { return std::sqrt(s / D); })},
            {"pl.sign", "the sign is wrong: an error is not negative",
             squares([](double s, double D) { return -s / D; })},
            {"pl.over_B", "divided by the number of examples B, not by the number of values D",
             [](const Tensors& in) -> Tensors {
               const double B = height_of(in[0]);
               return squares([=](double s, double) { return s / B; })(in);
             }},
            {"pl.over_all", "divided by the number of all values; the caller takes the mean over the batch",
             [](const Tensors& in) -> Tensors {
               const double n = static_cast<double>(in[0].size());
               return squares([=](double s, double) { return s / n; })(in);
             }},
            {"pl.batch", "every example holds the mean of the whole batch; return one loss per example",
             [](const Tensors& in) -> Tensors {
               const Tensor rows = squares([](double s, double D) { return s / D; })(in)[0];
               double sum = 0;
               for (const Real value : rows.values()) sum += value;
               return {Tensor::full(rows.shape(), static_cast<Real>(sum / height_of(in[0])))};
             }},
            {"pl.absolute", "the absolute differences are averaged; square them",
             [](const Tensors& in) -> Tensors {
               const double D = width_of(in[0]);
               return {
                   rows_summed(in[0], [&](Index i) { return std::abs(double{in[0][i]} - in[1][i]) / D; })};
             }}},
       .inputs = {"prediction", "target"},
       .outputs = {"l"}});
}

// ---- 14.3 and 14.4 ---------------------------------------------------------------------------------------

/// Quantities of a step, in double.
struct Step {
  std::vector<double> alpha_bar;
  Index t, next;
  double clip;
  double signal(Index time) const { return std::sqrt(alpha_bar[at(static_cast<double>(time))]); }
  double noise(Index time) const { return std::sqrt(1 - alpha_bar[at(static_cast<double>(time))]); }
  double beta() const { return 1 - alpha_bar[at(double(t))] / alpha_bar[at(double(t - 1))]; }
  double variance() const { return beta() * noise(t - 1) * noise(t - 1) / (noise(t) * noise(t)); }
  double unclipped(double x, double e) const { return (x - noise(t) * e) / signal(t); }
  double x0(double x, double e) const {
    const double v = unclipped(x, e);
    return clip == 0 ? v : std::max(-clip, std::min(clip, v));
  }
  double mean(double x, double data) const {
    return (signal(t - 1) * beta() * data + std::sqrt(1 - beta()) * noise(t - 1) * noise(t - 1) * x) /
           (noise(t) * noise(t));
  }
};

std::vector<double> doubles(const Tensor& x) { return {x.values().begin(), x.values().end()}; }

/// The inputs x, predicted, fresh, alpha_bar, t, clip; f(step, x, predicted, fresh).
template <class F>
Function ancestral(F f) {
  return [=](const Tensors& in) -> Tensors {
    const Step step{doubles(in[3]), static_cast<Index>(in[4][0]), 0, double{in[5][0]}};
    return {each(in[0], [&](Index i, Index) {
      return f(step, double{in[0][i]}, double{in[1][i]}, double{in[2][i]});
    })};
  };
}

const std::vector<std::string> ancestral_inputs = {"x", "predicted", "fresh", "alpha_bar", "t", "clip"};

Tensors ancestral_case(Rng& rng, int number, Index t, Real clip) {
  const Shape shape = sizes(number);
  return {away_from_zero(rng, shape),
          away_from_zero(rng, shape),
          away_from_zero(rng, shape),
          random_schedule(rng, 6),
          Tensor::full({1}, static_cast<Real>(t)),
          Tensor::full({1}, clip)};
}

/// Wrong factors of the fresh noise, and wrong means.
std::vector<Mistake> ancestral_mistakes() {
  const auto with_mean = [](auto mean) {
    return ancestral([=](const Step& s, double x, double e, double n) {
      return mean(s, x, s.x0(x, e)) + std::sqrt(s.variance()) * n;
    });
  };
  return {
      {"an.variance", "the fresh noise is multiplied by the variance; its factor is the standard deviation",
       ancestral([](const Step& s, double x, double e, double n) {
         return s.mean(x, s.x0(x, e)) + s.variance() * n;
       })},
      {"an.beta_noise", "the variance of the fresh noise is beta_t; it is posterior_variance_t",
       ancestral([](const Step& s, double x, double e, double n) {
         return s.mean(x, s.x0(x, e)) + std::sqrt(s.beta()) * n;
       })},
      {"an.no_noise", "the fresh noise is missing: this is the mean",
       ancestral([](const Step& s, double x, double e, double) { return s.mean(x, s.x0(x, e)); })},
      {"an.only_x0", "the mean is x0 alone; x_t counts as well",
       with_mean([](const Step&, double, double data) { return data; })},
      {"an.index", "the factor of x0 has alpha_bar_t; it is alpha_bar_{t-1}",
       with_mean([](const Step& s, double x, double data) {
         return s.mean(x, 0) + s.signal(s.t) * s.beta() * data / (s.noise(s.t) * s.noise(s.t));
       })},
      {"an.signal_no_root", "the factor of x0 has alpha_bar_{t-1} without its root",
       with_mean([](const Step& s, double x, double data) {
         return s.mean(x, 0) +
                s.signal(s.t - 1) * s.signal(s.t - 1) * s.beta() * data / (s.noise(s.t) * s.noise(s.t));
       })},
      {"an.alpha_no_root", "the factor of x has 1 - beta_t without its root",
       with_mean([](const Step& s, double x, double data) {
         return s.mean(0, data) +
                (1 - s.beta()) * s.noise(s.t - 1) * s.noise(s.t - 1) * x / (s.noise(s.t) * s.noise(s.t));
       })},
      {"an.not_divided", "the mean is not divided by 1 - alpha_bar_t",
       with_mean([](const Step& s, double x, double data) {
         return s.mean(x, data) * s.noise(s.t) * s.noise(s.t);
       })},
      {"an.swapped", "x0 and x are exchanged in the mean",
       with_mean([](const Step& s, double x, double data) { return s.mean(data, x); })},
      {"an.minus_noise", "the fresh noise is subtracted; add it",
       ancestral([](const Step& s, double x, double e, double n) {
         return s.mean(x, s.x0(x, e)) - std::sqrt(s.variance()) * n;
       })},
      {"an.predicted_twice", "the predicted noise is added again; the step needs fresh noise",
       ancestral([](const Step& s, double x, double e, double) {
         return s.mean(x, s.x0(x, e)) + std::sqrt(s.variance()) * e;
       })}};
}

void add_ancestral(std::vector<Check>& all) {
  all.push_back({.todo = "14.3",
                 .title = "the lesson's example, then random steps",
                 .points = 14,
                 .call = "ancestral_step",
                 .draw = [](Rng& rng, int number) -> Tensors {
                   if (number == 0)
                     return {Tensor::of({1, 1}, {Real(6.8)}),
                             Tensor::of({1, 1}, {1}),
                             Tensor::of({1, 1}, {2}),
                             by_hand,
                             Tensor::full({1}, 2),
                             Tensor::zeros({1})};
                   return ancestral_case(rng, number, 2 + number, 0);
                 },
                 .mistakes = ancestral_mistakes(),
                 .inputs = ancestral_inputs,
                 .outputs = {"x_{t-1}"}});
}

void add_special_ancestral(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.3",
       .title = "the last step, t = 1",
       .points = 5,
       .call = "ancestral_step",
       .draw = [](Rng& rng, int number) { return ancestral_case(rng, number, 1, 0); },
       .cases = 3,
       .mistakes = {{"an.last_noise", "noise is added in the last step, whose result is the sample itself",
                     ancestral([](const Step& s, double x, double e, double n) {
                       return s.mean(x, s.x0(x, e)) + std::sqrt(s.beta()) * n;
                     })}},
       .inputs = ancestral_inputs,
       .outputs = {"x_0"}});
  all.push_back({.todo = "14.3",
                 .title = "a clipped x0",
                 .points = 5,
                 .call = "ancestral_step",
                 .draw = [](Rng& rng, int number) { return ancestral_case(rng, number, 4, Real(0.5)); },
                 .cases = 3,
                 .mistakes = {{"an.not_clipped", "x0 is not clipped: pass clip to predicted_data",
                               ancestral([](const Step& s, double x, double e, double n) {
                                 return s.mean(x, s.unclipped(x, e)) + std::sqrt(s.variance()) * n;
                               })}},
                 .inputs = ancestral_inputs,
                 .outputs = {"x_{t-1}"}});
}

/// The inputs x, predicted, alpha_bar, (t, next), clip; f(step, x, predicted).
template <class F>
Function ddim(F f) {
  return [=](const Tensors& in) -> Tensors {
    const Step step{doubles(in[2]), static_cast<Index>(in[3][0]), static_cast<Index>(in[3][1]),
                    double{in[4][0]}};
    return {each(in[0], [&](Index i, Index) { return f(step, double{in[0][i]}, double{in[1][i]}); })};
  };
}
double consistent(const Step& s, double x, double data) { return (x - s.signal(s.t) * data) / s.noise(s.t); }

const std::vector<std::string> ddim_inputs = {"x", "predicted", "alpha_bar", "t, next", "clip"};

Tensors ddim_case(Rng& rng, int number, Real clip) {
  const Shape shape = sizes(number);
  return {away_from_zero(rng, shape), away_from_zero(rng, shape), random_schedule(rng, 6),
          Tensor::of({2}, {static_cast<Real>(3 + number % 4), static_cast<Real>(1 + number % 2)}),
          Tensor::full({1}, clip)};
}

void add_ddim(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.4",
       .title = "the lesson's example, then random steps",
       .points = 13,
       .call = "ddim_step",
       .draw = [](Rng& rng, int number) -> Tensors {
         if (number == 0)
           return {Tensor::of({1, 1}, {Real(6.8)}), Tensor::of({1, 1}, {1}), by_hand, Tensor::of({2}, {2, 1}),
                   Tensor::zeros({1})};
         return ddim_case(rng, number, 0);
       },
       .mistakes = {{"dd.no_roots", "the roots are missing: alpha_bar and 1 - alpha_bar are variances",
                     ddim([](const Step& s, double x, double e) {
                       const double a = s.signal(s.next) * s.signal(s.next);
                       return a * s.x0(x, e) + (1 - a) * e;
                     })},
                    {"dd.index", "the factors are those of t; use the time `next`",
                     ddim([](const Step& s, double x, double e) {
                       return s.signal(s.t) * s.x0(x, e) + s.noise(s.t) * e;
                     })},
                    {"dd.before", "the factors are those of t - 1; use the time `next`",
                     ddim([](const Step& s, double x, double e) {
                       return s.signal(s.t - 1) * s.x0(x, e) + s.noise(s.t - 1) * e;
                     })},
                    {"dd.swapped", "the two factors are exchanged",
                     ddim([](const Step& s, double x, double e) {
                       return s.noise(s.next) * s.x0(x, e) + s.signal(s.next) * e;
                     })},
                    {"dd.only_x0", "this is x0; noise of the time `next` belongs to it",
                     ddim([](const Step& s, double x, double e) { return s.x0(x, e); })},
                    {"dd.no_noise", "the noise e is missing: x0 alone is scaled",
                     ddim([](const Step& s, double x, double e) { return s.signal(s.next) * s.x0(x, e); })},
                    {"dd.of_x", "x is used in place of x0", ddim([](const Step& s, double x, double e) {
                       return s.signal(s.next) * x + s.noise(s.next) * e;
                     })},
                    {"dd.minus", "the noise is subtracted; add it",
                     ddim([](const Step& s, double x, double e) {
                       return s.signal(s.next) * s.x0(x, e) - s.noise(s.next) * e;
                     })}},
       .inputs = ddim_inputs,
       .outputs = {"y"}});
}

void add_clipped_ddim(std::vector<Check>& all) {
  all.push_back({.todo = "14.4",
                 .title = "a clipped x0",
                 .points = 7,
                 .call = "ddim_step",
                 .draw = [](Rng& rng, int number) { return ddim_case(rng, number, Real(0.5)); },
                 .cases = 3,
                 .mistakes = {{"dd.not_clipped", "x0 is not clipped: pass clip to predicted_data",
                               ddim([](const Step& s, double x, double e) {
                                 return s.signal(s.next) * s.unclipped(x, e) + s.noise(s.next) * e;
                               })},
                              {"dd.predicted", "e is the predicted noise; it must belong to the clipped x0",
                               ddim([](const Step& s, double x, double e) {
                                 return s.signal(s.next) * s.x0(x, e) + s.noise(s.next) * e;
                               })},
                              {"dd.e_not_scaled", "e is not divided by sqrt(1 - alpha_bar_t)",
                               ddim([](const Step& s, double x, double e) {
                                 const double data = s.x0(x, e);
                                 return s.signal(s.next) * data +
                                        s.noise(s.next) * consistent(s, x, data) * s.noise(s.t);
                               })}},
                 .inputs = ddim_inputs,
                 .outputs = {"y"}});
}

}  // namespace

std::vector<Check> checks_14() {
  std::vector<Check> all;
  add_noising(all);
  add_loss(all);
  add_ancestral(all);
  add_special_ancestral(all);
  add_ddim(all);
  add_clipped_ddim(all);
  for (Check& check : checks_14_lines()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
