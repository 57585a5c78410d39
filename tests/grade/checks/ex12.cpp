// Exercise 12: the cycle loss (12.1, 12.2) and the pool (12.3). The steps are in ex12_steps.cpp.
#include "ex12.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "../calls/cycle_game.hpp"
#include "../formulas.hpp"
#include "../inputs.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::full({1}, static_cast<Real>(value)); }

// 12.1 and 12.2

/// returned and x: some elements are equal.
Tensors two_of(Rng& rng, int number_of_case) {
  const Shape shape = number_of_case == 3 ? Shape{5, 2, 3, 2} : sizes(number_of_case);
  const Tensor x = numbers(rng, shape);
  Tensor y = numbers(rng, shape);
  for (Index i = 0; i < y.size(); i += 4) y[i] = x[i];
  return {y, x};
}
Tensors with_slope(Rng& rng, int number_of_case) {
  Tensors in = two_of(rng, number_of_case);
  in.push_back(away_from_zero(rng, {in[0].dim(0)}));
  return in;
}
Function loss_with(double (*f)(double difference), double (*scale)(const Tensor& x)) {
  return [=](const Tensors& in) -> Tensors {
    const double factor = scale(in[1]);
    return {rows_summed(in[0], [&](Index i) { return factor * f(double{in[0][i]} - double{in[1][i]}); })};
  };
}
double per_value(const Tensor& x) { return 1 / width_of(x); }
double size_of(double d) { return std::abs(d); }

std::vector<Mistake> loss_mistakes() {
  return {{"cycle.sum", "the sum over the example: divide by K, the number of its values",
           loss_with(size_of, [](const Tensor&) { return 1.0; })},
          {"cycle.batch", "divided by all values of the batch: K is the number of values of one example",
           loss_with(size_of, [](const Tensor& x) { return 1 / static_cast<double>(x.size()); })},
          {"cycle.by_rows", "divided by the number of examples: divide by the number of values per example",
           loss_with(size_of, [](const Tensor& x) { return 1 / height_of(x); })},
          {"cycle.squared", "the squared difference: CycleGAN takes the absolute value",
           loss_with([](double d) { return d * d; }, per_value)},
          {"cycle.signed", "the difference without its absolute value: errors of opposite sign cancel",
           loss_with([](double d) { return d; }, per_value)}};
}

Function slope_with(double (*f)(double difference), double (*scale)(const Tensor& x), bool with_dl = true) {
  return [=](const Tensors& in) -> Tensors {
    const double factor = scale(in[1]);
    return {each(in[0], [&](Index i, Index b) {
      return factor * f(double{in[0][i]} - double{in[1][i]}) * (with_dl ? double{in[2][b]} : 1.0);
    })};
  };
}
double sign(double d) { return d == 0 ? 0 : d < 0 ? -1 : 1; }

std::vector<Mistake> slope_mistakes() {
  return {{"slope.no_share", "1/K is missing: the loss is a mean over K values",
           slope_with(sign, [](const Tensor&) { return 1.0; })},
          {"slope.batch", "divided by all values of the batch: divide by those of one example",
           slope_with(sign, [](const Tensor& x) { return 1 / static_cast<double>(x.size()); })},
          {"slope.no_dl", "dl is missing: multiply by the gradient of the example's loss",
           slope_with(sign, per_value, false)},
          {"slope.sign", "the sign is wrong: the loss grows with `returned` where it is above x",
           slope_with([](double d) { return -sign(d); }, per_value)},
          {"slope.difference", "the difference in place of its sign: that is the gradient of d^2 / 2",
           slope_with([](double d) { return d; }, per_value)},
          {"slope.squared", "the gradient of the squared difference: the loss is absolute",
           slope_with([](double d) { return 2 * d; }, per_value)},
          {"slope.at_zero", "where both are equal the gradient is 0, not 1/K",
           slope_with([](double d) { return d < 0 ? -1.0 : 1.0; }, per_value)},
          {"slope.at_zero", "where both are equal the gradient is 0, not -1/K",
           slope_with([](double d) { return d > 0 ? 1.0 : -1.0; }, per_value)},
          {"slope.always_one", "the gradient has no sign: it is negative where `returned` is below x",
           slope_with([](double d) { return std::abs(sign(d)); }, per_value)}};
}

