// Exercise 8: the two steps of a GAN, the label as an input, the average of the weights.
#include "../calls/gan_game.hpp"
#include "../check.hpp"
#include "../inputs.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::full({1}, static_cast<Real>(value)); }
Var total_of(const Var& loss, bool sums) { return sums ? sum(loss) : mean(loss); }

// 8.1: D's step

struct DiscriminatorKnobs {
  bool detach = true, early = true;  // early: G is called before the tape
  bool zero = true, step_first = false, backward = true;
  bool swapped = false, generator_loss = false, sums = false, real = true, fake = true;
  bool penalty = true, penalty_reported = false, mixed = false;
  Real factor = 1;
};
DiscriminatorStep discriminator_with(DiscriminatorKnobs knobs) {
  return [knobs](const Network& discriminator, const Network& generator, const Tensor& real, const Tensor& z,
                 const GanLosses& losses, Adam& optimizer, const std::function<Var()>& penalty) {
    Var fake;
    if (knobs.early) fake = generator(z);
    Tape tape;
    if (!knobs.early) fake = generator(z);
    if (knobs.detach) fake = fake.detach();
    const auto of_real = knobs.swapped ? losses.fake : losses.real;
    const auto of_fake = knobs.generator_loss ? losses.generator : knobs.swapped ? losses.real : losses.fake;
    Var loss = Tensor::zeros({1});
    if (knobs.mixed) {
      const Var logits = discriminator(concat({Var(real), fake}, 0));
      loss = mean(losses.real(slice(logits, 0, 0, real.dim(0)))) +
             mean(losses.fake(slice(logits, 0, real.dim(0), logits.dim(0))));
    } else if (knobs.real)
      loss = loss + total_of(of_real(discriminator(real)), knobs.sums);
    if (knobs.fake && !knobs.mixed) loss = loss + total_of(of_fake(discriminator(fake)), knobs.sums);
    loss = knobs.factor * loss;
    const Var extra = penalty ? penalty() : Var(Tensor::zeros({1}));
    if (knobs.step_first) optimizer.step();
    if (knobs.zero) optimizer.zero_grad();
    if (knobs.backward) tape.backward(knobs.penalty ? loss + extra : loss);
    if (!knobs.step_first) optimizer.step();
    return DiscriminatorLoss{knobs.penalty_reported ? loss.item() + extra.item() : loss.item(), extra.item()};
  };
}
Function d_wrong(DiscriminatorKnobs knobs) {
  return [=](const Tensors& in) { return discriminator_game(in, discriminator_with(knobs)); };
}
Function d_taped(DiscriminatorKnobs knobs) {
  return [=](const Tensors& in) { return discriminator_tapes(in, discriminator_with(knobs)); };
}
/// Every case another number of real and of generated examples.
Tensors for_discriminator(Rng& rng, int number_of_case, bool penalty) {
  const Index B = sizes(number_of_case)[0] + 1, other = sizes(number_of_case)[1] + 1;
  return {numbers(rng, {discriminator_weights}),
          numbers(rng, {generator_weights}),
          away_from_zero(rng, {discriminator_weights}),
          numbers(rng, {B, 2}),
          numbers(rng, {other, 2}),
          number(penalty ? rng.uniform(Real(0.3), Real(1)) : 0)};
}

// 8.2: G's step

