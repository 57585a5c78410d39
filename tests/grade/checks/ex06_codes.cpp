// Exercise 6, examining the latent space: traversals (6.5) and sheets (6.6).
#include <algorithm>
#include <cmath>

#include "../calls/sheet.hpp"
#include "../inputs.hpp"
#include "ex06.hpp"
#include "gradus/generative/manifold.hpp"

namespace gradus::grade {
namespace {

// 6.5: one unit at a time

struct TraversalKnobs {
  double first = 0, over = -1;  // the values are low + (high - low) (s + first) / (steps + over)
  bool adds = false, scales = false, all_units = false, kept = false, others_zero = false, one_unit = false;
  bool steps_first = false, backwards = false, columns = false;
  bool whole = false, downwards = false, no_low = false, unit_for_step = false;
};
Function traversal_with(TraversalKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& z = in[0];
    const Index K = z.size(), steps = static_cast<Index>(in[1].item());
    const double low = in[2].item(), high = in[3].item();
    Tensor out({K * steps, K}), across({K, K * steps});
    for (Index k = 0; k < K; ++k)
      for (Index s = 0; s < steps; ++s) {
        double t = (static_cast<double>(knobs.unit_for_step ? k : s) + knobs.first) /
                   std::max(1e-9, static_cast<double>(steps) + knobs.over);
        if (knobs.whole) t = std::trunc(t);
        if (knobs.downwards) t = 1 - t;
        const double value = (knobs.no_low ? 0 : low) + (high - low) * t;
        const Index row = knobs.steps_first ? s * K + k : k * steps + s;
        for (Index j = 0; j < K; ++j) {
          const bool here = knobs.all_units || j == (knobs.one_unit ? 0 : knobs.backwards ? K - 1 - k : k);
          const double other = knobs.others_zero ? 0 : knobs.kept && j < k ? high : double{z[j]};
          const double changed = knobs.adds ? z[j] + value : knobs.scales ? z[j] * value : value;
          const double number = here ? changed : other;
          out[row * K + j] = across[j * K * steps + row] = static_cast<Real>(number);
        }
      }
    return {knobs.columns ? across : out};
  };
}
std::vector<Mistake> traversal_mistakes() {
  return {
      {"traversal.high_left_out", "the last step stops before high: `steps` values have steps - 1 gaps",
       traversal_with({.over = 0})},
      {"traversal.ends_left_out", "low and high are left out: both ends belong to the traversal",
       traversal_with({.first = 0.5, .over = 0})},
      {"traversal.ends_left_out", "low and high are left out: both ends belong to the traversal",
       traversal_with({.first = 1, .over = 1})},
      {"traversal.low_left_out", "the first step is already beyond low: step 0 is low itself",
       traversal_with({.first = 1, .over = 0})},
      {"traversal.whole_numbers",
       "integer division: in C++ s / (steps - 1) is 0 until the last step; divide as Real",
       traversal_with({.whole = true})},
      {"traversal.downwards", "the traversal goes from high to low: the first row must be low",
       traversal_with({.downwards = true})},
      {"traversal.no_low", "the traversal begins at 0: low is not added", traversal_with({.no_low = true})},
      {"traversal.unit_for_step", "the value follows the unit's index: it must follow the step's",
       traversal_with({.unit_for_step = true})},
      {"traversal.others_zero", "the other units are 0: they must keep the values of z",
       traversal_with({.others_zero = true})},
      {"traversal.one_unit", "unit 0 varies in all rows: in the rows of unit k, unit k must vary",
       traversal_with({.one_unit = true})},
      {"traversal.scales", "the unit is multiplied by the value: the value must replace it",
       traversal_with({.scales = true})},
      {"traversal.adds", "the value is added to the unit: the value must replace it",
       traversal_with({.adds = true})},
      {"traversal.all_units", "all units are changed at once: the others must keep their values",
       traversal_with({.all_units = true})},
      {"traversal.not_restored",
       "a unit is not restored after its traversal: every row starts from a fresh copy of z",
       traversal_with({.kept = true})},
      {"traversal.steps_first",
       "the rows are in the wrong order: all steps of unit 0 come first, then those of unit 1",
       traversal_with({.steps_first = true})},
      {"traversal.last_unit_first", "the units come in the opposite order",
       traversal_with({.backwards = true})},
      {"traversal.steps_are_columns", "the codes are columns: each code must be a row",
       traversal_with({.columns = true})}};
}

// 6.6: the sheet

double middle(double i, double n) { return (i + 0.5) / n; }
double quantile(double p) { return normal_quantile(p); }
double itself(double p) { return p; }

struct SheetKnobs {
  double (*probability)(double i, double n) = middle;
  double (*place)(double p) = quantile;
  bool leftwards = false, downwards = false, swapped = false, columns_first = false, planes = false;
};
Function sheet_with(SheetKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index n = static_cast<Index>(in[0].item());
    const auto at = [&](Index i) {
      return knobs.place(knobs.probability(static_cast<double>(i), static_cast<double>(n)));
    };
    Tensor z({n * n, 2});
    for (Index r = 0; r < n; ++r)
      for (Index c = 0; c < n; ++c) {
        const Index row = knobs.columns_first ? c * n + r : r * n + c;
        const Index first = knobs.planes ? row : 2 * row, second = knobs.planes ? n * n + row : 2 * row + 1;
        z[knobs.swapped ? second : first] = static_cast<Real>(at(knobs.leftwards ? n - 1 - c : c));
        z[knobs.swapped ? first : second] = static_cast<Real>(at(knobs.downwards ? r : n - 1 - r));
      }
    return {number(none_refused), z};
  };
}
/// normal_quantile refuses this probability, so there is no sheet.
Function refused(double probability) {
  return [probability](const Tensors&) -> Tensors { return {number(probability), Tensor()}; };
}
double last_of(double n) { return std::max(n - 1, 1e-9); }
std::vector<Mistake> sheet_mistakes() {
  return {
      {"sheet.cut_points", "(i + 1) / (n + 1) are cut points: use the midpoints of n equal parts",
       sheet_with({.probability = [](double i, double n) { return (i + 1) / (n + 1); }})},
      {"sheet.from_5_to_95",
       "the probabilities run from 0.05 to 0.95: the outer 5 % are left out, and n = 1 is undefined",
       sheet_with({.probability = [](double i, double n) { return 0.05 + 0.9 * i / last_of(n); }})},
      {"sheet.even_places", "codes from -3 to 3 in equal steps: equal PROBABILITY must lie between them",
       sheet_with({.probability = [](double i, double n) { return i / last_of(n); },
                   .place = [](double p) { return 6 * p - 3; }})},
      {"sheet.from_1_to_99",
       "the probabilities run from 0.01 to 0.99: the outer 1 % are left out, and n = 1 is undefined",
       sheet_with({.probability = [](double i, double n) { return 0.01 + 0.98 * i / last_of(n); }})},
      {"sheet.ends_refused",
       "normal_quantile refuses 0: integer division gives 1 / 2 = 0 and i / n = 0 in C++; or an end of (0, "
       "1) is used instead of the midpoint of a part",
       refused(0)},
      {"sheet.ends_refused", "normal_quantile refuses 1: (i + 1) / n is the end of part i; use its midpoint",
       refused(1)},
      {"sheet.no_quantile", "the codes are the probabilities themselves: normal_quantile is not called",
       sheet_with({.place = itself})},
      {"sheet.upside_down",
       "the sheet is upside down: the second number must grow upwards, while rows go downwards",
       sheet_with({.downwards = true})},
      {"sheet.mirrored", "the first number grows to the left: it must grow to the right",
       sheet_with({.leftwards = true})},
      {"sheet.both_turned", "both axes are flipped: only the second number grows against its index",
       sheet_with({.leftwards = true, .downwards = true})},
      {"sheet.transposed",
       "the first number follows the row, the second the column: exchange them, with the row index reversed",
       sheet_with({.downwards = true, .columns_first = true})},
      {"sheet.planes", "all first numbers precede all second ones: each code is a row of two",
       sheet_with({.planes = true})},
      {"sheet.axes_swapped", "the two numbers are exchanged: the first belongs to the column",
       sheet_with({.swapped = true})},
      {"sheet.columns_first", "the images are listed column by column: list them row by row",
       sheet_with({.columns_first = true})}};
}

}  // namespace

