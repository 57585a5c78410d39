// Exercise 1: backpropagation.
#include <limits>

#include "ex01.hpp"

namespace gradus::grade {
namespace {

constexpr Real infinite = std::numeric_limits<Real>::infinity();
constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

// relu ----------------------------------------------------------------------------------------------------

Function relu_with(Real (*f)(Real)) {
  return [f](const Tensors& in) -> Tensors {
    const Tensor y = each(in[0], [&](Index i) { return f(in[0][i]); });
    return {y, y, in[0]};
  };
}
Real right_relu(Real v) { return v < 0 ? 0 : v; }

Function relu_slope_with(Real (*f)(Real y, Real dy)) {
  return [f](const Tensors& in) -> Tensors {
    return {each(in[1], [&](Index i) { return f(in[1][i], in[2][i]); })};
  };
}

std::vector<Mistake> relu_mistakes() {
  return {{"relu.abs", "the sign is dropped: this is |x|", relu_with([](Real v) { return std::abs(v); })},
          {"relu.flipped", "the wrong half is kept: this is min(x, 0)",
           relu_with([](Real v) { return v < 0 ? v : 0; })},
          {"relu.leaky", "0.01 x below zero: this is the leaky relu",
           relu_with([](Real v) { return v < 0 ? Real(0.01) * v : v; })},
          {"relu.step", "1 where x is positive: this is relu's derivative, not its value",
           relu_with([](Real v) { return v > 0 ? Real(1) : Real(0); })},
          {"relu.not_kept", "y is right, but not saved in the member y: backward will find it empty",
           [](const Tensors& in) -> Tensors {
             return {relu_with(right_relu)(in)[0], Tensor(), in[0]};
           }},
          {"relu.keeps_x", "the member y holds x, not max(x, 0)",
           [](const Tensors& in) -> Tensors {
             return {relu_with(right_relu)(in)[0], in[0], in[0]};
           }},
          {"relu.keeps_slope", "the member y holds relu's derivative, 1 or 0, not max(x, 0)",
           [](const Tensors& in) -> Tensors {
             const auto slope = relu_with([](Real v) { return v > 0 ? Real(1) : Real(0); });
             return {relu_with(right_relu)(in)[0], slope(in)[0], in[0]};
           }},
          {"relu.in_place",
           "x itself has changed: a copy of a Tensor shares its numbers with the original. Make a "
           "new one, Tensor y(x.shape())",
           [](const Tensors& in) -> Tensors {
             const Tensor y = relu_with(right_relu)(in)[0];
             return {y, y, y};
           }}};
}

std::vector<Mistake> relu_gradient_mistakes() {
  return {{"relu.grad_ignores_slope", "1 where x is positive: the factor dL/dy is missing (the chain rule)",
           relu_slope_with([](Real y, Real) { return y > 0 ? Real(1) : Real(0); })},
          {"relu.grad_everywhere", "dy passes everywhere: y >= 0 is true for every y",
           relu_slope_with([](Real, Real dy) { return dy; })},
          {"relu.grad_times_y", "dy is multiplied by y; the derivative of x is 1, not x",
           relu_slope_with([](Real y, Real dy) { return y * dy; })},
          {"relu.grad_of_slope", "the gradient passes by the sign of dL/dy; it must pass by the sign of x",
           relu_slope_with([](Real, Real dy) { return dy > 0 ? dy : 0; })},
          {"relu.grad_guided", "only positive dL/dy pass: dL/dy may be negative",
           relu_slope_with([](Real y, Real dy) { return y > 0 && dy > 0 ? dy : 0; })},
          {"relu.grad_flipped", "dy passes where x is negative, and is 0 where x is positive",
           relu_slope_with([](Real y, Real dy) { return y > 0 ? 0 : dy; })}};
}

void relu_checks(std::vector<Check>& all) {
  all.push_back({.todo = "1.1",
                 .title = "the lesson's numbers",
                 .points = 2,
                 .call = "relu",
                 .draw = always({Tensor::of({1, 4}, {2, -1, 0, Real(0.5)})}),
                 .cases = 1,
                 .inputs = {"x"},
                 .outputs = {"y", "the saved y", "x afterwards"}});
  all.push_back({.todo = "1.1",
                 .title = "random numbers",
                 .points = 6,
                 .call = "relu",
                 .draw = [](Rng& rng, int number) -> Tensors { return {away_from_zero(rng, sizes(number))}; },
                 .mistakes = relu_mistakes(),
                 .inputs = {"x"},
                 .outputs = {"y", "the saved y", "x afterwards"}});
  all.push_back(
      {.todo = "1.1",
       .title = "very large numbers, infinities, NaN",
       .points = 2,
       .call = "relu",
       .draw = always({Tensor::of({2, 3}, {Real(1e30), Real(-1e30), infinite, -infinite, not_a_number, 0})}),
       .cases = 1,
       .mistakes = {{"relu.hides_nan",
                     "NaN becomes 0: every comparison with NaN is false, so test which numbers to replace (x "
                     "< 0), not which to keep",
                     relu_with([](Real v) { return v > 0 ? v : 0; })}},
       .inputs = {"x"},
       .outputs = {"y", "the saved y", "x afterwards"}});
  const std::vector<std::string> inputs = {"x", "y", "dL/dy"};
  all.push_back(
      {.todo = "1.2",
       .title = "the lesson's numbers",
       .points = 4,
       .call = "relu.backward",
       .draw = always({Tensor::of({1, 4}, {2, -1, 0, Real(0.5)}), Tensor::of({1, 4}, {2, 0, 0, Real(0.5)}),
                       Tensor::of({1, 4}, {3, 5, 7, -2})}),
       .cases = 1,
       .inputs = inputs,
       .outputs = {"dx"}});
  all.push_back(
      {.todo = "1.2",
       .title = "random numbers",
       .points = 10,
       .call = "relu.backward",
       .draw = [](Rng& rng, int number) -> Tensors {
         const Tensor x = away_from_zero(rng, sizes(number));
         return {x, each(x, [&](Index i) { return right_relu(x[i]); }), away_from_zero(rng, sizes(number))};
       },
       .mistakes = relu_gradient_mistakes(),
       .inputs = inputs,
       .outputs = {"dx"},
       .differentiates = "relu"});
}

// linear --------------------------------------------------------------------------------------------------

/// x [B, I], w [O, I], b [O]; B, I and O are distinct, and each is 1 in one case.
Tensors layer(Rng& rng, int number) {
  constexpr std::array<std::array<Index, 3>, 5> all = {
      {{1, 2, 3}, {67, 71, 73}, {4, 1, 5}, {5, 3, 1}, {3, 4, 2}}};
  const auto [B, I, O] = all[static_cast<std::size_t>(number) % all.size()];
  return {numbers(rng, {B, I}), numbers(rng, {O, I}), away_from_zero(rng, {O})};
}
Tensors layer_and_slope(Rng& rng, int number) {
  Tensors in = layer(rng, number);
  in.push_back(away_from_zero(rng, {in[0].dim(0), in[1].dim(0)}));
  return in;
}

struct LinearKnobs {
  Real bias = 1;
  bool w_as_io = false, bias_in_sum = false, last_product = false, never_reset = false, first_bias = false;
};
Function linear_with(LinearKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor &x = in[0], &w = in[1], &b = in[2];
    const Index B = x.dim(0), I = x.dim(1), O = w.dim(0);
    Tensor y({B, O});
    Real sum = 0;
    for (Index n = 0; n < B; ++n)
      for (Index o = 0; o < O; ++o) {
        if (!knobs.never_reset) sum = 0;
        for (Index i = 0; i < I; ++i) {
          const Real product = x[n * I + i] * (knobs.w_as_io ? w[i * O + o] : w[o * I + i]);
          sum = knobs.last_product ? product : sum + product;
        }
        const Real times = knobs.bias_in_sum ? static_cast<Real>(I) : knobs.first_bias && n > 0 ? 0 : 1;
        y[n * O + o] = sum + knobs.bias * times * b[o];
      }
    return {y, x, w};
  };
}

struct LinearSlopeKnobs {
  bool dx_w_as_io = false, dx_last = false, dx_no_slope = false, dw_layout = false, dw_last = false,
       dw_mean = false, dw_no_slope = false, db_last = false, db_mean = false, db_count = false;
};
Tensors linear_slopes(const Tensors& in, LinearSlopeKnobs knobs = {}) {
  const Tensor &x = in[0], &w = in[1], &dy = in[3];
  const Index B = x.dim(0), I = x.dim(1), O = w.dim(0);
  Tensor dx = Tensor::zeros({B, I}), dw = Tensor::zeros({O, I}), db = Tensor::zeros({O});
  const Real batch = static_cast<Real>(B);
  for (Index n = 0; n < B; ++n)
    for (Index o = 0; o < O; ++o) {
      const Real d = dy[n * O + o];
      db[o] = (knobs.db_last ? 0 : db[o]) + (knobs.db_count ? 1 : knobs.db_mean ? d / batch : d);
      for (Index i = 0; i < I; ++i) {
        Real &to_x = dx[n * I + i], &to_w = knobs.dw_layout ? dw[i * O + o] : dw[o * I + i];
        to_x = (knobs.dx_last ? 0 : to_x) +
               (knobs.dx_no_slope ? 1 : d) * (knobs.dx_w_as_io ? w[i * O + o] : w[o * I + i]);
        to_w = (knobs.dw_last ? 0 : to_w) +
               (knobs.dw_no_slope ? 1 : d) * x[n * I + i] / (knobs.dw_mean ? batch : 1);
      }
    }
  return {dx, dw, db};
}
Function linear_slopes_with(LinearSlopeKnobs knobs) {
  return [knobs](const Tensors& in) { return linear_slopes(in, knobs); };
}
/// The gradients, with those for which `computed` is false left empty.
Function needed_with(bool (*computed)(const Tensor& needs, Index i)) {
  return [computed](const Tensors& in) {
    const Tensors all = linear_slopes(in);
    Tensors wanted;
    for (Index i = 0; i < 3; ++i)
      if (in[4][i] != 0) wanted.push_back(computed(in[4], i) ? all[static_cast<std::size_t>(i)] : Tensor());
    return wanted;
  };
}

std::vector<Mistake> linear_mistakes() {
  return {{"linear.no_bias", "the bias is left out", linear_with({.bias = 0})},
          {"linear.w_as_io", "w is read as [I, O]; it is [O, I]: w_oi is w[o * I + i]",
           linear_with({.w_as_io = true})},
          {"linear.bias_in_sum", "the bias is added once per input, inside the sum over i",
           linear_with({.bias_in_sum = true})},
          {"linear.last_product", "only the last product of the sum over i is kept: use += instead of =",
           linear_with({.last_product = true})},
          {"linear.never_reset", "the sum over i continues from one y_no to the next: set it to 0 for each",
           linear_with({.never_reset = true})},
          {"linear.first_bias", "only the first example gets the bias", linear_with({.first_bias = true})},
          {"linear.bias_sign", "the bias is subtracted", linear_with({.bias = -1})}};
}

std::vector<Mistake> linear_gradient_mistakes() {
  return {
      {"linear.dw_transposed", "dw is [I, O] (x transposed times dy); it has the shape of w, [O, I]",
       [](const Tensors& in) -> Tensors {
         const Tensors grads = linear_slopes(in, {.dw_layout = true});
         return {grads[0], grads[1].reshape({in[0].dim(1), in[1].dim(0)}), grads[2]};
       }},
      {"linear.dw_layout",
       "dw has the right shape, but is filled as if it were [I, O]: dw_oi is dw[o * I + i]",
       linear_slopes_with({.dw_layout = true})},
      {"linear.dw_last", "dw has only the last example of the batch: use += instead of =",
       linear_slopes_with({.dw_last = true})},
      {"linear.dw_mean",
       "dw is divided by the batch size: if the loss is a mean, dy already includes that factor",
       linear_slopes_with({.dw_mean = true})},
      {"linear.dw_no_slope", "dw is a sum of x alone: the factor dL/dy is missing (the chain rule)",
       linear_slopes_with({.dw_no_slope = true})},
      {"linear.dx_w_as_io", "in dx w is read as [I, O]; it is [O, I]: w_oi is w[o * I + i]",
       linear_slopes_with({.dx_w_as_io = true})},
      {"linear.dx_last",
       "dx has only the last output's term: x_ni affects every y_no, so use += instead of =",
       linear_slopes_with({.dx_last = true})},
      {"linear.dx_no_slope", "dx is a sum of w alone: the factor dL/dy is missing (the chain rule)",
       linear_slopes_with({.dx_no_slope = true})},
      {"linear.db_not_summed", "db is dy itself, [B, O]: b_o affects the whole batch, so sum over the batch",
       [](const Tensors& in) -> Tensors {
         const Tensors grads = linear_slopes(in);
         return {grads[0], grads[1], in[3]};
       }},
      {"linear.db_last", "db has only the last example of the batch: use += instead of =",
       linear_slopes_with({.db_last = true})},
      {"linear.db_mean", "db is the mean over the batch, not the sum", linear_slopes_with({.db_mean = true})},
      {"linear.db_count", "db counts the examples: the factor dL/dy is missing (the chain rule)",
       linear_slopes_with({.db_count = true})}};
}

std::vector<Mistake> needs_mistakes() {
  return {{"linear.needs_order", "the indices of needs are mixed up: 0 is x, 1 is w, 2 is b",
           needed_with([](const Tensor& needs, Index i) { return needs[i < 2 ? 1 - i : 2] != 0; })},
          {"linear.needs_first", "nothing is computed when x needs no gradient, although w and b still do",
           needed_with([](const Tensor& needs, Index) { return needs[0] != 0; })},
          {"linear.needs_all", "a gradient is computed only when all three are needed",
           needed_with([](const Tensor&, Index) { return false; })}};
}

void linear_checks(std::vector<Check>& all) {
  const Tensors lesson = {Tensor::of({2, 2}, {1, 2, 3, -1}), Tensor::of({3, 2}, {1, 0, 2, 1, -1, 1}),
                          Tensor::of({3}, {10, 20, 30})};
  Tensors lesson_and_slope = lesson;
  lesson_and_slope.push_back(Tensor::of({2, 3}, {1, 0, 2, -1, 1, 0}));
  all.push_back({.todo = "1.3",
                 .title = "the lesson's numbers",
                 .points = 4,
                 .call = "linear",
                 .draw = always(lesson),
                 .cases = 1,
                 .inputs = {"x", "w", "b"},
                 .outputs = {"y", "the saved x", "the saved w"}});
  all.push_back({.todo = "1.3",
                 .title = "random layers",
                 .points = 10,
                 .call = "linear",
                 .draw = layer,
                 .mistakes = linear_mistakes(),
                 .inputs = {"x", "w", "b"},
                 .outputs = {"y", "the saved x", "the saved w"}});
  const std::vector<std::string> inputs = {"x", "w", "b", "dL/dy"}, outputs = {"dx", "dw", "db"};
  all.push_back({.todo = "1.4",
                 .title = "the lesson's numbers",
                 .points = 6,
                 .call = "linear.backward",
                 .draw = always(lesson_and_slope),
                 .cases = 1,
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back({.todo = "1.4",
                 .title = "random layers",
                 .points = 14,
                 .call = "linear.backward",
                 .draw = layer_and_slope,
                 .mistakes = linear_gradient_mistakes(),
                 .inputs = inputs,
                 .outputs = outputs,
                 .differentiates = "linear"});
  all.push_back({.todo = "1.4",
                 .title = "when not all three are needed",
                 .points = 4,
                 .call = "linear.backward.needs",
                 .draw =
                     [](Rng& rng, int number) {
                       constexpr Real needs[4][3] = {{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {0, 0, 1}};
                       Tensors in = layer_and_slope(rng, number);
                       in.push_back(Tensor::of({3}, std::span<const Real>(needs[number % 4], 3)));
                       return in;
                     },
                 .mistakes = needs_mistakes(),
                 .inputs = {"x", "w", "b", "dL/dy", "needs"},
                 .outputs = {"the first needed gradient", "the second needed gradient"}});
}

}  // namespace

std::vector<Check> checks_01() {
  std::vector<Check> all;
  relu_checks(all);
  linear_checks(all);
  accumulate_checks(all);
  tape_checks(all);
  return all;
}

}  // namespace gradus::grade