struct GeneratorKnobs {
  bool detach = false, freeze = true, unfreeze = true, clear = false;
  bool zero = true, step_first = false, backward = true, sums = false;
  enum { added, forgotten, returned } extra = added;
  enum { generator, fake, real } loss = generator;
  Real factor = 1;
};
Function g_wrong(GeneratorKnobs knobs) {
  const GeneratorStep step = [knobs](const Network& discriminator, Module& frozen, const Network& generator,
                                     const Tensor& z, const GanLosses& losses, Adam& optimizer,
                                     const std::function<Var(const Var&)>& extra) {
    if (knobs.freeze)
      for (Parameter* parameter : frozen.parameters()) parameter->freeze();
    const auto leave = [&] {
      if (knobs.freeze && knobs.unfreeze)
        for (Parameter* parameter : frozen.parameters()) parameter->unfreeze();
    };
    try {
      Tape tape;
      const Var drawn = generator(z), logits = discriminator(knobs.detach ? drawn.detach() : drawn);
      const auto of = knobs.loss == GeneratorKnobs::fake   ? losses.fake
                      : knobs.loss == GeneratorKnobs::real ? losses.real
                                                           : losses.generator;
      const Var loss = knobs.factor * total_of(of(logits), knobs.sums);
      if (knobs.step_first) optimizer.step();
      if (knobs.zero) optimizer.zero_grad();
      Var all = loss;
      if (extra && knobs.extra != GeneratorKnobs::forgotten) all = loss + extra(drawn);
      if (knobs.backward) tape.backward(all);
      if (!knobs.step_first) optimizer.step();
      if (knobs.clear) zero_grad(frozen.parameters());
      leave();
      return knobs.extra == GeneratorKnobs::returned ? all.item() : loss.item();
    } catch (const Error&) {
      leave();
      throw;
    }
  };
  return [=](const Tensors& in) { return generator_game(in, step); };
}

// 8.3: the label beside the noise

struct LabelKnobs {
  int offset = 0;
  bool first = false, as_number = false, shared = false, transposed = false, detached = false;
};
Function label_with(LabelKnobs knobs) {
  return [knobs](const Tensors& in) {
    return labelled(in, [knobs](const Var& x, const std::vector<int>& labels, int classes) {
      const Index B = x.dim(0), places = knobs.as_number ? 1 : classes;
      Tensor hot = Tensor::zeros({B, places});
      for (Index b = 0; b < B; ++b) {
        const Index label = labels[static_cast<std::size_t>(knobs.shared ? 0 : b)];
        if (knobs.as_number)
          hot[b] = static_cast<Real>(label);
        else
          hot[knobs.transposed ? label * B + b : b * classes + label + knobs.offset] = 1;
      }
      const Var code = knobs.detached ? x.detach() : x;
      return knobs.first ? concat({Var(hot), code}, 1) : concat({code, Var(hot)}, 1);
    });
  };
}
std::vector<Mistake> label_mistakes() {
  return {{"label.off_by_one", "the 1 stands one place too far to the left: label 0 is the first place",
           label_with({.offset = -1})},
          {"label.first", "the label stands on the left of x, it belongs to the right",
           label_with({.first = true})},
          {"label.as_number", "the label is one number: every class needs a place of its own",
           label_with({.as_number = true})},
          {"label.shared", "all examples get the label of the first", label_with({.shared = true})},
          {"label.transposed", "the ones are laid out as [classes, B]: an example is a row",
           label_with({.transposed = true})},
          {"label.detached", "no gradient reaches x: it was detached, or its numbers were copied",
           label_with({.detached = true})}};
}

// 8.4: the average of the weights

