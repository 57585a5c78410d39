// Exercise 12, the two steps of a CycleGAN: translators (12.4) and discriminators (12.5).
#include "../calls/cycle_game.hpp"
#include "../inputs.hpp"
#include "ex12.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::grade {
namespace {

Var total_of(const Var& loss, bool sums) { return sums ? sum(loss) : mean(loss); }

// 12.4: the translators' step

struct TranslatorKnobs {
  bool detached = false, freeze_b = true, freeze_a = true, unfreeze = true, sums = false;
  bool zero = true, step_first = false, zero_late = false, backward = true;
  int steps = 1;
  enum { generator, real, fake } loss = generator;
  enum { right, swapped, only_b, only_a, same_fake } judged = right;
  enum { back, one_translator, only_first, none, recomputed, cut_off } cycle = back;
  enum { target, source, other_translator, without, always } identity = target;
  bool exchanged = false, weighted = false, tracked = false, fakes_exchanged = false, real_fakes = false;
  Real cycle_factor = 1, identity_factor = 1;
};
using K = TranslatorKnobs;

Var game_of(const Network& judge, const Var& fake, const GanLosses& losses, const TranslatorKnobs& k) {
  const auto loss = k.loss == K::generator ? losses.generator : k.loss == K::real ? losses.real : losses.fake;
  return total_of(loss(judge(k.detached ? fake.detach() : fake)), k.sums);
}

CycleGeneratorLoss translators_with(const TranslatorKnobs& k, const CycleGan& gan, const Tensor& a,
                                    const Tensor& b, const CycleWeights& weights, const GanLosses& losses,
                                    const Optimizer& optimizer) {
  Tape tape;
  const Var fake_b = gan.to_b(a), fake_a = gan.to_a(b);
  const Var none = Tensor::zeros({1});
  const Network &judge_b = k.judged == K::swapped ? gan.discriminator_a : gan.discriminator_b,
                &judge_a = k.judged == K::swapped ? gan.discriminator_b : gan.discriminator_a;
  const Var game_b = k.judged == K::only_a ? none : game_of(judge_b, fake_b, losses, k),
            game_a = k.judged == K::only_b
                         ? none
                         : game_of(judge_a, k.judged == K::same_fake ? fake_b : fake_a, losses, k);
  const bool one = k.cycle == K::one_translator;
  const auto start_b = k.cycle == K::recomputed ? gan.to_b(a)
                       : k.cycle == K::cut_off  ? fake_b.detach()
                                                : fake_b;
  const auto start_a = k.cycle == K::recomputed ? gan.to_a(b)
                       : k.cycle == K::cut_off  ? fake_a.detach()
                                                : fake_a;
  Var cycle_a = none, cycle_b = none;
  if (k.cycle != K::none) cycle_a = total_of(cycle_loss((one ? gan.to_b : gan.to_a)(start_b), a), k.sums);
  if (k.cycle != K::none && k.cycle != K::only_first)
    cycle_b = total_of(cycle_loss((one ? gan.to_a : gan.to_b)(start_a), b), k.sums);
  Var same_b = none, same_a = none;
  if (k.identity != K::without && (weights.identity > 0 || k.identity == K::always)) {
    if (k.identity == K::source)
      same_b = mean(identity_loss(fake_b, a)), same_a = mean(identity_loss(fake_a, b));
    else if (k.identity == K::other_translator)
      same_b = mean(identity_loss(gan.to_a(b), b)), same_a = mean(identity_loss(gan.to_b(a), a));
    else
      same_b = total_of(identity_loss(gan.to_b(b), b), k.sums),
      same_a = total_of(identity_loss(gan.to_a(a), a), k.sums);
  }
  const Real of_cycle = k.cycle_factor * (k.exchanged ? weights.identity : weights.cycle),
             of_identity = k.identity_factor * (k.exchanged ? weights.cycle : weights.identity);
  if (k.step_first) optimizer.step();
  if (k.zero) optimizer.zero_grad();
  if (k.backward)
    tape.backward(game_b + game_a + of_cycle * (cycle_a + cycle_b) + of_identity * (same_b + same_a));
  for (int i = 0; i < k.steps && !k.step_first; ++i) optimizer.step();
  if (k.zero_late) optimizer.zero_grad();
  const Real c = k.weighted ? weights.cycle : 1, s = k.weighted ? weights.identity : 1;
  CycleFakes fakes{k.tracked ? fake_b : fake_b.detach(), k.tracked ? fake_a : fake_a.detach()};
  if (k.fakes_exchanged) std::swap(fakes.b, fakes.a);
  if (k.real_fakes) fakes = {Var(b), Var(a)};
  return {game_b.item(),     game_a.item(), c * cycle_a.item(), c * cycle_b.item(), s * same_b.item(),
          s * same_a.item(), fakes};
}

Function g_wrong(TranslatorKnobs k) {
  const CycleGeneratorStep step = [k](const CycleGan& gan, const Tensor& a, const Tensor& b,
                                      const CycleWeights& weights, const GanLosses& losses,
                                      const Optimizer& optimizer) {
    std::vector<Parameter*> frozen;
    if (k.freeze_b) frozen = gan.frozen_b.parameters();
    if (k.freeze_a)
      for (Parameter* parameter : gan.frozen_a.parameters()) frozen.push_back(parameter);
    for (Parameter* parameter : frozen) parameter->freeze();
    const auto leave = [&] {
      if (k.unfreeze)
        for (Parameter* parameter : frozen) parameter->unfreeze();
    };
    try {
      const CycleGeneratorLoss out = translators_with(k, gan, a, b, weights, losses, optimizer);
      leave();
      return out;
    } catch (const Error&) {
      leave();
      throw;
    }
  };
  return [step](const Tensors& in) { return translator_game(in, step); };
}

const std::string order = "zero_grad() first, then backward(), then step()";

std::vector<Mistake> translator_mistakes() {
  return {
      {"g.detached",
       "the fakes are detached before the discriminators: the translators never learn to convince them",
       g_wrong({.detached = true})},
      {"g.not_frozen", "the step leaves gradients in both discriminators: freeze them",
       g_wrong({.freeze_b = false, .freeze_a = false})},
      {"g.one_frozen", "the step leaves gradients in D_A: freeze both discriminators",
       g_wrong({.freeze_a = false})},
      {"g.one_frozen", "the step leaves gradients in D_B: freeze both discriminators",
       g_wrong({.freeze_b = false})},
      {"g.left_frozen", "the discriminators are still frozen after the step", g_wrong({.unfreeze = false})},
      {"g.judges_swapped", "the discriminators are exchanged: D_B judges G(a), D_A judges F(b)",
       g_wrong({.judged = K::swapped})},
      {"g.same_fakes", "both discriminators get G(a): D_A judges F(b)", g_wrong({.judged = K::same_fake})},
      {"g.one_judge", "F has no adversarial loss: D_A judges F(b)", g_wrong({.judged = K::only_b})},
      {"g.one_judge", "G has no adversarial loss: D_B judges G(a)", g_wrong({.judged = K::only_a})},
      {"g.cycle_one_translator",
       "the cycle goes through one translator twice, G(G(a)): the way back is F(G(a)) and G(F(b))",
       g_wrong({.cycle = K::one_translator})},
      {"g.half_cycle", "one cycle is missing: b must also return, as G(F(b))",
       g_wrong({.cycle = K::only_first})},
      {"g.no_cycle", "there is no cycle loss: nothing ties G(a) to a", g_wrong({.cycle = K::none})},
      {"g.cycle_cut",
       "the way back starts from detached fakes: the first translator of the cycle must learn too",
       g_wrong({.cycle = K::cut_off})},
      {"g.twice_translated", "G(a) and F(b) are computed twice: use the first result for the way back",
       g_wrong({.cycle = K::recomputed})},
      {"g.identity_direction",
       "the identity loss compares G(a) with a, which forbids translation: G gets b and should return it",
       g_wrong({.identity = K::source})},
      {"g.identity_translator",
       "the identity loss is given to the wrong translator: G returns b, F returns a",
       g_wrong({.identity = K::other_translator})},
      {"g.no_identity", "the identity loss is missing", g_wrong({.identity = K::without})},
      {"g.weights_exchanged", "the weights of cycle and identity are exchanged",
       g_wrong({.exchanged = true})},
      {"g.cycle_unused", "the cycle losses are computed but not minimised", g_wrong({.cycle_factor = 0})},
      {"g.weights_returned", "the returned losses contain their weights", g_wrong({.weighted = true})},
      {"g.fakes_tracked", "the returned fakes are on the tape: detach() them", g_wrong({.tracked = true})},
      {"g.fakes_exchanged", "the returned fakes are exchanged: .b is G(a)",
       g_wrong({.fakes_exchanged = true})},
      {"g.real_loss", "losses.real in place of losses.generator", g_wrong({.loss = K::real})},
      {"g.fake_loss", "losses.fake is the discriminators' own loss: the translators would learn to look fake",
       g_wrong({.loss = K::fake})},
      {"g.sums", "sums over the batch: take the mean of each loss", g_wrong({.sums = true})},
      {"g.no_zero_grad", "the gradients of the previous step remain: zero_grad() is missing",
       g_wrong({.zero = false})},
      {"g.zero_late", "zero_grad() comes after the step: " + order,
       g_wrong({.zero = false, .zero_late = true})},
      {"g.step_first", "the step uses the old gradients: " + order, g_wrong({.step_first = true})},
      {"g.no_gradient", "step() finds no gradient: " + order, g_wrong({.backward = false})},
      {"g.no_step", "step() is missing", g_wrong({.steps = 0})},
      {"g.two_steps", "step() is called twice: one optimizer owns both translators", g_wrong({.steps = 2})}};
}

// 12.5: the discriminators' step

struct JudgeKnobs {
  bool pool = true, detach = true, same_fakes = false, pools_exchanged = false, fakes_exchanged = false;
  bool reals_exchanged = false, only_b = false, only_real = false, only_fake = false, again = false;
  bool zero = true, zero_late = false, step_first = false, backward = true, sums = false, translates = false;
  bool swapped = false, generator_loss = false, returned_exchanged = false, draws_twice = false,
       fake_first = false;
  int steps = 1;
  Real factor = 1;
};

Function d_wrong(JudgeKnobs k) {
  const CycleDiscriminatorStep step = [k](const CycleGan& gan, const Tensor& a, const Tensor& b,
                                          const CycleFakes& fakes, const CyclePools& pools,
                                          const GanLosses& losses, const Optimizer& optimizer) {
    const Var given_b = k.translates                   ? gan.to_b(a)
                        : k.fakes_exchanged || k.again ? fakes.a
                                                       : fakes.b,
              given_a = k.translates                        ? gan.to_a(b)
                        : k.fakes_exchanged || k.same_fakes ? fakes.b
                                                            : fakes.a;
    ImagePool &pool_b = k.pools_exchanged ? pools.a : pools.b,
              &pool_a = k.pools_exchanged ? pools.b : pools.a;
    Var fake_b = given_b, fake_a = given_a;
    if (k.draws_twice) pool_b.draw(given_b.value()), pool_a.draw(given_a.value());
    if (k.pool) fake_b = pool_b.draw(given_b.value()), fake_a = pool_a.draw(given_a.value());
    if (k.detach) fake_b = fake_b.detach(), fake_a = fake_a.detach();
    Tape tape;
    const auto of_real = k.swapped ? losses.fake : losses.real;
    const auto of_fake = k.generator_loss ? losses.generator : k.swapped ? losses.real : losses.fake;
    const auto loss_of = [&](const Network& judge, const Tensor& real, const Var& fake) -> Var {
      Var loss = Tensor::zeros({1});
      if (k.fake_first) loss = loss + total_of(of_fake(judge(fake)), k.sums);
      if (!k.only_fake) loss = loss + total_of(of_real(judge(real)), k.sums);
      if (!k.only_real && !k.fake_first) loss = loss + total_of(of_fake(judge(fake)), k.sums);
      return k.factor * loss;
    };
    const Var loss_b = loss_of(gan.discriminator_b, k.reals_exchanged ? a : b, fake_b),
              loss_a = k.only_b ? Var(Tensor::zeros({1}))
                                : loss_of(gan.discriminator_a, k.reals_exchanged ? b : a, fake_a);
    if (k.step_first) optimizer.step();
    if (k.zero) optimizer.zero_grad();
    if (k.backward) tape.backward(loss_b + loss_a);
    for (int i = 0; i < k.steps && !k.step_first; ++i) optimizer.step();
    if (k.zero_late) optimizer.zero_grad();
    if (k.returned_exchanged) return CycleDiscriminatorLoss{loss_a.item(), loss_b.item()};
    return CycleDiscriminatorLoss{loss_b.item(), loss_a.item()};
  };
  return [step](const Tensors& in) { return judge_game(in, step); };
}

std::vector<Mistake> judge_mistakes() {
  return {
      {"d.no_detach",
       "the fakes are on the caller's tape: take them from the pool, as values without history",
       d_wrong({.pool = false, .detach = false})},
      {"d.no_detach",
       "the fakes are on the caller's tape: take them from the pool, as values without history",
       d_wrong({.pool = false, .detach = false, .fake_first = true})},
      {"d.no_pool", "the fakes of this step are used: draw them from the pools", d_wrong({.pool = false})},
      {"d.same_fakes", "both discriminators get translations G(a): D_A gets F(b) from the pool of A",
       d_wrong({.same_fakes = true})},
      {"d.same_fakes", "both discriminators get translations F(b): D_B gets G(a) from the pool of B",
       d_wrong({.again = true})},
      {"d.fakes_exchanged", "the fakes are exchanged: D_B gets G(a), D_A gets F(b)",
       d_wrong({.fakes_exchanged = true})},
      {"d.pools_exchanged", "the pools are exchanged: pools.b holds translations into B",
       d_wrong({.pools_exchanged = true})},
      {"d.draws_twice", "the pools are drawn from twice: one draw per step", d_wrong({.draws_twice = true})},
      {"d.translates", "the translations are computed again: use `fakes`", d_wrong({.translates = true})},
      {"d.reals_exchanged", "the real examples are exchanged: D_B gets b, D_A gets a",
       d_wrong({.reals_exchanged = true})},
      {"d.one_judge", "D_A does not learn: add loss_a", d_wrong({.only_b = true})},
      {"d.only_real", "the fakes do not count", d_wrong({.only_real = true})},
      {"d.only_fake", "the real examples do not count", d_wrong({.only_fake = true})},
      {"d.swapped", "real and fake losses are exchanged", d_wrong({.swapped = true})},
      {"d.generator_loss", "the fakes get the generator's loss: use losses.fake",
       d_wrong({.generator_loss = true})},
      {"d.halved", "half of the sum: both means count fully", d_wrong({.factor = Real(0.5)})},
      {"d.sums", "sums over the batch: take the mean of each", d_wrong({.sums = true})},
      {"d.returned_exchanged", "the returned losses are exchanged: .b is that of D_B",
       d_wrong({.returned_exchanged = true})},
      {"d.no_zero_grad", "the gradients of the previous step remain: zero_grad() is missing",
       d_wrong({.zero = false})},
      {"d.zero_late", "zero_grad() comes after the step: " + order,
       d_wrong({.zero = false, .zero_late = true})},
      {"d.step_first", "the step uses the old gradients: " + order, d_wrong({.step_first = true})},
      {"d.no_gradient", "step() finds no gradient: " + order, d_wrong({.backward = false})},
      {"d.no_step", "step() is missing", d_wrong({.steps = 0})},
      {"d.two_steps", "step() is called twice: one optimizer owns both discriminators",
       d_wrong({.steps = 2})}};
}

const std::string stopped =
    "where it stopped (1: no parameter reaches the loss, 2: step() without gradients, 3: a value of another "
    "tape, "
    "4: a step before backward())";
const std::string called = "number of calls of G, F, D_B, D_A";

Tensors for_translators(Rng& rng, int i, bool identity) {
  const Index B = sizes(i)[0], other = sizes(i)[1];
  return {numbers(rng, {translator_weights}),
          numbers(rng, {translator_weights}),
          numbers(rng, {judge_weights}),
          numbers(rng, {judge_weights}),
          numbers(rng, {2 * B, 2}),
          numbers(rng, {2 * other, 2}),
          Tensor::of({2}, {rng.uniform(2, 8), identity ? rng.uniform(Real(0.5), Real(1.5)) : 0}),
          away_from_zero(rng, {2 * translator_weights}),
          away_from_zero(rng, {2 * judge_weights})};
}

void add_translators(std::vector<Check>& all) {
  const std::vector<std::string> g_inputs = {"G's weights",
                                             "F's weights",
                                             "D_B's weights",
                                             "D_A's weights",
                                             "a",
                                             "b",
                                             "weights of cycle and identity",
                                             "old gradients of G and F",
                                             "old gradients of D_B and D_A"},
                                 g_outputs = {"the six losses of two steps",
                                              "weights of G and F",
                                              "gradients of G and F",
                                              "weights of D_B and D_A",
                                              "gradients of D_B and D_A",
                                              "number of their parameters that are frozen",
                                              "the fakes of B",
                                              "the fakes of A",
                                              "number of fakes on a tape",
                                              stopped,
                                              called};
  all.push_back({.todo = "12.4",
                 .title = "two steps of both translators",
                 .points = 22,
                 .call = "cycle_generator_step",
                 .draw = [](Rng& rng, int i) { return for_translators(rng, i, true); },
                 .mistakes = translator_mistakes(),
                 .inputs = g_inputs,
                 .outputs = g_outputs});
  all.push_back(
      {.todo = "12.4",
       .title = "without the identity loss",
       .points = 8,
       .call = "cycle_generator_step",
       .draw = [](Rng& rng, int i) { return for_translators(rng, i, false); },
       .cases = 3,
       .mistakes = {{"g.identity_always", "the identity translations are computed although their weight is 0",
                     g_wrong({.identity = K::always})}},
       .inputs = g_inputs,
       .outputs = g_outputs});
}

void add_judges(std::vector<Check>& all) {
  all.push_back(
      {.todo = "12.5",
       .title = "three steps of both discriminators",
       .points = 25,
       .call = "cycle_discriminator_step",
       .draw = [](Rng& rng, int i) -> Tensors {
         const Index B = sizes(i)[0], other = sizes(i)[1];
         return {numbers(rng, {translator_weights}),
                 numbers(rng, {translator_weights}),
                 numbers(rng, {judge_weights}),
                 numbers(rng, {judge_weights}),
                 numbers(rng, {3 * B, 2}),
                 numbers(rng, {3 * other, 2}),
                 away_from_zero(rng, {2 * judge_weights})};
       },
       .mistakes = judge_mistakes(),
       .inputs = {"G's weights", "F's weights", "D_B's weights", "D_A's weights", "a", "b",
                  "old gradients of D_B and D_A"},
       .outputs = {"the two losses of three steps", "weights of D_B and D_A", "gradients of D_B and D_A",
                   "weights of G and F", "number of gradients of G and F that are set", "the pool of B",
                   "the pool of A", stopped, called}});
}

}  // namespace

std::vector<Check> cycle_step_checks() {
  std::vector<Check> all;
  add_translators(all);
  add_judges(all);
  return all;
}

}  // namespace gradus::grade
