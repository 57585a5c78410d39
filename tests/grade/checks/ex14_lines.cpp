// Exercise 14: flow matching (14.5, 14.6).
#include <cmath>

#include "../formulas.hpp"
#include "../inputs.hpp"
#include "ex14.hpp"

namespace gradus::grade {

namespace {

/// x from (noise, data, t), and the velocity from (noise, data, t).
template <class X, class V>
Function line(X of_x, V of_v) {
  return [=](const Tensors& in) -> Tensors {
    const auto with = [&](auto f) {
      return each(in[0],
                  [&](Index i, Index b) { return f(double{in[0][i]}, double{in[1][i]}, double{in[2][b]}); });
    };
    return {with(of_x), with(of_v)};
  };
}
double place(double z, double d, double t) { return (1 - t) * z + t * d; }
double velocity(double z, double d, double) { return d - z; }

void add_line(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.5",
       .title = "the lesson's example, then random lines",
       .points = 14,
       .call = "line_point",
       .draw = [](Rng& rng, int number) -> Tensors {
         if (number == 0)
           return {Tensor::of({1, 1}, {1}), Tensor::of({1, 1}, {5}), Tensor::of({1}, {Real(0.25)})};
         const Shape shape = sizes(number);
         return {away_from_zero(rng, shape), numbers(rng, shape), Tensor::uniform({shape[0]}, rng)};
       },
       .mistakes =
           {{"fm.swapped", "noise and data are exchanged in x: t = 0 is the noise",
             line([](double z, double d, double t) { return place(d, z, t); }, velocity)},
            {"fm.velocity_sign", "the sign of the velocity is wrong: it points from noise to data",
             line(place, [](double z, double d, double) { return z - d; })},
            {"fm.both_swapped", "noise and data are exchanged: t = 0 is the noise, t = 1 the data",
             line([](double z, double d, double t) { return place(d, z, t); },
                  [](double z, double d, double) { return z - d; })},
            {"fm.roots", "the factors are roots, as in 14.1; on a straight line they are 1 - t and t",
             line([](double z, double d, double t) { return std::sqrt(1 - t) * z + std::sqrt(t) * d; },
                  velocity)},
            {"fm.velocity_data", "the velocity is the data; subtract the noise",
             line(place, [](double, double d, double) { return d; })},
            {"fm.velocity_from_x", "the velocity is data - x; it is data - noise, at every place of the line",
             line(place, [](double z, double d, double t) { return d - place(z, d, t); })},
            {"fm.no_noise", "the noise is missing in x",
             line([](double, double d, double t) { return t * d; }, velocity)},
            {"fm.unscaled", "the noise is not scaled by 1 - t",
             line([](double z, double d, double t) { return z + t * d; }, velocity)},
            {"fm.first_time", "every example uses the time of the first one",
             [](const Tensors& in) -> Tensors {
               return line(place, velocity)({in[0], in[1], Tensor::full(in[2].shape(), in[2][0])});
             }}},
       .inputs = {"noise", "data", "t"},
       .outputs = {"x", "velocity"}});
}

template <class F>
Function step_with(F f) {
  return [=](const Tensors& in) -> Tensors {
    return {
        each(in[0], [&](Index i, Index) { return f(double{in[0][i]}, double{in[1][i]}, double{in[2][0]}); })};
  };
}

void add_euler(std::vector<Check>& all) {
  all.push_back(
      {.todo = "14.6",
       .title = "the lesson's example, then random steps",
       .points = 10,
       .call = "euler_step",
       .draw = [](Rng& rng, int number) -> Tensors {
         if (number == 0)
           return {Tensor::of({1, 1}, {2}), Tensor::of({1, 1}, {4}), Tensor::full({1}, Real(0.5))};
         return {numbers(rng, sizes(number)), away_from_zero(rng, sizes(number)),
                 Tensor::full({1}, rng.uniform(Real(0.05), Real(0.4)))};
       },
       .mistakes = {{"eu.minus", "the step is subtracted; add it",
                     step_with([](double x, double v, double dt) { return x - dt * v; })},
                    {"eu.no_dt", "dt is missing: the velocity is per unit of time",
                     step_with([](double x, double v, double) { return x + v; })},
                    {"eu.only_step", "x is missing: the step is added to it",
                     step_with([](double, double v, double dt) { return dt * v; })},
                    {"eu.mixed", "x is multiplied by 1 - dt; only the velocity is multiplied",
                     step_with([](double x, double v, double dt) { return (1 - dt) * x + dt * v; })},
                    {"eu.divided", "the velocity is divided by dt; multiply it",
                     step_with([](double x, double v, double dt) { return x + v / dt; })},
                    {"eu.root", "the step has the root of dt; that is the size of noise, not of motion",
                     step_with([](double x, double v, double dt) { return x + std::sqrt(dt) * v; })}},
       .inputs = {"x", "velocity", "dt"},
       .outputs = {"y"}});
}

}  // namespace

std::vector<Check> checks_14_lines() {
  std::vector<Check> all;
  add_line(all);
  add_euler(all);
  return all;
}

}  // namespace gradus::grade
