// Exercise 7: the losses of a GAN.
#include <cmath>

#include "../check.hpp"
#include "../inputs.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::full({1}, static_cast<Real>(value)); }
double softplus(double a) { return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a))); }
double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// What is asked of one logit a, with a label y (1 where there is none). Written as a student writes them:
// some overflow, some lose their digits.
using OfLogit = double (*)(double a, double y);

double real_loss(double a, double y) { return y * softplus(-a) + (1 - y) * softplus(a); }
double real_slope(double a, double y) { return (1 - y) - sigmoid(-a); }
double in_two_steps(double a, double y) {
  const double D = sigmoid(a);
  return -(y * std::log(D) + (1 - y) * std::log(1 - D));
}
double with_epsilon(double a, double y) {
  const double D = sigmoid(a);
  return -(y * std::log(D + 1e-8) + (1 - y) * std::log(1 - D + 1e-8));
}

/// {f of every logit, [B], the logits}: a forward pass. Without a label among the inputs it is 1.
Function loss_of(OfLogit f) {
  return [f](const Tensors& in) -> Tensors {
    Tensor loss({in[0].dim(0)});
    for (Index b = 0; b < loss.size(); ++b)
      loss[b] = static_cast<Real>(f(in[0][b], in.size() > 1 ? double{in[1].item()} : 1));
    return {loss, in[0]};
  };
}
Function mean_of(OfLogit f) {
  return [f](const Tensors& in) -> Tensors {
    const Tensor loss = loss_of(f)(in)[0];
    double sum = 0;
    for (const Real one : loss.values()) sum += one;
    return {number(sum / static_cast<double>(loss.size())), in[0]};
  };
}
/// dloss f, of the logits' shape: a backward pass, dloss the last input.
Function slope_of(OfLogit f, bool without_dloss = false) {
  return [=](const Tensors& in) -> Tensors {
    Tensor d(in[0].shape());
    for (Index b = 0; b < d.size(); ++b)
      d[b] = static_cast<Real>((without_dloss ? 1 : double{in.back()[b]}) *
                               f(in[0][b], in.size() > 2 ? double{in[1].item()} : 1));
    return {d};
  };
}

/// [B] and [B, 1] in turn, of random sign, away from 0 where all these losses meet.
Tensor logits(Rng& rng, int number) {
  constexpr Index counts[] = {2, 3, 5, 7};
  const Index B = counts[number % 4];
  Tensor a = away_from_zero(rng, {B});
  a[0] = -std::abs(a[0]) * 2, a[1] = std::abs(a[1]);
  return number % 2 ? a.reshape({B, 1}) : a;
}
Real label_of(int number) {
  constexpr double labels[] = {1, 0.9, 0.7, 0.8};
  return static_cast<Real>(labels[number % 4]);
}
Tensors with_label(Rng& rng, int i) { return {logits(rng, i), number(label_of(i))}; }
Tensors alone(Rng& rng, int i) { return {logits(rng, i)}; }
Tensors with_dloss(Rng& rng, Tensors in) {
  in.push_back(away_from_zero(rng, {in[0].dim(0)}));
  return in;
}
/// The lesson's logits, log 3 and 0: D is 3/4 and 1/2.
Tensor two_logits() { return Tensor::of({2}, {std::log(Real(3)), 0}); }
Tensor far_logits(Rng& rng) {
  return Tensor::of({4},
                    {-1000, -rng.uniform(Real(750), Real(900)), rng.uniform(Real(750), Real(900)), 1000});
}
/// Where sigmoid(a) rounds to 1 and sigmoid(-a) is not yet 0.
Tensor sure_logits(Rng& rng) { return Tensor::of({3}, {rng.uniform(Real(38), Real(39)), 40, 42}); }

// 7.9: the four losses for D = P(fake), and their gradients