std::vector<Check> code_checks() {
  const std::vector<std::string> names = {"z", "steps", "low", "high"};
  const std::vector<std::string> sheet = {"the probability that normal_quantile refused (-1: none)", "codes"};
  std::vector<Check> all;
  all.push_back({.todo = "6.5",
                 .title = "the lesson's numbers",
                 .points = 6,
                 .call = "traversals",
                 .draw = [](Rng&, int) -> Tensors {
                   return {Tensor::of({2}, {.5, -1}), number(3), number(-2), number(2)};
                 },
                 .cases = 1,
                 .mistakes = traversal_mistakes(),
                 .inputs = names,
                 .outputs = {"codes"}});
  all.push_back({.todo = "6.5",
                 .title = "random codes",
                 .points = 12,
                 .call = "traversals",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   constexpr double steps[] = {2, 3, 5, 67, 4};
                   constexpr Index units[] = {4, 13, 5, 1, 3};
                   return {numbers(rng, {units[i]}), number(steps[i]),
                           number(rng.uniform(Real(-3), Real(-1))), number(rng.uniform(Real(1), Real(3)))};
                 },
                 .mistakes = traversal_mistakes(),
                 .inputs = names,
                 .outputs = {"codes"}});

  all.push_back({.todo = "6.6",
                 .title = "two by two",
                 .points = 6,
                 .call = "quantile_sheet",
                 .draw = [](Rng&, int) -> Tensors { return {number(2)}; },
                 .cases = 1,
                 .mistakes = sheet_mistakes(),
                 .inputs = {"n"},
                 .outputs = sheet});
  all.push_back({.todo = "6.6",
                 .title = "larger sheets",
                 .points = 10,
                 .call = "quantile_sheet",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   return {number(static_cast<double>(3 + 4 * i * i) + static_cast<double>(rng.below(4)))};
                 },
                 .cases = 3,
                 .mistakes = sheet_mistakes(),
                 .inputs = {"n"},
                 .outputs = sheet});
  all.push_back({.todo = "6.6",
                 .title = "a sheet of one picture is the middle",
                 .points = 4,
                 .call = "quantile_sheet",
                 .draw = [](Rng&, int) -> Tensors { return {number(1)}; },
                 .cases = 1,
                 .inputs = {"n"},
                 .outputs = sheet});
  return all;
}

}  // namespace gradus::grade