// 12.3: the pool of fakes

struct PoolKnobs {
  bool just_given = false, never_old = false, always_old = false, keeps = false, stores_all = false;
  bool no_filling = false, first_place = false, next_place = false, draws_early = false;
  bool whole_batch = false;
  enum { half, swapped } coin = half;
};
struct WrongPool {
  WrongPool(Index capacity, Index width, Rng rng_in, PoolKnobs knobs_in)
      : examples(Tensor::zeros({capacity, width})), rng(rng_in), knobs(knobs_in) {}
  State state() {
    State out;
    out.add("examples", examples);
    out.counters.emplace_back("stored", &stored);
    return out;
  }
  Tensor draw(const Tensor& fakes) {
    Tensor out = fakes.clone();
    const Index capacity = examples.dim(0);
    bool coin = false;
    for (Index b = 0; b < fakes.dim(0) && capacity > 0; ++b) {
      const bool full = static_cast<Index>(stored) == capacity;
      if (knobs.draws_early || full)
        if (!knobs.always_old && (b == 0 || !knobs.whole_batch))
          coin = knobs.never_old ? false : rng.bernoulli(Real(0.5));
      if (!full && !knobs.no_filling) {
        examples.row(static_cast<Index>(stored)).copy_from(fakes.row(b));
        ++stored;
      } else if (full && (knobs.always_old || coin != (knobs.coin == PoolKnobs::swapped))) {
        replace(fakes, b, out);
      } else if (full && knobs.stores_all) {
        examples.row(static_cast<Index>(rng.below(stored))).copy_from(fakes.row(b));
      }
    }
    return out;
  }
  void replace(const Tensor& fakes, Index b, Tensor& out) {
    Index place = knobs.first_place ? 0 : static_cast<Index>(rng.below(stored));
    if (knobs.next_place) place = next++ % examples.dim(0);
    if (knobs.just_given) examples.row(place).copy_from(fakes.row(b));
    out.row(b).copy_from(examples.row(place));
    if (!knobs.keeps) examples.row(place).copy_from(fakes.row(b));
  }
  Tensor examples;
  std::uint64_t stored = 0;
  Index next = 0;
  Rng rng;
  PoolKnobs knobs;
};
Function pool_with(PoolKnobs knobs) {
  return [knobs](const Tensors& in) {
    return pool_game(in,
                     [knobs](Index capacity, const Shape& example, Rng rng, std::function<State()>& state) {
                       const auto pool = std::make_shared<WrongPool>(capacity, example[0], rng, knobs);
                       state = [pool] { return pool->state(); };
                       return [pool](const Tensor& fakes) { return pool->draw(fakes); };
                     });
  };
}
std::vector<Mistake> pool_mistakes() {
  return {
      {"pool.just_given",
       "the pool returns what it has just been given: copy the stored example out before the new one takes "
       "its "
       "place",
       pool_with({.just_given = true})},
      {"pool.always_old",
       "a full pool always returns an old example: half of the time, the new one is returned",
       pool_with({.always_old = true})},
      {"pool.never_old",
       "a full pool always returns the new examples: half of the time, an old one is returned",
       pool_with({.never_old = true})},
      {"pool.keeps", "the drawn example stays in the pool: the new one takes its place",
       pool_with({.keeps = true})},
      {"pool.stores_all", "the new example is stored although it is returned: then it is only returned",
       pool_with({.stores_all = true})},
      {"pool.no_filling", "the pool never fills: while it is not full, store the example",
       pool_with({.no_filling = true})},
      {"pool.first_place", "always the same place: draw it with rng_.below(stored_)",
       pool_with({.first_place = true})},
      {"pool.next_place", "the places are taken in turn: use the drawn one", pool_with({.next_place = true})},
      {"pool.whole_batch", "one decision for the whole batch: draw once per example",
       pool_with({.whole_batch = true})},
      {"pool.draws_early", "a random number is drawn while the pool fills: draw only when it is full",
       pool_with({.draws_early = true})},
      {"pool.coin", "the cases are exchanged: true means that a stored example is returned",
       pool_with({.coin = PoolKnobs::swapped})}};
}