enum Place { real, fake, saturating, non_saturating };
struct Turned {
  double logit, slope;  // the logit that is handed on, and its derivative in the one that came
};
Turned turned(double a, Place) { return {-a, -1}; }
struct GameKnobs {
  double factor = 1;
  bool label = true, exchanged = false;
};
Function game(Turned (*turn)(double a, Place at), GameKnobs knobs = {}) {
  return [=](const Tensors& in) -> Tensors {
    Tensors out;
    for (const Place at : {real, fake, saturating, non_saturating}) {
      const Place place = !knobs.exchanged || at > fake ? at : at == real ? fake : real;
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

using Checks = std::vector<Check>;
const std::vector<std::string> of_label = {"logits", "label"}, of_slope = {"logits", "label", "dloss"};

/// Values: the lesson's two logits, random ones, far ones.
void add_values(Checks& all, const std::string& todo, const std::string& call, std::array<int, 3> points,
                bool label, const std::vector<Mistake>& mistakes, const std::vector<Mistake>& far) {
  const std::vector<std::string> inputs = label ? of_label : std::vector<std::string>{"logits"};
  const std::vector<std::string> outputs = {"loss", "logits, kept for backward"};
  all.push_back({.todo = todo,
                 .title = "the lesson's numbers",
                 .points = points[0],
                 .call = call,
                 .draw =
                     [label](Rng&, int) {
                       Tensors in = {two_logits()};
                       if (label) in.push_back(number(0.9));
                       return in;
                     },
                 .cases = 1,
                 .mistakes = mistakes,
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back({.todo = todo,
                 .title = "random logits",
                 .points = points[1],
                 .call = call,
                 .draw = label ? with_label : alone,
                 .mistakes = mistakes,
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back({.todo = todo,
                 .title = "logits near -1000 and 1000",
                 .points = points[2],
                 .call = call,
                 .draw =
                     [label](Rng& rng, int i) {
                       Tensors in = {far_logits(rng)};
                       if (label) in.push_back(number(i == 0 ? 1 : 0.9));
                       return in;
                     },
                 .cases = 2,
                 .mistakes = far,
                 .inputs = inputs,
                 .outputs = outputs});
}

/// Gradients: random logits, far ones, and logits near 40, where D rounds to 1, if that can go wrong.
void add_slopes(Checks& all, const std::string& todo, const std::string& call, std::array<int, 3> points,
                bool label, const std::vector<Mistake>& mistakes, const std::vector<Mistake>& far,
                const std::vector<Mistake>& sure = {}) {
  const std::vector<std::string> inputs = label ? of_slope : std::vector<std::string>{"logits", "dloss"};
  all.push_back(
      {.todo = todo,
       .title = "gradients at random logits",
       .points = points[0],
       .call = call + ".backward",
       .draw = [label](Rng& rng,
                       int i) { return with_dloss(rng, label ? with_label(rng, i) : alone(rng, i)); },
       .mistakes = mistakes,
       .inputs = inputs,
       .outputs = {"dlogits"},
       .differentiates = call});
  all.push_back({.todo = todo,
                 .title = "gradients near -1000 and 1000",
                 .points = points[1],
                 .call = call + ".backward",
                 .draw =
                     [label](Rng& rng, int i) {
                       Tensors in = {far_logits(rng)};
                       if (label) in.push_back(number(i == 0 ? 1 : 0.9));
                       return with_dloss(rng, in);
                     },
                 .cases = 2,
                 .mistakes = far,
                 .inputs = inputs,
                 .outputs = {"dlogits"}});
  if (sure.empty()) return;
  all.push_back({.todo = todo,
                 .title = "small gradients at logits near 40",
                 .points = points[2],
                 .call = call + ".backward",
                 .draw =
                     [label](Rng& rng, int) {
                       Tensors in = {sure_logits(rng)};
                       if (label) in.push_back(number(1));
                       return with_dloss(rng, in);
                     },
                 .cases = 1,
                 .mistakes = sure,
                 .inputs = inputs,
                 .outputs = {"dlogits"}});
}

}  // namespace

std::vector<Check> checks_07() {
  Checks all;
  const std::string batch_mean =
      "the mean of the batch: one number an example is asked, the caller takes the mean";
  const std::string infinite =
      "log 0 or exp(1000): D has been rounded to 0 or 1 before its logarithm is taken, or exp(logit) "
      "overflows. "
      "Put the logarithm and the sigmoid together on paper";
  const std::string undefined =
      "0 / 0 or infinity / infinity: D rounds to 0 or 1, or exp(logit) overflows. Cancel it on paper";
  const std::string lost =
      "D - 1 is 0 where D rounds to 1, although there is something to learn: which sigmoid is 1 - D?";
  const std::string cubic = "the derivative of the sigmoid, D (1 - D), is multiplied once too often";
  const std::string floor =
      "a small number inside the logarithm cuts the loss off near 18: it must go on growing";
  const std::string no_dloss = "the slope dL/dloss is left out (the chain rule)";
  const std::string probability = "the logit is taken for a probability: D = sigmoid(logit)";
  const std::string twice = "the sigmoid is taken twice: D = sigmoid(logit), once";
  const std::string in_D = "this is the derivative in D: the step from D to the logit is missing";

  // 7.1, 7.2: D at real examples
  add_values(
      all, "7.1", "minimax_real", {3, 8, 3}, true,
      {{"real.no_label", "the label is not used: this is -log D",
        loss_of([](double a, double) { return softplus(-a); })},
       {"real.labels_swapped", "the label weights log(1 - D): it belongs to log D",
        loss_of([](double a, double y) { return real_loss(-a, y); })},
       {"real.half_smoothed", "the term (1 - label) log(1 - D) is missing",
        loss_of([](double a, double y) { return y * softplus(-a); })},
       {"real.sign", "the sign is wrong: this is what D wins, not what it pays",
        loss_of([](double a, double y) { return -real_loss(a, y); })},
       {"real.probability", probability,
        loss_of([](double a, double y) { return -(y * std::log(a) + (1 - y) * std::log(1 - a)); })},
       {"real.double_sigmoid", twice, loss_of([](double a, double y) { return real_loss(sigmoid(a), y); })},
       {"real.batch_mean", batch_mean, mean_of(real_loss)}},
      {{"real.infinite", infinite, loss_of(in_two_steps)}, {"real.epsilon", floor, loss_of(with_epsilon)}});
  add_slopes(all, "7.2", "minimax_real", {8, 3, 3}, true,
             {{"real.grad_no_label", "the label is not used",
               slope_of([](double a, double) { return -sigmoid(-a); })},
              {"real.grad_half_smoothed", "what (1 - label) log(1 - D) adds is missing",
               slope_of([](double a, double y) { return -y * sigmoid(-a); })},
              {"real.grad_sign", "the sign is wrong",
               slope_of([](double a, double y) { return -real_slope(a, y); })},
              {"real.grad_in_D", in_D,
               slope_of([](double a, double y) { return -y / sigmoid(a) + (1 - y) / sigmoid(-a); })},
              {"real.grad_twice", cubic,
               slope_of([](double a, double y) { return real_slope(a, y) * sigmoid(a) * sigmoid(-a); })},
              {"real.grad_ignores_slope", no_dloss, slope_of(real_slope, true)}},
             {{"real.grad_nan", undefined, slope_of([](double a, double y) {
                 const double D = sigmoid(a);
                 return D * (1 - D) * (-y / D + (1 - y) / (1 - D));
               })}},
             {{"real.grad_lost", lost, slope_of([](double a, double y) { return sigmoid(a) - y; })}});

  // 7.3, 7.4: D at generated examples
  add_values(
      all, "7.3", "minimax_fake", {2, 6, 2}, false,
      {{"fake.labels_swapped", "this is -log D, the loss of a real example",
        loss_of([](double a, double) { return softplus(-a); })},
       {"fake.smoothed", "the fakes' label is smoothed, too: only the real side is",
        loss_of([](double a, double) { return real_loss(-a, 0.9); })},
       {"fake.sign", "the sign is wrong: D pays -log(1 - D)",
        loss_of([](double a, double) { return -softplus(a); })},
       {"fake.probability", probability, loss_of([](double a, double) { return -std::log(1 - a); })},
       {"fake.double_sigmoid", twice, loss_of([](double a, double) { return softplus(sigmoid(a)); })},
       {"fake.batch_mean", batch_mean, mean_of([](double a, double) { return softplus(a); })}},
      {{"fake.infinite", infinite, loss_of([](double a, double) { return -std::log(1 - sigmoid(a)); })},
       {"fake.epsilon", floor, loss_of([](double a, double) { return -std::log(1 - sigmoid(a) + 1e-8); })}});
  add_slopes(
      all, "7.4", "minimax_fake", {7, 3}, false,
      {{"fake.grad_swapped", "this is the gradient of -log D, the loss of a real example",
        slope_of([](double a, double) { return -sigmoid(-a); })},
       {"fake.grad_sign", "the sign is wrong", slope_of([](double a, double) { return -sigmoid(a); })},
       {"fake.grad_in_D", in_D, slope_of([](double a, double) { return 1 / sigmoid(-a); })},
       {"fake.grad_twice", cubic,
        slope_of([](double a, double) { return sigmoid(a) * sigmoid(a) * sigmoid(-a); })},
       {"fake.grad_ignores_slope", no_dloss, slope_of([](double a, double) { return sigmoid(a); }, true)}},
      {{"fake.grad_nan", undefined,
        slope_of([](double a, double) { return std::exp(a) / (1 + std::exp(a)); })}});

  // 7.5, 7.6: G as the slide prints it
  add_values(
      all, "7.5", "saturating", {2, 6, 2}, false,
      {{"saturating.not_saturating", "this is -log D, the loss of 7.7",
        loss_of([](double a, double) { return softplus(-a); })},
       {"saturating.sign", "the sign is wrong: this is D's own loss, and G would help D",
        loss_of([](double a, double) { return softplus(a); })},
       {"saturating.other_convention",
        "this is log D, G's line of the slides whose D is P(fake): G would help D",
        loss_of([](double a, double) { return -softplus(-a); })},
       {"saturating.probability", probability, loss_of([](double a, double) { return std::log(1 - a); })},
       {"saturating.double_sigmoid", twice, loss_of([](double a, double) { return -softplus(sigmoid(a)); })}},
      {{"saturating.infinite", infinite, loss_of([](double a, double) { return std::log(1 - sigmoid(a)); })},
       {"saturating.epsilon", floor,
        loss_of([](double a, double) { return std::log(1 - sigmoid(a) + 1e-8); })}});
  add_slopes(all, "7.6", "saturating", {7, 3}, false,
             {{"saturating.grad_not_saturating", "this is the gradient of -log D, the loss of 7.7",
               slope_of([](double a, double) { return -sigmoid(-a); })},
              {"saturating.grad_sign", "the sign is wrong: G would help D",
               slope_of([](double a, double) { return sigmoid(a); })},
              {"saturating.grad_in_D", in_D, slope_of([](double a, double) { return -1 / sigmoid(-a); })},
              {"saturating.grad_twice", cubic,
               slope_of([](double a, double) { return -sigmoid(a) * sigmoid(a) * sigmoid(-a); })},
              {"saturating.grad_ignores_slope", no_dloss,
               slope_of([](double a, double) { return -sigmoid(a); }, true)}},
             {{"saturating.grad_nan", undefined,
               slope_of([](double a, double) { return -std::exp(a) / (1 + std::exp(a)); })}});

  // 7.7, 7.8: G as everybody trains it
  add_values(
      all, "7.7", "non_saturating", {2, 6, 2}, false,
      {{"non_saturating.saturating", "this is log(1 - D), the loss of 7.5",
        loss_of([](double a, double) { return -softplus(a); })},
       {"non_saturating.sign", "the sign is wrong: G would make its examples look false",
        loss_of([](double a, double) { return -softplus(-a); })},
       {"non_saturating.fake_loss",
        "this is D's own loss of a fake: the label is to be REAL, G wants to be believed",
        loss_of([](double a, double) { return softplus(a); })},
       {"non_saturating.probability", probability, loss_of([](double a, double) { return -std::log(a); })},
       {"non_saturating.double_sigmoid", twice,
        loss_of([](double a, double) { return softplus(-sigmoid(a)); })}},
      {{"non_saturating.infinite", infinite, loss_of([](double a, double) { return -std::log(sigmoid(a)); })},
       {"non_saturating.epsilon", floor,
        loss_of([](double a, double) { return -std::log(sigmoid(a) + 1e-8); })}});
  add_slopes(all, "7.8", "non_saturating", {6, 2, 2}, false,
             {{"non_saturating.grad_saturating", "this is the gradient of log(1 - D), the loss of 7.5",
               slope_of([](double a, double) { return -sigmoid(a); })},
              {"non_saturating.grad_sign", "the sign is wrong: G would make its examples look false",
               slope_of([](double a, double) { return sigmoid(-a); })},
              {"non_saturating.grad_in_D", in_D, slope_of([](double a, double) { return -1 / sigmoid(a); })},
              {"non_saturating.grad_twice", cubic,
               slope_of([](double a, double) { return -sigmoid(-a) * sigmoid(a) * sigmoid(-a); })},
              {"non_saturating.grad_ignores_slope", no_dloss,
               slope_of([](double a, double) { return -sigmoid(-a); }, true)}},
             {{"non_saturating.grad_nan", undefined,
               slope_of([](double a, double) { return -std::exp(-a) / (1 + std::exp(-a)); })}},
             {{"non_saturating.grad_lost", lost, slope_of([](double a, double) { return sigmoid(a) - 1; })}});

  // 7.9: the other convention
  all.push_back(
      {.todo = "7.9",
       .title = "all four losses and their gradients",
       .points = 12,
       .call = "p_fake",
       .draw = [](Rng& rng, int i) { return with_dloss(rng, with_label(rng, i)); },
       .mistakes =
           {{"p_fake.as_it_is", "the logit is handed on as it is: that of P(fake) is not that of P(real)",
             game([](double a, Place) {
               return Turned{a, 1};
             })},
            {"p_fake.one_minus",
             "1 - logit: it is the probability that becomes 1 - D, what becomes of the logit?",
             game([](double a, Place) {
               return Turned{1 - a, -1};
             })},
            {"p_fake.one_minus_D", "1 - D is handed on: the functions want a logit, not a probability",
             game([](double a, Place) {
               return Turned{sigmoid(-a), -sigmoid(a) * sigmoid(-a)};
             })},
            {"p_fake.loss_negated", "the loss is negated: it is the logit that changes its sign",
             game(
                 [](double a, Place) {
                   return Turned{a, 1};
                 },
                 {.factor = -1})},
            {"p_fake.mixed",
             "D's losses are translated and G's are not: with lines of two conventions G helps D",
             game([](double a, Place at) {
               return at == saturating || at == non_saturating ? Turned{a, 1} : Turned{-a, -1};
             })},
            {"p_fake.no_label", "the label of the real side is not handed on",
             game(turned, {.label = false})},
            {"p_fake.real_is_fake", "real and fake are exchanged, although the logit has been turned already",
             game(turned, {.exchanged = true})}},
       .inputs = of_slope,
       .outputs = {"real", "its gradient", "fake", "its gradient", "saturating", "its gradient",
                   "non_saturating", "its gradient"}});
  return all;
}

}  // namespace gradus::grade
