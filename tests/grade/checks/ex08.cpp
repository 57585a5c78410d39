// Exercise 8: the two training steps of a GAN. Labels and weight averages are in ex08_inputs.cpp.
#include "ex08.hpp"
#include "../calls/gan_game.hpp"
#include "../inputs.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/nn/module.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/optim/optimizer.hpp"

namespace gradus::grade {
namespace {

Var total_of(const Var& loss, bool sums) { return sums ? sum(loss) : mean(loss); }

// 8.1: D's step

struct DiscriminatorKnobs {
  bool detach = true, early = true;                       // early: G is called before the tape
  enum { z, z_itself, real_ones, real_again } drawn = z;  // G's input, or what D gets in place of G's fakes
  bool zero = true, zero_late = false, step_first = false, backward = true;
  int steps = 1;
  bool swapped = false, generator_loss = false, real_loss = false, sums = false, one_mean = false;
  bool real = true, fake = true, mixed = false, penalty_reported = false, penalty_hidden = false;
  bool draws_twice = false, asks_twice = false;  // G; the penalty
  Real factor = 1, of_fake = 1, penalty = 1;
};
DiscriminatorStep discriminator_with(DiscriminatorKnobs knobs) {
  return [knobs](const Network& discriminator, const Network& generator, const Tensor& real, const Tensor& z,
                 const GanLosses& losses, const Optimizer& optimizer, const std::function<Var()>& penalty) {
    using K = DiscriminatorKnobs;
    const auto draw = [&]() -> Var {
      if (knobs.drawn == K::z_itself) return z;
      if (knobs.drawn == K::real_again) return real;
      return generator(knobs.drawn == K::real_ones ? real : z);
    };
    Var fake;
    if (knobs.draws_twice) draw();
    if (knobs.early) fake = draw();
    Tape tape;
    if (!knobs.early) fake = draw();
    if (knobs.detach) fake = fake.detach();
    const auto of_real = knobs.swapped ? losses.fake : losses.real;
    const auto of_fake = knobs.generator_loss               ? losses.generator
                         : knobs.swapped || knobs.real_loss ? losses.real
                                                            : losses.fake;
    Var loss = Tensor::zeros({1});
    if (knobs.mixed) {
      const Var logits = discriminator(concat({Var(real), fake}, 0));
      loss = mean(losses.real(slice(logits, 0, 0, real.dim(0)))) +
             mean(losses.fake(slice(logits, 0, real.dim(0), logits.dim(0))));
    } else if (knobs.real)
      loss = loss + total_of(of_real(discriminator(real)), knobs.sums);
    if (knobs.fake && !knobs.mixed)
      loss = loss + knobs.of_fake * total_of(of_fake(discriminator(fake)), knobs.sums);
    if (knobs.one_mean) loss = Real(1) / static_cast<Real>(real.dim(0) + z.dim(0)) * loss;
    loss = knobs.factor * loss;
    const Var extra = penalty ? penalty() : Var(Tensor::zeros({1}));
    if (penalty && knobs.asks_twice) penalty();
    if (knobs.step_first) optimizer.step();
    if (knobs.zero) optimizer.zero_grad();
    if (knobs.backward) tape.backward(loss + knobs.penalty * extra);
    for (int i = 0; i < knobs.steps && !knobs.step_first; ++i) optimizer.step();
    if (knobs.zero_late) optimizer.zero_grad();
    return DiscriminatorLoss{knobs.penalty_reported ? loss.item() + extra.item() : loss.item(),
                             knobs.penalty_hidden ? 0 : extra.item()};
  };
}
Function d_wrong(DiscriminatorKnobs knobs) {
  return [=](const Tensors& in) { return discriminator_game(in, discriminator_with(knobs)); };
}
Function d_taped(DiscriminatorKnobs knobs) {
  return [=](const Tensors& in) { return discriminator_tapes(in, discriminator_with(knobs)); };
}
/// Every case has different numbers of real and generated examples, and two batches of each.
Tensors for_discriminator(Rng& rng, int number_of_case, bool penalty) {
  const Index B = sizes(number_of_case)[0], other = sizes(number_of_case)[1];
  return {numbers(rng, {discriminator_weights}),
          numbers(rng, {generator_weights}),
          away_from_zero(rng, {discriminator_weights}),
          numbers(rng, {2 * B, 2}),
          numbers(rng, {2 * other, 2}),
          number(penalty ? rng.uniform(Real(0.3), Real(1)) : 0)};
}

// 8.2: G's step

struct GeneratorKnobs {
  bool detach = false, freeze = true, unfreeze = true, clear = false;
  bool zero = true, zero_late = false, step_first = false, backward = true, sums = false;
  int steps = 1;
  enum { added, forgotten, returned, alone, twice, of_new, cut_off, asked_twice, twice_asked } extra = added;
  enum { generator, fake, real } loss = generator;
  Real factor = 1;
};
Function g_wrong(GeneratorKnobs knobs) {
  const GeneratorStep step = [knobs](const Network& discriminator, Module& frozen, const Network& generator,
                                     const Tensor& z, const GanLosses& losses, const Optimizer& optimizer,
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
      using K = GeneratorKnobs;
      if (extra && knobs.extra != K::forgotten) {
        const Var more = extra(knobs.extra == K::of_new    ? generator(z)
                               : knobs.extra == K::cut_off ? drawn.detach()
                                                           : drawn);
        if (knobs.extra == K::asked_twice || knobs.extra == K::twice_asked) extra(drawn);
        all = knobs.extra == K::alone                                    ? more
              : knobs.extra == K::twice || knobs.extra == K::twice_asked ? loss + more + more
                                                                         : loss + more;
      }
      if (knobs.backward) tape.backward(all);
      for (int i = 0; i < knobs.steps && !knobs.step_first; ++i) optimizer.step();
      if (knobs.zero_late) optimizer.zero_grad();
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

const std::string stopped =
    "where it stopped (1: no parameter reaches the loss, 2: step() without gradients, 3: a value of "
    "another tape, 4: a step before backward())";
const std::string order = "zero_grad() first, then backward(), then step()";
const std::vector<std::string> d_inputs = {"D's weights", "G's weights", "D's old gradients",
                                           "real",        "z",           "weight of the penalty"},
                               d_outputs = {"the losses of two steps",
                                            "the penalties",
                                            "D's weights",
                                            "D's gradients",
                                            "G's weights",
                                            "the number of G's gradients that are set",
                                            stopped,
                                            "number of calls of the penalty in two steps"};

std::vector<Mistake> discriminator_mistakes() {
  return {{"d.no_detach",
           "the fakes are not detached: D's step leaves gradients in G, which G's next step may add to its "
           "own",
           d_wrong({.detach = false, .early = false})},
          {"d.no_zero_grad", "the gradients of the previous step remain: zero_grad() is missing",
           d_wrong({.zero = false})},
          {"d.step_first", "the step uses the old gradients: " + order, d_wrong({.step_first = true})},
          {"d.no_gradient", "step() finds no gradient: " + order, d_wrong({.backward = false})},
          {"d.zero_late", "zero_grad() comes after the step: the first step uses old gradients. " + order,
           d_wrong({.zero = false, .zero_late = true})},
          {"d.no_step", "step() is missing: D never learns", d_wrong({.steps = 0})},
          {"d.two_steps", "step() is called twice: call it once per turn", d_wrong({.steps = 2})},
          {"d.no_generator", "D receives z itself: the fakes are G(z)",
           d_wrong({.drawn = DiscriminatorKnobs::z_itself})},
          {"d.generator_of_real", "G receives the real examples: its input is z",
           d_wrong({.drawn = DiscriminatorKnobs::real_ones})},
          {"d.real_twice", "the real examples are used twice, once as fakes",
           d_wrong({.drawn = DiscriminatorKnobs::real_again})},
          {"d.all_real", "the fakes get the loss of real examples", d_wrong({.real_loss = true})},
          {"d.minus_fake", "the loss of the fakes is subtracted: D's loss is the sum of both",
           d_wrong({.of_fake = -1})},
          {"d.minus_generator",
           "the fakes get minus the generator's loss, which equals losses.fake only in the slides' own "
           "game",
           d_wrong({.generator_loss = true, .of_fake = -1})},
          {"d.one_mean", "one mean over both batches: take each batch's mean separately",
           d_wrong({.sums = true, .one_mean = true})},
          {"d.losses_swapped", "real and fake losses are exchanged: D learns to call the real ones fake",
           d_wrong({.swapped = true})},
          {"d.generator_loss", "the fakes get the generator's loss: D would help G",
           d_wrong({.generator_loss = true})},
          {"d.only_real", "the fakes do not count", d_wrong({.fake = false})},
          {"d.only_fake", "the real examples do not count", d_wrong({.real = false})},
          {"d.halved", "half of the sum: both means count fully", d_wrong({.factor = Real(0.5)})},
          {"d.sums", "the sum over the batch: take the mean of each batch", d_wrong({.sums = true})},
          {"d.sign", "the sign is wrong: D would learn to be wrong", d_wrong({.factor = -1})}};
}

std::vector<Mistake> penalty_mistakes() {
  return {
      {"d.no_penalty", "the penalty is reported, but D does not learn from it", d_wrong({.penalty = 0})},
      {"d.penalty_twice", "the penalty counts twice: the caller sets its weight", d_wrong({.penalty = 2})},
      {"d.penalty_twice", "the penalty is called twice and counts twice: the caller sets its weight",
       d_wrong({.asks_twice = true, .penalty = 2})},
      {"d.penalty_called_twice",
       "the penalty is called twice in a step: it may draw random numbers, and its work costs "
       "time; use the result of the first call",
       d_wrong({.asks_twice = true})},
      {"d.penalty_hidden", "the returned penalty is 0", d_wrong({.penalty_hidden = true})},
      {"d.penalty_in_loss", "the returned loss contains the penalty", d_wrong({.penalty_reported = true})}};
}

std::vector<Mistake> order_mistakes() {
  return {{"d.fake_under_tape",
           "G is called while the tape records: all of its work stays in memory, for nothing",
           d_taped({.early = false})},
          {"d.generator_twice", "G is called twice in a step: call it once, since its work costs time",
           d_taped({.draws_twice = true})},
          {"d.detached_by_luck",
           "the fakes are made before the tape but not detached: if the caller has a tape, they are "
           "recorded on it",
           d_taped({.detach = false})},
          {"d.mixed_batch",
           "D gets real and generated examples in one batch: with batch norm they influence each other",
           d_taped({.mixed = true})}};
}

std::vector<Mistake> extra_mistakes() {
  return {
      {"g.extra_forgotten", "no gradient of the extra term reaches G: it is left out of the minimised loss",
       g_wrong({.extra = GeneratorKnobs::forgotten})},
      {"g.extra_forgotten", "no gradient of the extra term reaches G: its fakes are detached",
       g_wrong({.extra = GeneratorKnobs::cut_off})},
      {"g.extra_alone", "G learns only from the extra term", g_wrong({.extra = GeneratorKnobs::alone})},
      {"g.extra_twice", "the extra term counts twice", g_wrong({.extra = GeneratorKnobs::twice})},
      {"g.extra_twice", "the extra term is called twice and counts twice",
       g_wrong({.extra = GeneratorKnobs::twice_asked})},
      {"g.extra_called_twice",
       "the extra term is called twice in a step: it may draw random numbers, and its work costs time; "
       "use the result of the first call",
       g_wrong({.extra = GeneratorKnobs::asked_twice})},
      {"g.extra_of_new",
       "G is called again for the extra term: pass the same G(z), since with dropout a second one "
       "differs",
       g_wrong({.extra = GeneratorKnobs::of_new})},
      {"g.extra_returned", "the returned loss contains the extra term; return only the first term",
       g_wrong({.extra = GeneratorKnobs::returned})}};
}

std::vector<Mistake> generator_mistakes() {
  return {{"g.detached",
           "no gradient reaches G: D's input was detached, or made before the tape, or is not G(z). G "
           "would never learn",
           g_wrong({.detach = true})},
          {"g.detached",
           "no gradient reaches G: D's input was detached, or made before the tape, or is not G(z); and D "
           "is not frozen",
           g_wrong({.detach = true, .freeze = false})},
          {"g.not_frozen", "G's step leaves gradients in D: D is not frozen", g_wrong({.freeze = false})},
          {"g.clears_d", "D is not frozen; the gradients it received are dropped together with its own",
           g_wrong({.freeze = false, .clear = true})},
          {"g.left_frozen", "D is still frozen after the step, so it can no longer learn",
           g_wrong({.unfreeze = false})},
          {"g.no_zero_grad", "the gradients of the previous step remain: zero_grad() is missing",
           g_wrong({.zero = false})},
          {"g.step_first", "the step uses the old gradients: " + order, g_wrong({.step_first = true})},
          {"g.no_gradient", "step() finds no gradient: " + order, g_wrong({.backward = false})},
          {"g.zero_late", "zero_grad() comes after the step: the first step uses old gradients. " + order,
           g_wrong({.zero = false, .zero_late = true})},
          {"g.no_step", "step() is missing: G never learns", g_wrong({.steps = 0})},
          {"g.two_steps", "step() is called twice: call it once per turn", g_wrong({.steps = 2})},
          {"g.minus_fake_loss",
           "minus losses.fake is the loss that saturates: losses.generator is G's loss in this game",
           g_wrong({.loss = GeneratorKnobs::fake, .factor = -1})},
          {"g.fake_loss", "losses.fake is D's own loss: G would learn to look fake",
           g_wrong({.loss = GeneratorKnobs::fake})},
          {"g.real_loss", "losses.real in place of losses.generator: its label is smoothed",
           g_wrong({.loss = GeneratorKnobs::real})},
          {"g.sign", "the sign is wrong: minimise the loss itself", g_wrong({.factor = -1})},
          {"g.sums", "the sum over the batch: take the mean", g_wrong({.sums = true})}};
}

/// Adds a check of one step with numbers that can be computed by hand.
void by_hand(std::vector<Check>& all, const std::string& todo, const std::string& call, double w,
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
}

void add_discriminator(std::vector<Check>& all) {
  by_hand(all, "8.1", "discriminator_step.by_hand", 0, "dw", "the number of G's gradients that are set");
  all.push_back({.todo = "8.1",
                 .title = "two steps of D",
                 .points = 20,
                 .call = "discriminator_step",
                 .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, false); },
                 .mistakes = discriminator_mistakes(),
                 .inputs = d_inputs,
                 .outputs = d_outputs});
  all.push_back({.todo = "8.1",
                 .title = "two steps of D with a penalty",
                 .points = 8,
                 .call = "discriminator_step",
                 .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, true); },
                 .cases = 3,
                 .mistakes = penalty_mistakes(),
                 .inputs = d_inputs,
                 .outputs = d_outputs});
  all.push_back(
      {.todo = "8.1",
       .title = "who is called when, under a caller's tape",
       .points = 8,
       .call = "discriminator_step.tapes",
       .draw = [](Rng& rng, int i) { return for_discriminator(rng, i, false); },
       .cases = 2,
       .mistakes = order_mistakes(),
       .inputs = d_inputs,
       .outputs = {"whether G's work is on the tape that D's is on (1: yes)",
                   "number of calls of D with a mixed batch", "D's weights",
                   "the number of G's gradients that are set", stopped, "number of calls of G and D"}});
}