void add_losses(std::vector<Check>& all) {
  const std::vector<std::string> inputs = {"returned", "x"}, with_dl = {"returned", "x", "dl"};
  const Tensor x = Tensor::of({2, 3}, {1, 2, 3, 0, 0, 0}), y = Tensor::of({2, 3}, {1, 4, 2, -3, 0, 6});
  all.push_back({.todo = "12.1",
                 .title = "the lesson's numbers",
                 .points = 4,
                 .call = "cycle_loss",
                 .draw = always({y, x}),
                 .cases = 1,
                 .mistakes = loss_mistakes(),
                 .inputs = inputs,
                 .outputs = {"loss"}});
  all.push_back({.todo = "12.1",
                 .title = "random examples",
                 .points = 8,
                 .call = "cycle_loss",
                 .draw = two_of,
                 .mistakes = loss_mistakes(),
                 .inputs = inputs,
                 .outputs = {"loss"}});
  all.push_back({.todo = "12.2",
                 .title = "the lesson's numbers",
                 .points = 4,
                 .call = "cycle_loss.backward",
                 .draw = always({y, x, Tensor::of({2}, {3, -6})}),
                 .cases = 1,
                 .mistakes = slope_mistakes(),
                 .inputs = with_dl,
                 .outputs = {"the gradient of returned"}});
  all.push_back({.todo = "12.2",
                 .title = "random examples",
                 .points = 8,
                 .call = "cycle_loss.backward",
                 .draw = with_slope,
                 .mistakes = slope_mistakes(),
                 .inputs = with_dl,
                 .outputs = {"the gradient of returned"}});
  all.push_back(constant_check("12.2", "cycle_loss.constant", "slope.of_data", "x", with_slope, with_dl));
}

void add_pool(std::vector<Check>& all) {
  const std::vector<std::string> inputs = {"fakes", "capacity", "seed"},
                                 outputs = {"what it returned", "the stored examples", "their number"};
  all.push_back({.todo = "12.3",
                 .title = "forty batches",
                 .points = 16,
                 .call = "image_pool",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   const Index B = std::array<Index, 5>{1, 7, 3, 2, 5}[static_cast<std::size_t>(i)],
                               capacity = std::array<Index, 5>{3, 50, 4, 1, 8}[static_cast<std::size_t>(i)];
                   return {numbers(rng, {40, B, i == 1 ? 71 : 2 + i}), number(static_cast<double>(capacity)),
                           number(1 + static_cast<double>(rng.below(1000)))};
                 },
                 .mistakes = pool_mistakes(),
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back(
      {.todo = "12.3",
       .title = "a pool for no example, and one that does not fill",
       .points = 4,
       .call = "image_pool",
       .draw = [](Rng& rng, int i) -> Tensors {
         return {numbers(rng, {4, 2 + i, 3}), number(i == 0 ? 0 : 60), number(3 + i)};
       },
       .cases = 2,
       .mistakes = {{"pool.no_filling", "the pool never fills: while it is not full, store the example",
                     pool_with({.no_filling = true})}},
       .inputs = inputs,
       .outputs = outputs});
}

}  // namespace

std::vector<Check> checks_12() {
  std::vector<Check> all;
  add_losses(all);
  add_pool(all);
  for (Check& check : cycle_step_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
