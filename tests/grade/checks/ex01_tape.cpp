// Exercise 1: adding gradients, and the backward pass over the tape.
#include "../calls/graphs.hpp"
#include "ex01.hpp"

namespace gradus::grade {
namespace {

Tensor plus(const Tensor& a, const Tensor& b) {
  return each(a, [&](Index i) { return a[i] + b[i]; });
}

/// The sum, and the final contents of the gradients.
Function sums_with(Real first, Real middle, Real last) {
  return [=](const Tensors& in) {
    Tensors out = {
        each(in[0], [&](Index i) { return first * in[0][i] + middle * in[1][i] + last * in[2][i]; })};
    out.insert(out.end(), in.begin(), in.end());
    return out;
  };
}
Tensors three_gradients(Rng& rng, int number) {
  return {numbers(rng, sizes(number)), numbers(rng, sizes(number)), numbers(rng, sizes(number))};
}

}  // namespace

void accumulate_checks(std::vector<Check>& all) {
  all.push_back({.todo = "1.5",
                 .title = "nobody else sees the sum",
                 .points = 3,
                 .call = "accumulate.moved",
                 .draw = three_gradients,
                 .inputs = {"1st", "2nd", "3rd gradient"},
                 .outputs = {"sum"}});
  all.push_back(
      {.todo = "1.5",
       .title = "the gradients are seen by others",
       .points = 9,
       .call = "accumulate",
       .draw = three_gradients,
       .mistakes =
           {{"add.stays_empty",
             "the sum stays empty: it must become the first gradient (is `!sum` tested first?)",
             [](const Tensors& in) -> Tensors {
               return {Tensor(), in[0], in[1], in[2]};
             }},
            {"add.replaces_shared",
             "where its buffer is shared, the sum is replaced by the new gradient; make a new tensor with "
             "the sum of both",
             sums_with(0, 1, 1)},
            {"add.subtracts", "later gradients are subtracted; they must be added", sums_with(1, -1, -1)},
            {"add.overwrites", "the sum is only the last gradient: it is assigned instead of added",
             sums_with(0, 0, 1)},
            {"add.keeps_first",
             "the sum is only the first gradient: later ones are dropped (or added to a copy)",
             sums_with(1, 0, 0)},
            {"add.first_twice",
             "the first gradient counts twice: it is assigned and then also added (is an else missing?)",
             sums_with(2, 1, 1)},
            {"add.into_shared",
             "the first gradient's own numbers have changed: sum shares its buffer (sum.unique() is false), "
             "so a new tensor is needed",
             [](const Tensors& in) -> Tensors {
               const Tensor total = plus(plus(in[0], in[1]), in[2]);
               return {total, total, in[1], in[2]};
             }},
            {"add.asks_grad",
             "the first gradient's own numbers have changed: grad.unique() is tested, but the buffer written "
             "to is that of sum",
             [](const Tensors& in) -> Tensors {
               const Tensor two = plus(in[0], in[1]);
               return {plus(two, in[2]), two, in[1], in[2]};
             }},
            {"add.into_grad", "the sum is written to the new gradient's buffer, which is shared",
             [](const Tensors& in) -> Tensors {
               const Tensor total = plus(plus(in[0], in[1]), in[2]);
               return {total, in[0], in[1], total};
             }}},
       .inputs = {"1st", "2nd", "3rd gradient"},
       .outputs = {"sum", "the 1st gradient afterwards", "the 2nd gradient afterwards",
                   "the 3rd gradient afterwards"}});
}

namespace {

struct BackwardKnobs {
  bool overwrite = false, slopes_one = false, forward = false, only_first = false, only_last = false,
       to_first = false, to_previous = false, skip_zero = false, stop_at_leaf = false, stop_at_empty = false,
       leaf_overwrite = false;
};
/// Tape::backward with mistakes, on `times` tapes in sequence.
Function backward_with(const std::string& name, BackwardKnobs knobs, int times = 1) {
  return [=](const Tensors& in) {
    const Graph& graph = graph_named(name);
    Parameters p = parameters_of(graph, in);
    for (int time = 0; time < times; ++time) {
      Tape tape;
      graph.loss(p, in);
      std::vector<Step> steps(tape.steps().begin(), tape.steps().end());
      const std::size_t count = steps.size();
      steps[count - 1 - graph.after].grad = Tensor::full({1}, 1);
      for (std::size_t turn = 0; turn < count; ++turn) {
        const std::size_t s = knobs.forward ? turn : count - 1 - turn;
        Step& step = steps[s];
        if (!step.grad && knobs.stop_at_empty) break;
        if (!step.grad || (s == 0 && knobs.skip_zero)) continue;
        if (step.parameter) {
          Tensor& grad = step.parameter->grad;
          grad = grad && !knobs.leaf_overwrite ? plus(grad, step.grad) : step.grad.clone();
          if (knobs.stop_at_leaf) break;
          continue;
        }
        std::vector<Tensor> grads(step.inputs.size());
        bool needs[4] = {};
        for (std::size_t i = 0; i < grads.size(); ++i) needs[i] = step.inputs[i] >= 0;
        step.backward(knobs.slopes_one ? Tensor::full(step.shape, 1) : step.grad, {needs, grads.size()},
                      grads);
        for (std::size_t i = 0; i < grads.size(); ++i) {
          if (!needs[i] || !grads[i] || (knobs.only_first && i > 0) ||
              (knobs.only_last && i + 1 < grads.size()))
            continue;
          const std::size_t to =
              knobs.to_previous ? s - 1 : static_cast<std::size_t>(step.inputs[knobs.to_first ? 0 : i]);
          Tensor& sum = steps[to].grad;
          sum = sum && !knobs.overwrite ? plus(sum, grads[i]) : grads[i];
        }
      }
    }
    return gradients_of(p);
  };
}

/// The first inputs, one per name.
std::function<Tensors(Rng&, int)> values_for(std::size_t count) {
  return [count](Rng& rng, int number) {
    Tensors in;
    while (in.size() < count) in.push_back(away_from_zero(rng, sizes(number)));
    return in;
  };
}

/// Of the reverse loop, on a graph that uses a value three times.
std::vector<Mistake> backward_mistakes() {
  return {
      {"tape.overwrites",
       "a value that is used more than once keeps only one gradient: accumulate instead of assigning",
       backward_with("reused", {.overwrite = true})},
      {"tape.forward",
       "no gradient reaches any parameter: does the loop run from the tape's last step to its first, and is "
       "a leaf's dy added to step.parameter->grad?",
       backward_with("reused", {.forward = true})},
      {"tape.slopes_one", "every op receives a dy of ones: pass its own step's gradient (the chain rule)",
       backward_with("reused", {.slopes_one = true})},
      {"tape.only_first", "only the first input of an op gets its gradient",
       backward_with("reused", {.only_first = true})},
      {"tape.only_last", "only the last input of an op gets its gradient",
       backward_with("reused", {.only_last = true})},
      {"tape.to_first", "every gradient goes to an op's first input: input i was made by step.inputs[i]",
       backward_with("reused", {.to_first = true})},
      {"tape.to_previous",
       "every gradient goes to the step before on the tape: input i was made by step.inputs[i]",
       backward_with("reused", {.to_previous = true})},
      {"tape.step_zero",
       "step 0 is never visited: the loop ends one step early, and the first parameter gets no gradient",
       backward_with("reused", {.skip_zero = true})},
      {"tape.stops_at_leaf", "the loop ends at the first parameter it meets; others precede it on the tape",
       backward_with("reused", {.stop_at_leaf = true})}};
}

}  // namespace

void tape_checks(std::vector<Check>& all) {
  const auto add = [&](const std::string& graph, const std::string& title, int points,
                       std::vector<Mistake> mistakes, const std::vector<std::string>& inputs,
                       std::vector<std::string> outputs) {
    all.push_back({.todo = "1.6",
                   .title = title,
                   .points = points,
                   .call = "tape." + graph,
                   .draw = values_for(inputs.size()),
                   .mistakes = std::move(mistakes),
                   .inputs = inputs,
                   .outputs = std::move(outputs)});
  };
  add("by_hand", "the lesson's graph, L = (w x + b - t)^2", 4, {}, {"w", "b", "x", "t"}, {"dw", "db"});
  all.back().draw =
      always({Tensor::of({1}, {2}), Tensor::of({1}, {1}), Tensor::of({1}, {3}), Tensor::of({1}, {5})});
  all.back().cases = 1;
  add("chain", "a chain, L = sum c exp(p^2 / 2)", 4, {}, {"p", "c"}, {"dp"});
  add("reused", "a value used three times, h = p q, L = sum (exp(h / 4) h + r h)", 5, backward_mistakes(),
      {"p", "q", "r"}, {"dp", "dq", "dr"});
  add("parameter_twice", "a parameter used twice, L = sum (c (p q)^2 + p)", 3, {}, {"p", "q", "c"},
      {"dp", "dq"});
  add("side_branch", "a branch that the loss does not depend on, and a constant", 3, {},
      {"p", "an unused q", "r of the branch", "a constant"}, {"dp", "dq", "dr"});
  add("more_after", "something is computed after the loss", 2,
      {{"tape.stops_at_empty",
        "the loop ends at the first step without a gradient: the loss does not depend on it, but on others "
        "before it, so continue",
        backward_with("more_after", {.stop_at_empty = true})}},
      {"p", "q", "c"}, {"dp", "dq"});
  add("twice", "two tapes: the second adds to Parameter::grad", 3,
      {{"tape.leaf_overwrites",
        "the second tape's gradient replaces the first's: accumulate into step.parameter->grad",
        backward_with("parameter_twice", {.leaf_overwrite = true}, 2)}},
      {"p", "q", "c"}, {"dp", "dq"});
  add("own_buffers", "a parameter's gradient is its own: dp of sum c (p + q) is written over, dq stays", 2,
      {{"tape.shared_buffers",
        "two parameters share one gradient buffer, so scaling one scales both. Pass dy.clone() where "
        "dy.unique() is false",
        [](const Tensors& in) -> Tensors {
          return {Tensor::zeros(in[0].shape()), Tensor::zeros(in[1].shape())};
        }}},
      {"p", "q", "c"}, {"dp, set to 0 afterwards", "dq"});
}

}  // namespace gradus::grade