void add_generator(std::vector<Check>& all) {
  const std::vector<std::string> g_inputs = {"D's weights",       "G's weights",
                                             "G's old gradients", "z",
                                             "D's old gradients", "the weight of an extra term"};
  const std::vector<std::string> g_outputs = {"the losses of two steps",
                                              "G's weights",
                                              "G's gradients",
                                              "D's weights",
                                              "D's gradients",
                                              "the number of D's parameters that are frozen",
                                              stopped,
                                              "number of calls of G in two steps",
                                              "number of calls of the extra term in two steps"};
  by_hand(all, "8.2", "generator_step.by_hand", -0.1, "dv", "the number of D's gradients that are set");
  all.push_back({.todo = "8.2",
                 .title = "two steps of G",
                 .points = 20,
                 .call = "generator_step",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   return {numbers(rng, {discriminator_weights}),        numbers(rng, {generator_weights}),
                           away_from_zero(rng, {generator_weights}),     numbers(rng, {2 * sizes(i)[0], 2}),
                           away_from_zero(rng, {discriminator_weights}), number(0)};
                 },
                 .mistakes = generator_mistakes(),
                 .inputs = g_inputs,
                 .outputs = g_outputs});
  all.push_back({.todo = "8.2",
                 .title = "with an extra term",
                 .points = 6,
                 .call = "generator_step",
                 .draw = [](Rng& rng, int i) -> Tensors {
                   return {
                       numbers(rng, {discriminator_weights}),        numbers(rng, {generator_weights}),
                       away_from_zero(rng, {generator_weights}),     numbers(rng, {2 * sizes(i)[0], 2}),
                       away_from_zero(rng, {discriminator_weights}), number(rng.uniform(Real(0.3), Real(1)))};
                 },
                 .cases = 3,
                 .mistakes = extra_mistakes(),
                 .inputs = g_inputs,
                 .outputs = g_outputs});
}

}  // namespace

std::vector<Check> checks_08() {
  std::vector<Check> all;
  add_discriminator(all);
  add_generator(all);
  for (Check& check : label_and_average_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
