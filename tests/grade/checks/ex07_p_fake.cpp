// Exercise 7, the other convention (7.9).
#include "ex07.hpp"

namespace gradus::grade {
namespace {

// 7.9: the four losses for D = P(fake), and their gradients

enum Place { real, fake, saturating, non_saturating };
struct Turned {
  double logit, slope;  // the logit that is passed on, and its derivative with respect to the input logit
};
Turned turned(double a, Place) { return {-a, -1}; }
struct GameKnobs {
  double factor = 1;
  bool label = true, exchanged = false, g_exchanged = false;
};
Function game(Turned (*turn)(double a, Place at), GameKnobs knobs = {}) {
  return [=](const Tensors& in) -> Tensors {
    Tensors out;
    for (const Place at : {real, fake, saturating, non_saturating}) {
      Place place = at;
      if (knobs.exchanged && at <= fake) place = at == real ? fake : real;
      if (knobs.g_exchanged && at > fake) place = at == saturating ? non_saturating : saturating;
      const double y = knobs.label && at == real ? double{in[1].item()} : 1;
      Tensor loss({in[0].dim(0)}), slope(in[0].shape());
      for (Index b = 0; b < loss.size(); ++b) {
        const auto [a, da] = turn(in[0][b], at);
        const double value = place == real         ? real_loss(a, y)
                             : place == fake       ? softplus(a)
                             : place == saturating ? -softplus(a)
                                                   : softplus(-a);
        const double grad = place == real         ? real_slope(a, y)
                            : place == fake       ? sigmoid(a)
                            : place == saturating ? -sigmoid(a)
                                                  : -sigmoid(-a);
        loss[b] = static_cast<Real>(knobs.factor * value);
        slope[b] = static_cast<Real>(in[2][b] * knobs.factor * grad * da);
      }
      out.push_back(loss);
      out.push_back(slope);
    }
    return out;
  };
}

}  // namespace

std::vector<Check> p_fake_checks() {
  std::vector<Check> all;
  all.push_back(
      {.todo = "7.9",
       .title = "all four losses and their gradients",
       .points = 12,
       .call = "p_fake",
       .draw = [](Rng& rng, int i) { return with_dloss(rng, with_label(rng, i)); },
       .mistakes =
           {{"p_fake.as_it_is",
             "the logit is passed on unchanged: the logit of P(fake) is not that of P(real)",
             game([](double a, Place) {
               return Turned{a, 1};
             })},
            {"p_fake.one_minus", "1 - logit: the probability becomes 1 - D, but what does the logit become?",
             game([](double a, Place) {
               return Turned{1 - a, -1};
             })},
            {"p_fake.one_minus_D", "1 - D is passed on: the functions take a logit, not a probability",
             game([](double a, Place) {
               return Turned{sigmoid(-a), -sigmoid(a) * sigmoid(-a)};
             })},
            {"p_fake.loss_negated", "the loss is negated: the logit must change its sign",
             game(
                 [](double a, Place) {
                   return Turned{a, 1};
                 },
                 {.factor = -1})},
            {"p_fake.mixed", "D's losses are converted and G's are not: with two conventions G helps D",
             game([](double a, Place at) {
               return at == saturating || at == non_saturating ? Turned{a, 1} : Turned{-a, -1};
             })},
            {"p_fake.only_real", "only the logit of real examples is negated: negate all four",
             game([](double a, Place at) {
               return at == real ? Turned{-a, -1} : Turned{a, 1};
             })},
            {"p_fake.g_exchanged", "G's two losses are exchanged", game(turned, {.g_exchanged = true})},
            {"p_fake.no_label", "the label of the real side is not passed on",
             game(turned, {.label = false})},
            {"p_fake.real_is_fake", "real and fake are exchanged, although the logit is already negated",
             game(turned, {.exchanged = true})}},
       .inputs = {"logits", "label", "dloss"},
       .outputs = {"real", "its gradient", "fake", "its gradient", "saturating", "its gradient",
                   "non_saturating", "its gradient"}});
  return all;
}

}  // namespace gradus::grade
