// Exercise 8, labels and averages: the label beside the input (8.3), the average of the weights (8.4).
#include <algorithm>

#include "../calls/gan_game.hpp"
#include "../inputs.hpp"
#include "ex08.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus::grade {
namespace {

// 8.3: the label beside the noise

struct LabelKnobs {
  int offset = 0;
  bool turned_round = false, value = false, number_first = false, number_everywhere = false;
  bool first = false, as_number = false, shared = false, transposed = false, detached = false;
};
Function label_with(LabelKnobs knobs) {
  return [knobs](const Tensors& in) {
    return labelled(in, [knobs](const Var& x, const std::vector<int>& labels, int classes) {
      const Index B = x.dim(0), places = knobs.as_number ? 1 : classes;
      Tensor hot = Tensor::zeros({B, places});
      for (Index b = 0; b < B; ++b) {
        const Index label = labels[static_cast<std::size_t>(knobs.shared ? 0 : b)];
        const Index place = knobs.turned_round ? classes - 1 - label : label + knobs.offset;
        if (knobs.as_number)
          hot[b] = static_cast<Real>(label);
        else if (knobs.number_first)
          hot[b * classes] = static_cast<Real>(label);
        else if (knobs.number_everywhere)
          for (Index k = 0; k < classes; ++k) hot[b * classes + k] = static_cast<Real>(label);
        else if (const Index at = knobs.transposed ? label * B + b : b * classes + place; at < hot.size())
          hot[at] = knobs.value ? static_cast<Real>(label) : 1;
      }
      const Var code = knobs.detached ? x.detach() : x;
      return knobs.first ? concat({Var(hot), code}, 1) : concat({code, Var(hot)}, 1);
    });
  };
}
std::vector<Mistake> label_mistakes() {
  return {
      {"label.off_by_one", "the 1 is one place too far to the left: label 0 is the first place",
       label_with({.offset = -1})},
      {"label.off_by_one", "the 1 is one place too far to the right: label 0 is the first place",
       label_with({.offset = 1})},
      {"label.turned_round", "the places are counted from the right: label 0 is the first place",
       label_with({.turned_round = true})},
      {"label.value", "the label's number is in its place: write a 1", label_with({.value = true})},
      {"label.first", "the label is on the left of x: it belongs on the right", label_with({.first = true})},
      {"label.as_number", "the label is one number: every class needs its own place",
       label_with({.as_number = true})},
      {"label.as_number", "the label is one number, in the first place: every class needs its own place",
       label_with({.number_first = true})},
      {"label.as_number", "the label's number is in all places: every class needs its own place",
       label_with({.number_everywhere = true})},
      {"label.shared", "all examples get the label of the first", label_with({.shared = true})},
      {"label.transposed", "the ones are laid out as [classes, B]: each example is a row",
       label_with({.transposed = true})},
      {"label.detached", "no gradient reaches x: it was detached, or its numbers were copied",
       label_with({.detached = true})}};
}

// 8.4: the average of the weights

/// average = f(average, weight) after every step; `both`: w and b instead of w alone
Function average_with(double (*f)(double average, double weight, double decay), bool both = true,
                      bool into_weights = false) {
  return [=](const Tensors& in) -> Tensors {
    Tensors averages, weights;
    for (int t = 0; t < 2; ++t) {
      const Shape shape = t == 0 ? Shape{averaged_outputs, averaged_inputs} : Shape{averaged_outputs};
      Tensor average = in[std::size_t(t)].row(0).clone().reshape(shape), weight = average.clone();
      for (Index step = 1; step <= 3; ++step) {
        const Tensor learned = in[std::size_t(t)].row(step);
        for (Index i = 0; i < average.size(); ++i) {
          weight[i] = learned[i];
          if (t == 1 && !both) continue;
          (into_weights ? weight : average)[i] =
              static_cast<Real>(f(average[i], learned[i], double{in[2].item()}));
        }
      }
      averages.push_back(average);
      weights.push_back(weight);
    }
    return {averages[0], averages[1], weights[0], weights[1]};
  };
}
double mixed(double average, double weight, double decay) { return decay * average + (1 - decay) * weight; }

std::vector<Mistake> average_mistakes() {
  return {{"ema.decay_swapped", "decay and 1 - decay are exchanged: decay is the factor of the old average",
           average_with([](double a, double w, double d) { return (1 - d) * a + d * w; })},
          {"ema.no_rest", "the weights count fully: their factor is 1 - decay",
           average_with([](double a, double w, double d) { return d * a + w; })},
          {"ema.copies", "the average is replaced by the latest weights",
           average_with([](double, double w, double) { return w; })},
          {"ema.into_weights", "the result is written to the weights, which disturbs training",
           average_with(mixed, true, true)},
          {"ema.adds", "the old average is not scaled down: its factor is decay",
           average_with([](double a, double w, double d) { return a + (1 - d) * w; })},
          {"ema.no_weights", "the weights have no effect: was a copy of them, or the average itself, read?",
           average_with([](double a, double, double d) { return d * a; })},
          {"ema.half", "average and weights have equal factors: decay is not used",
           average_with([](double a, double w, double) { return (a + w) / 2; })},
          {"ema.first_only", "only the first tensor is averaged", average_with(mixed, false)},
          {"ema.unmoved",
           "the average never changes: was a copy written to, or was the old tensor, which a "
           "checkpoint holds, replaced by a new one?",
           average_with([](double a, double, double) { return a; })}};
}

}  // namespace

std::vector<Check> label_and_average_checks() {
  std::vector<Check> all;
  const std::vector<std::string> label_inputs = {"x", "labels", "classes", "slope"},
                                 label_outputs = {"x with its labels", "the gradient of x"};
  all.push_back({.todo = "8.3",
                 .title = "the lesson's numbers",
                 .points = 4,
                 .call = "with_label",
                 .draw = [](Rng&, int) -> Tensors {
                   return {Tensor::of({2, 2}, {.5, -1, 2, 0}), Tensor::of({2}, {2, 1}), number(3),
                           Tensor::of({2, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})};
                 },
                 .cases = 1,
                 .mistakes = label_mistakes(),
                 .inputs = label_inputs,
                 .outputs = label_outputs});
  all.push_back({.todo = "8.3",
                 .title = "random labels",
                 .points = 14,
                 .call = "with_label",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   constexpr Index class_counts[] = {3, 131, 10, 2, 4};
                   const Index B = sizes(i)[0] + 1, K = sizes(i)[1], classes = class_counts[i];
                   Tensor labels({B});
                   for (Real& label : labels.values())
                     label = static_cast<Real>(rng.below(static_cast<std::uint64_t>(classes)));
                   labels[0] = 1, labels[B - 1] = static_cast<Real>(classes - 1), labels[1] = 0;
                   return {numbers(rng, {B, K}), labels, number(static_cast<double>(classes)),
                           away_from_zero(rng, {B, K + classes})};
                 },
                 .mistakes = label_mistakes(),
                 .inputs = label_inputs,
                 .outputs = label_outputs});

  all.push_back({.todo = "8.4",
                 .title = "three updates",
                 .points = 12,
                 .call = "ema.update",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   constexpr double decays[] = {0.9, 0.7, 0.95, 0, 0.5};
                   return {numbers(rng, {4, averaged_inputs * averaged_outputs}),
                           numbers(rng, {4, averaged_outputs}), number(decays[i])};
                 },
                 .mistakes = average_mistakes(),
                 .inputs = {"w, first and after each step", "b, first and after each step", "decay"},
                 .outputs = {"average of w", "average of b", "w", "b"}});
  return all;
}

}  // namespace gradus::grade
