// Exercise 2: squared error, and a step of training.
#include <cmath>

#include "ex02.hpp"

namespace gradus::grade {
namespace {

// squared error -------------------------------------------------------------------------------------------

/// Predictions and targets of rank 2 to 4; those of one batch are close to each other.
Tensors two_batches(Rng& rng, int number) {
  const Shape shapes[] = {{1, 4}, {67, 71}, {7, 1}, {4, 3, 2, 1}, {5, 2, 3}};
  const Shape shape = shapes[number % 5];
  Tensor y = numbers(rng, shape);
  const Tensor t = numbers(rng, shape);
  for (Index i = 0; number % 5 == 2 && i < y.size(); ++i) y[i] = t[i] + Real(1e-3) * y[i];
  return {y, t};
}
Tensors two_batches_and_slope(Rng& rng, int number) {
  Tensors in = two_batches(rng, number);
  in.push_back(away_from_zero(rng, {in[0].dim(0)}));
  return in;
}

/// l_b = sum_k f(y - t), then finished(l_b, K)
Function errors_with(double (*f)(double), double (*finished)(double, double) = nullptr) {
  return [=](const Tensors& in) -> Tensors {
    const Index B = in[0].dim(0), K = in[0].shape().row_size();
    Tensor l({B});
    for (Index b = 0; b < B; ++b) {
      double sum = 0;
      for (Index i = b * K; i < (b + 1) * K; ++i) sum += f(double{in[0][i]} - in[1][i]);
      l[b] = static_cast<Real>(finished ? finished(sum, static_cast<double>(K)) : sum);
    }
    return {l};
  };
}
double squared(double d) { return d * d; }

struct SlopeKnobs {
  Real factor = 2, target = -1;
  bool no_slope = false, first_slope = false, misplaced_slope = false, sign_only = false, mean = false,
       empty_target = false;
};
Function error_slopes_with(SlopeKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Index K = in[0].shape().row_size();
    Tensor dy(in[0].shape()), dt(in[0].shape());
    for (Index i = 0; i < dy.size(); ++i) {
      Real d = in[0][i] - in[1][i];
      if (knobs.sign_only) d = d > 0 ? Real(0.5) : Real(-0.5);
      const Real slope = knobs.no_slope ? 1
                                        : in[2][knobs.first_slope       ? 0
                                                : knobs.misplaced_slope ? i % in[0].dim(0)
                                                                        : i / K];
      dy[i] = knobs.factor * d * slope / (knobs.mean ? static_cast<Real>(K) : 1);
      dt[i] = knobs.target * dy[i];
    }
    return {dy, knobs.empty_target ? Tensor() : dt};
  };
}

std::vector<Mistake> error_mistakes() {
  return {{"se.mean", "the mean over the features, not the sum: with 784 pixels a loss 784 times too small",
           errors_with(squared, [](double sum, double K) { return sum / K; })},
          {"se.half", "there is a factor 1/2: here the loss is the plain square",
           errors_with(squared, [](double sum, double) { return sum / 2; })},
          {"se.root", "a root is taken: the distance, not its square",
           errors_with(squared, [](double sum, double) { return std::sqrt(sum); })},
          {"se.abs", "absolute values are summed, not squares",
           errors_with([](double d) { return std::abs(d); })},
          {"se.square_of_sum", "differences are summed before squaring, so they cancel",
           errors_with([](double d) { return d; }, [](double sum, double) { return sum * sum; })},
          {"se.two_axes",
           "only dim(1) numbers of an example are summed: images have more axes, and row_size() numbers",
           [](const Tensors& in) -> Tensors {
             const Index B = in[0].dim(0), K = in[0].dim(1);
             Tensor l = Tensor::zeros({B});
             for (Index i = 0; i < B * K; ++i) l[i / K] += (in[0][i] - in[1][i]) * (in[0][i] - in[1][i]);
             return {l};
           }},
          {"se.not_per_example", "one number for the whole batch; the loss has one value per example, [B]",
           [](const Tensors& in) -> Tensors {
             const Tensors l = errors_with(squared)(in);
             Real sum = 0;
             for (const Real one : l[0].values()) sum += one;
             return {Tensor::full({1}, sum)};
           }}};
}

std::vector<Mistake> error_gradient_mistakes() {
  return {
      {"se.grad_no_2", "the factor 2 is missing", error_slopes_with({.factor = 1})},
      {"se.grad_sign", "the sign is wrong: t - y and y - t are exchanged", error_slopes_with({.factor = -2})},
      {"se.grad_mean", "the gradient is divided by the number of features, but the loss is a sum",
       error_slopes_with({.mean = true})},
      {"se.grad_ignores_slope", "the factor dL/dl of the example is missing (the chain rule)",
       error_slopes_with({.no_slope = true})},
      {"se.grad_first_slope",
       "the dL/dl of the first example is used for all: element i belongs to example i / K",
       error_slopes_with({.first_slope = true})},
      {"se.grad_slope_misplaced",
       "the values of dL/dl are read in the wrong order: element i belongs to example i / K",
       error_slopes_with({.misplaced_slope = true})},
      {"se.grad_sign_only", "only the sign of y - t is used: this is the absolute error's gradient",
       error_slopes_with({.sign_only = true})},
      {"se.grad_target_sign", "dt has the sign of dy: the target enters with a minus",
       error_slopes_with({.target = 1})},
      {"se.grad_no_target", "dt stays empty although needs[1] is set",
       error_slopes_with({.empty_target = true})}};
}

void error_checks(std::vector<Check>& all) {
  const Tensor y = Tensor::of({2, 3}, {1, 2, 3, 0, -1, 2}), t = Tensor::of({2, 3}, {0, 2, 1, 1, 1, 1});
  all.push_back({.todo = "2.1",
                 .title = "the lesson's numbers",
                 .points = 3,
                 .call = "squared_error",
                 .draw = always({y, t}),
                 .cases = 1,
                 .inputs = {"y", "t"},
                 .outputs = {"l"}});
  all.push_back({.todo = "2.1",
                 .title = "random batches of rank 2 to 4",
                 .points = 7,
                 .call = "squared_error",
                 .draw = two_batches,
                 .mistakes = error_mistakes(),
                 .inputs = {"y", "t"},
                 .outputs = {"l"}});
  const std::vector<std::string> inputs = {"y", "t", "dL/dl"};
  all.push_back({.todo = "2.2",
                 .title = "the lesson's numbers",
                 .points = 3,
                 .call = "squared_error.backward",
                 .draw = always({y, t, Tensor::of({2}, {1, Real(0.5)})}),
                 .cases = 1,
                 .inputs = inputs,
                 .outputs = {"dy", "dt"}});
  all.push_back({.todo = "2.2",
                 .title = "random batches of rank 2 to 4",
                 .points = 9,
                 .call = "squared_error.backward",
                 .draw = two_batches_and_slope,
                 .mistakes = error_gradient_mistakes(),
                 .inputs = inputs,
                 .outputs = {"dy", "dt"},
                 .differentiates = "squared_error"});
  all.push_back({.todo = "2.2",
                 .title = "when the target is data",
                 .points = 2,
                 .call = "squared_error.backward.needs",
                 .draw = two_batches_and_slope,
                 .inputs = inputs,
                 .outputs = {"dy"}});
}

// a training step -----------------------------------------------------------------------------------------

struct StepKnobs {
  bool no_zero = false, zero_late = false, zero_last = false, zero_again = false, step_early = false,
       step_twice = false, loss_after = false, loss_twice = false;
};
/// The call "descend" with mistakes, with explicit gradients: l = mean_n sum_o (x w + b - t)^2.
Function descend_with(StepKnobs knobs) {
  return [knobs](const Tensors& in) -> Tensors {
    const Tensor& x = in[3];
    const Index steps = in[2].dim(0), B = x.dim(0), I = x.dim(1), O = in[1].size();
    Tensor w = in[0].clone(), b = in[1].clone(), dw, db = in[5].clone(), losses({steps});
    Index next = 0;
    const auto errors = [&] {
      const Tensor target = in[2].row(next++ % steps);
      Tensor e({B, O});
      for (Index n = 0; n < B; ++n)
        for (Index o = 0; o < O; ++o) {
          e[n * O + o] = b[o] - target[n * O + o];
          for (Index i = 0; i < I; ++i) e[n * O + o] += x[n * I + i] * w[o * I + i];
        }
      return e;
    };
    const auto loss_of = [&](const Tensor& e) {
      Real sum = 0;
      for (const Real one : e.values()) sum += one * one;
      return sum / static_cast<Real>(B);
    };
    const auto zero = [&] { dw = db = Tensor(); };
    const auto move = [&] {
      for (Index i = 0; dw && i < w.size(); ++i) w[i] -= in[4].item() * dw[i];
      for (Index o = 0; db && o < O; ++o) b[o] -= in[4].item() * db[o];
    };
    const auto backward = [&](const Tensor& e) {
      if (!dw) dw = Tensor::zeros({O, I});
      if (!db) db = Tensor::zeros({O});
      for (Index n = 0; n < B; ++n)
        for (Index o = 0; o < O; ++o) {
          const Real d = 2 * e[n * O + o] / static_cast<Real>(B);
          db[o] += d;
          for (Index i = 0; i < I; ++i) dw[o * I + i] += d * x[n * I + i];
        }
    };
    for (Index step = 0; step < steps; ++step) {
      if (knobs.loss_twice) errors();
      const Tensor e = errors();
      losses[step] = loss_of(e);
      if (!knobs.no_zero && !knobs.zero_late && !knobs.zero_last) zero();
      if (knobs.step_early) move();
      backward(e);
      if (knobs.zero_late) zero();
      if (!knobs.step_early) move();
      if (knobs.step_twice) move();
      if (knobs.zero_last || knobs.zero_again) zero();
      if (knobs.loss_after) losses[step] = loss_of(errors());
    }
    return {losses, w, b, dw, db};
  };
}

void step_checks(std::vector<Check>& all) {
  const std::vector<std::string> inputs = {"w", "b", "targets", "x", "rate", "b's gradient before"},
                                 outputs = {"losses", "w", "b", "dw", "db"};
  all.push_back(
      {.todo = "2.7",
       .title = "the lesson's step",
       .points = 4,
       .call = "descend",
       .draw = always({Tensor::of({1, 1}, {2}), Tensor::full({1}, 1), Tensor::of({1, 1, 1}, {5}),
                       Tensor::of({1, 1}, {3}), Tensor::full({1}, Real(0.05)), Tensor::full({1}, 100)}),
       .cases = 1,
       .inputs = inputs,
       .outputs = outputs});
  all.push_back(
      {.todo = "2.7",
       .title = "three steps of a random layer",
       .points = 16,
       .call = "descend",
       .draw = [](Rng& rng, int number) -> Tensors {
         constexpr std::array<std::array<Index, 3>, 5> all_sizes = {
             {{1, 2, 3}, {37, 41, 13}, {4, 1, 5}, {5, 3, 1}, {3, 4, 2}}};
         const auto [B, I, O] = all_sizes[static_cast<std::size_t>(number) % all_sizes.size()];
         return {numbers(rng, {O, I}),          numbers(rng, {O}),
                 numbers(rng, {3, B, O}),       numbers(rng, {B, I}),
                 Tensor::full({1}, Real(0.05)), away_from_zero(rng, {O})};
       },
       .mistakes =
           {{"step.no_zero_grad", "zero_grad() is missing: the gradients of all steps add up",
             descend_with({.no_zero = true})},
            {"step.zero_late",
             "when step() runs there is no gradient: zero_grad() has dropped the gradients of backward(), or "
             "backward() was not called",
             descend_with({.zero_late = true})},
            {"step.zero_last",
             "zero_grad() comes last: gradients from before the first step count, and the gradients are lost "
             "afterwards",
             descend_with({.zero_last = true})},
            {"step.zero_again", "zero_grad() is called once more at the end: the gradients are lost",
             descend_with({.zero_again = true})},
            {"step.twice", "the parameters are updated twice: step() is called once too often",
             descend_with({.step_twice = true})},
            {"step.too_early", "the parameters do not change: step() comes before backward(), or not at all",
             descend_with({.step_early = true})},
            {"step.loss_after",
             "the returned loss was computed again after the step: return the one that backward() was called "
             "on",
             descend_with({.loss_after = true})},
            {"step.loss_twice",
             "the loss is computed twice and the first is unused: a loss may draw noise or the next batch",
             descend_with({.loss_twice = true})}},
       .inputs = inputs,
       .outputs = outputs});
}

}  // namespace

std::vector<Check> checks_02() {
  std::vector<Check> all;
  error_checks(all);
  pca_checks(all);
  step_checks(all);
  return all;
}

}  // namespace gradus::grade