/// average = f(average, weight) after every step; `both`: w and b, not w alone
Function average_with(double (*f)(double average, double weight, double decay), bool both = true,
                      bool into_weights = false) {
  return [=](const Tensors& in) -> Tensors {
    Tensors averages, weights;
    for (int t = 0; t < 2; ++t) {
      const Shape shape = t == 0 ? Shape{2, 3} : Shape{2};
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

}  // namespace

std::vector<Check> checks_08() {
  std::vector<Check> all;
  const std::string stopped =
      "where it stopped (1: no parameter reaches the loss, 2: step() without gradients, 3: a value of "
      "another "
      "tape)";
  const std::string order = "zero_grad() first, then backward(), then step()";
  const std::vector<std::string> d_inputs = {"D's weights", "G's weights", "D's old gradients",
                                             "real",        "z",           "weight of the penalty"},
                                 d_outputs = {"the losses of two steps",
                                              "the penalties",
                                              "D's weights",
                                              "D's gradients",
                                              "G's weights",
                                              "the number of G's gradients that are set",
                                              stopped};

  const auto by_hand = [&](const std::string& todo, const std::string& call, double w,
                           const std::string& slope, const std::string& other) {
    all.push_back({.todo = todo,
                   .title = "the lesson's numbers",
                   .points = 4,
                   .call = call,
                   .draw = [w](Rng&, int) -> Tensors {
                     const auto one = [](double x) { return Tensor::full({1, 1}, static_cast<Real>(x)); };
                     return {one(w), one(3), one(1), one(2)};
                   },
                   .cases = 1,
                   .inputs = {"w", "v", "x", "z"},
                   .outputs = {"loss", slope, other, stopped}});
  };

  by_hand("8.1", "discriminator_step.by_hand", 0, "dw", "the number of G's gradients that are set");
  all.push_back(
      {.todo = "8.1",
       .title = "two steps of D",
       .points = 20,
       .call = "discriminator_step",
       .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, false); },
       .mistakes = {{"d.no_detach",
                     "the fakes are not detached: D's step leaves gradients in G, which G's next step may "
                     "add to its own",
                     d_wrong({.detach = false, .early = false})},
                    {"d.no_zero_grad",
                     "the gradients of the step before are still there: zero_grad() is missing",
                     d_wrong({.zero = false})},
                    {"d.step_first", "the step is made with the old gradients: " + order,
                     d_wrong({.step_first = true})},
                    {"d.no_gradient", "step() finds no gradient: " + order, d_wrong({.backward = false})},
                    {"d.losses_swapped",
                     "real and fake losses are exchanged: D learns to call the real ones fake",
                     d_wrong({.swapped = true})},
                    {"d.generator_loss", "the fakes are judged with the generator's loss: D would help G",
                     d_wrong({.generator_loss = true})},
                    {"d.only_real", "the fakes do not count", d_wrong({.fake = false})},
                    {"d.only_fake", "the real examples do not count", d_wrong({.real = false})},
                    {"d.halved", "half of the sum: both means count fully", d_wrong({.factor = Real(0.5)})},
                    {"d.sums", "the sum over the batch: the mean is asked, of both batches by itself",
                     d_wrong({.sums = true})},
                    {"d.sign", "the sign is wrong: D would learn to be wrong", d_wrong({.factor = -1})}},
       .inputs = d_inputs,
       .outputs = d_outputs});
  all.push_back({.todo = "8.1",
                 .title = "two steps of D with a penalty",
                 .points = 8,
                 .call = "discriminator_step",
                 .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, true); },
                 .cases = 2,
                 .mistakes = {{"d.no_penalty", "the penalty is reported, but D does not learn from it",
                               d_wrong({.penalty = false})},
                              {"d.penalty_in_loss", "the loss that is returned contains the penalty",
                               d_wrong({.penalty_reported = true})}},
                 .inputs = d_inputs,
                 .outputs = d_outputs});
  all.push_back(
      {.todo = "8.1",
       .title = "who is called when, under a caller's tape",
       .points = 8,
       .call = "discriminator_step.tapes",
       .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, false); },
       .cases = 2,
       .mistakes = {{"d.fake_under_tape",
                     "G is called while the tape records: all of its work is kept in memory, for "
                     "nothing",
                     d_taped({.early = false})},
                    {"d.detached_by_luck",
                     "the fakes are only made before the tape, not detached: when the caller has a "
                     "tape, they hang on that one",
                     d_taped({.detach = false})},
                    {"d.mixed_batch",
                     "D is given real and generated examples in one batch: with batch norm they would "
                     "give each other away",
                     d_taped({.mixed = true})}},
       .inputs = d_inputs,
       .outputs = {"how often G was called while the step's tape recorded",
                   "how often D was given a mixed batch", "D's weights",
                   "the number of G's gradients that are set", stopped}});

  const std::vector<std::string> g_inputs = {"D's weights",       "G's weights",
                                             "G's old gradients", "z",
                                             "D's old gradients", "the weight of an extra term"};
  const std::vector<std::string> g_outputs = {"the losses of two steps",
                                              "G's weights",
                                              "G's gradients",
                                              "D's weights",
                                              "D's gradients",
                                              "the number of D's parameters that are frozen",
                                              stopped};
  by_hand("8.2", "generator_step.by_hand", -0.1, "dv", "the number of D's gradients that are set");
  all.push_back(
      {.todo = "8.2",
       .title = "two steps of G",
       .points = 20,
       .call = "generator_step",
       .draw = [](Rng& rng, int i) -> Tensors {
         return {numbers(rng, {discriminator_weights}),        numbers(rng, {generator_weights}),
                 away_from_zero(rng, {generator_weights}),     numbers(rng, {sizes(i)[0] + 1, 2}),
                 away_from_zero(rng, {discriminator_weights}), number(0)};
       },
       .mistakes =
           {{"g.detached",
             "nothing reaches G: its fakes are detached, or were made before the tape. G would never learn",
             g_wrong({.detach = true})},
            {"g.detached",
             "nothing reaches G: its fakes are detached, or were made before the tape; and D is not frozen",
             g_wrong({.detach = true, .freeze = false})},
            {"g.not_frozen", "G's step leaves gradients in D: D is not frozen", g_wrong({.freeze = false})},
            {"g.clears_d",
             "D is not frozen, and the gradients that it got are thrown away, with its own ones",
             g_wrong({.freeze = false, .clear = true})},
            {"g.left_frozen", "D is still frozen after the step: it would never learn again",
             g_wrong({.unfreeze = false})},
            {"g.no_zero_grad", "the gradients of the step before are still there: zero_grad() is missing",
             g_wrong({.zero = false})},
            {"g.step_first", "the step is made with the old gradients: " + order,
             g_wrong({.step_first = true})},
            {"g.no_gradient", "step() finds no gradient: " + order, g_wrong({.backward = false})},
            {"g.fake_loss", "losses.fake is D's own loss: G would learn to look false",
             g_wrong({.loss = GeneratorKnobs::fake})},
            {"g.real_loss", "losses.real in the place of losses.generator: its label is smoothed",
             g_wrong({.loss = GeneratorKnobs::real})},
            {"g.sign", "the sign is wrong: the loss is minimised as it is", g_wrong({.factor = -1})},
            {"g.sums", "the sum over the batch: the mean is asked", g_wrong({.sums = true})}},
       .inputs = g_inputs,
       .outputs = g_outputs});
  all.push_back({.todo = "8.2",
                 .title = "with an extra term",
                 .points = 6,
                 .call = "generator_step",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   return {
                       numbers(rng, {discriminator_weights}),        numbers(rng, {generator_weights}),
                       away_from_zero(rng, {generator_weights}),     numbers(rng, {sizes(i)[0] + 1, 2}),
                       away_from_zero(rng, {discriminator_weights}), number(rng.uniform(Real(0.3), Real(1)))};
                 },
                 .cases = 2,
                 .mistakes = {{"g.extra_forgotten",
                               "nothing of the extra term reaches G: it is left out of what is minimised, or "
                               "sees fakes that are cut off",
                               g_wrong({.extra = GeneratorKnobs::forgotten})},
                              {"g.extra_returned",
                               "the extra term is in the loss that is returned; only the first term is asked",
                               g_wrong({.extra = GeneratorKnobs::returned})}},
                 .inputs = g_inputs,
                 .outputs = g_outputs});

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
                   constexpr Index class_counts[] = {3, 10, 2, 4};
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

  all.push_back(
      {.todo = "8.4",
       .title = "three updates",
       .points = 12,
       .call = "ema.update",
       .draw = [](Rng& rng, int i) -> Tensors {
         constexpr double decays[] = {0.9, 0.7, 0.95, 0};
         return {numbers(rng, {4, 6}), numbers(rng, {4, 2}), number(decays[i])};
       },
       .mistakes = {{"ema.decay_swapped",
                     "the decay is exchanged: it is the share of the average that is kept",
                     average_with([](double a, double w, double d) { return (1 - d) * a + d * w; })},
                    {"ema.no_rest", "the weights count fully: their share is 1 - decay",
                     average_with([](double a, double w, double d) { return d * a + w; })},
                    {"ema.copies", "the average is the last weights: nothing of it is kept",
                     average_with([](double, double w, double) { return w; })},
                    {"ema.into_weights",
                     "the mixture is written into the weights: training would be disturbed",
                     average_with(mixed, true, true)},
                    {"ema.first_only", "only the first tensor is averaged", average_with(mixed, false)},
                    {"ema.unmoved",
                     "the average never moves: was a copy written to, or a new tensor put in the place of "
                     "the old one, "
                     "which a checkpoint holds?",
                     average_with([](double a, double, double) { return a; })}},
       .inputs = {"w, first and after each step", "b, first and after each step", "decay"},
       .outputs = {"average of w", "average of b", "w", "b"}});
  return all;
}

}  // namespace gradus::grade
