// Exercise 7: the losses of a GAN. The other convention is in ex07_p_fake.cpp.
#include <algorithm>
#include <cmath>

#include "ex07.hpp"
#include "gradus/base/check.hpp"

namespace gradus::grade {
namespace {

// Functions of one logit a with a label y (1 if there is none). They are written the way students write them:
// some overflow, some lose their digits.
using OfLogit = std::function<double(double a, double y)>;

double softplus_of(double a, double) { return softplus(a); }
double minus_softplus_of(double a, double) { return -softplus(a); }
double softplus_of_minus(double a, double) { return softplus(-a); }
double in_two_steps(double a, double y) {
  const double D = sigmoid(a);
  return -(y * std::log(D) + (1 - y) * std::log(1 - D));
}
/// {f of every logit, [B], the logits}: a forward pass. Without a label input the label is 1.
Function loss_of(OfLogit f) {
  return [f](const Tensors& in) -> Tensors {
    Tensor loss({in[0].dim(0)});
    for (Index b = 0; b < loss.size(); ++b)
      loss[b] = static_cast<Real>(f(in[0][b], in.size() > 1 ? double{in[1].item()} : 1));
    return {loss, in[0]};
  };
}
/// One number for the batch: the sum of f, or its mean.
Function one_of(OfLogit f, bool mean) {
  return [=](const Tensors& in) -> Tensors {
    const Tensor loss = loss_of(f)(in)[0];
    double sum = 0;
    for (const Real one : loss.values()) sum += one;
    return {number(mean ? sum / static_cast<double>(loss.size()) : sum), in[0]};
  };
}
/// These mistakes, plus the mean and the sum of f over the batch.
std::vector<Mistake> with_batch(const std::string& loss, const OfLogit& f, std::vector<Mistake> all) {
  all.push_back({loss + ".batch_mean",
                 "the mean of the batch: return one number per example, the caller takes the mean",
                 one_of(f, true)});
  all.push_back({loss + ".batch_sum",
                 "the sum over the batch: return one number per example, the caller takes the mean",
                 one_of(f, false)});
  return all;
}
/// Mistakes visible far from 0: computations of f that overflow, and an f that stops growing.
/// The point where it stops depends on the chosen constant: 1e-8 in the logarithm,
/// and a D between 1e-8 and 1 - 1e-8, correspond to logits between -18.4 and 18.4.
std::vector<Mistake> far_from_zero(const std::string& loss, const OfLogit& f,
                                   const std::vector<OfLogit>& overflowing) {
  std::vector<Mistake> all;
  for (const OfLogit& one : overflowing)
    all.push_back({loss + ".infinite",
                   "log 0 or exp(1000): D is rounded to 0 or 1 before its logarithm is taken, or exp(logit) "
                   "overflows. Combine the logarithm and the sigmoid on paper first",
                   loss_of(one)});
  const auto cut_off = [&](double at) {
    all.push_back(
        {loss + ".epsilon",
         text("the loss is clamped near ", at,
              " (a small number in the logarithm, or limits for D or the logit): it must go on growing"),
         loss_of([=](double a, double y) { return f(std::clamp(a, -at, at), y); })});
  };
  for (const int digits : {3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 20, 30}) cut_off(digits * std::log(10.0));
  for (const int limit : {10, 15, 20, 30, 40, 50, 80, 88, 100, 500, 700}) cut_off(limit);
  return all;
}
/// dloss f, of the logits' shape: a backward pass; dloss is the last input.
Function slope_of(OfLogit f, bool without_dloss = false) {
  return [=](const Tensors& in) -> Tensors {
    Tensor d(in[0].shape());
    for (Index b = 0; b < d.size(); ++b)
      d[b] = static_cast<Real>((without_dloss ? 1 : double{in.back()[b]}) *
                               f(in[0][b], in.size() > 2 ? double{in[1].item()} : 1));
    return {d};
  };
}

Tensors alone(Rng& rng, int i) { return {logits(rng, i)}; }
/// The lesson's logits, log 3 and 0: D is 3/4 and 1/2.
Tensor two_logits() { return Tensor::of({2}, {std::log(Real(3)), 0}); }
Tensor far_logits(Rng& rng) {
  return Tensor::of({4},
                    {-1000, -rng.uniform(Real(750), Real(900)), rng.uniform(Real(750), Real(900)), 1000});
}
/// Logits where sigmoid(a) rounds to 1 and sigmoid(-a) is not yet 0.
Tensor sure_logits(Rng& rng) { return Tensor::of({3}, {rng.uniform(Real(38), Real(39)), 40, 42}); }
/// A dloss large enough to compensate: with gradients of 1e-17 all answers would look like 0.
Tensors with_large_dloss(Rng& rng, Tensors in) {
  in = with_dloss(rng, in);
  for (Real& value : in.back().values()) value *= Real(1e17);
  return in;
}

using Checks = std::vector<Check>;
const std::vector<std::string> of_label = {"logits", "label"}, of_slope = {"logits", "label", "dloss"};

/// Value checks: the lesson's two logits, random logits, extreme logits.
void add_values(Checks& all, const std::string& todo, const std::string& call, std::array<int, 3> points,
                bool label, const std::vector<Mistake>& mistakes, const std::vector<Mistake>& far) {
  const std::vector<std::string> inputs = label ? of_label : std::vector<std::string>{"logits"};
  const std::vector<std::string> outputs = {"loss", "logits, saved for backward"};
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

/// Gradient checks: random logits, extreme logits, and if relevant logits near 40, where D rounds to 1.
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
                       return with_large_dloss(rng, in);
                     },
                 .cases = 1,
                 .mistakes = sure,
                 .inputs = inputs,
                 .outputs = {"dlogits"}});
}

// sentences of several mistakes
const std::string undefined =
    "0 / 0 or infinity / infinity: D rounds to 0 or 1, or exp(logit) overflows. Cancel it on paper";
const std::string lost =
    "D - 1 is 0 where D rounds to 1, although the gradient is not 0: which sigmoid is 1 - D?";
const std::string cubic = "the derivative of the sigmoid, D (1 - D), is a factor too many";
const std::string no_dloss = "the factor dL/dloss is missing (the chain rule)";
const std::string probability = "the logit is used as a probability: D = sigmoid(logit)";
const std::string twice = "the sigmoid is applied twice: D = sigmoid(logit)";
const std::string of_D = "this is the derivative of D itself, D (1 - D): that of the logarithm is missing";
const std::string in_D = "this is the derivative with respect to D: the step from D to the logit is missing";

/// 7.1, 7.2: D at real examples
void add_real(Checks& all) {
  add_values(
      all, "7.1", "minimax_real", {3, 8, 3}, true,
      with_batch("real", real_loss,
                 {{"real.no_label", "the label is not used: this is -log D",
                   loss_of([](double a, double) { return softplus(-a); })},
                  {"real.labels_swapped", "the label weights log(1 - D): it belongs to log D",
                   loss_of([](double a, double y) { return real_loss(-a, y); })},
                  {"real.half_smoothed", "the term (1 - label) log(1 - D) is missing",
                   loss_of([](double a, double y) { return y * softplus(-a); })},
                  {"real.sign", "the sign is wrong: this is D's objective to maximise, not its loss",
                   loss_of([](double a, double y) { return -real_loss(a, y); })},
                  {"real.probability", probability, loss_of([](double a, double y) {
                     return -(y * std::log(a) + (1 - y) * std::log(1 - a));
                   })},
                  {"real.second_sign",
                   "the term (1 - label) log(1 - D) has the wrong sign: both logarithms are negative",
                   loss_of([](double a, double y) { return y * softplus(-a) - (1 - y) * softplus(a); })},
                  {"real.label_on_both",
                   "both terms are weighted by the label: the weight of the second is 1 - label",
                   loss_of([](double a, double y) { return y * (softplus(-a) + softplus(a)); })},
                  {"real.whole_label", "the label is truncated to an integer: it is a Real",
                   loss_of([](double a, double y) { return real_loss(a, std::floor(y)); })},
                  {"real.squares", "this is the squared difference of D and the label: use the logarithms",
                   loss_of([](double a, double y) { return (sigmoid(a) - y) * (sigmoid(a) - y); })},
                  {"real.double_sigmoid", twice,
                   loss_of([](double a, double y) { return real_loss(sigmoid(a), y); })}}),
      far_from_zero("real", real_loss, {in_two_steps, [](double a, double y) {
                                          return std::log(1 + std::exp(-a)) + (1 - y) * a;
                                        }}));
  add_slopes(all, "7.2", "minimax_real", {8, 3, 3}, true,
             {{"real.grad_labels_swapped", "label and 1 - label are exchanged",
               slope_of([](double a, double y) { return y - sigmoid(-a); })},
              {"real.grad_of_fake", "this is the gradient of -log(1 - D), the loss of a fake",
               slope_of([](double a, double) { return sigmoid(a); })},
              {"real.grad_second_sign", "the contribution of (1 - label) log(1 - D) has the wrong sign",
               slope_of([](double a, double y) { return -y * sigmoid(-a) - (1 - y) * sigmoid(a); })},
              {"real.grad_of_D", of_D, slope_of([](double a, double) { return sigmoid(a) * sigmoid(-a); })},
              {"real.grad_no_label", "the label is not used",
               slope_of([](double a, double) { return -sigmoid(-a); })},
              {"real.grad_half_smoothed", "the contribution of (1 - label) log(1 - D) is missing",
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
               })},
              {"real.grad_nan", undefined,
               slope_of([](double a, double y) { return (1 - y) - std::exp(-a) / (1 + std::exp(-a)); })}},
             {{"real.grad_lost", lost, slope_of([](double a, double y) { return sigmoid(a) - y; })}});
}

/// 7.3, 7.4: D at generated examples
void add_fake(Checks& all) {
  add_values(
      all, "7.3", "minimax_fake", {2, 6, 2}, false,
      with_batch(
          "fake", softplus_of,
          {{"fake.labels_swapped", "this is -log D, the loss of a real example",
            loss_of([](double a, double) { return softplus(-a); })},
           {"fake.smoothed", "the fakes' label is smoothed as well: smooth only the real label",
            loss_of([](double a, double) { return real_loss(-a, 0.9); })},
           {"fake.sign", "the sign is wrong: D's loss is -log(1 - D)",
            loss_of([](double a, double) { return -softplus(a); })},
           {"fake.probability", probability, loss_of([](double a, double) { return -std::log(1 - a); })},
           {"fake.double_sigmoid", twice, loss_of([](double a, double) { return softplus(sigmoid(a)); })}}),
      far_from_zero("fake", softplus_of,
                    {[](double a, double) { return -std::log(1 - sigmoid(a)); },
                     [](double a, double) { return a - std::log(sigmoid(a)); }}));
  add_slopes(
      all, "7.4", "minimax_fake", {7, 3}, false,
      {{"fake.grad_swapped", "this is the gradient of -log D, the loss of a real example",
        slope_of([](double a, double) { return -sigmoid(-a); })},
       {"fake.grad_sign", "the sign is wrong", slope_of([](double a, double) { return -sigmoid(a); })},
       {"fake.grad_in_D", in_D, slope_of([](double a, double) { return 1 / sigmoid(-a); })},
       {"fake.grad_one_minus_D", "1 - D is used in place of D",
        slope_of([](double a, double) { return sigmoid(-a); })},
       {"fake.grad_of_D", of_D, slope_of([](double a, double) { return sigmoid(a) * sigmoid(-a); })},
       {"fake.grad_twice", cubic,
        slope_of([](double a, double) { return sigmoid(a) * sigmoid(a) * sigmoid(-a); })},
       {"fake.grad_ignores_slope", no_dloss, slope_of([](double a, double) { return sigmoid(a); }, true)}},
      {{"fake.grad_nan", undefined,
        slope_of([](double a, double) { return std::exp(a) / (1 + std::exp(a)); })}});
}

/// 7.5, 7.6: G's loss as printed on the slide
void add_saturating(Checks& all) {
  add_values(all, "7.5", "saturating", {2, 6, 2}, false,
             with_batch("saturating", minus_softplus_of,
                        {{"saturating.not_saturating", "this is -log D, the loss of 7.7",
                          loss_of([](double a, double) { return softplus(-a); })},
                         {"saturating.sign", "the sign is wrong: this is D's own loss, and G would help D",
                          loss_of([](double a, double) { return softplus(a); })},
                         {"saturating.other_convention",
                          "this is log D, G's line of the slides whose D is P(fake): G would help D",
                          loss_of([](double a, double) { return -softplus(-a); })},
                         {"saturating.probability", probability,
                          loss_of([](double a, double) { return std::log(1 - a); })},
                         {"saturating.double_sigmoid", twice,
                          loss_of([](double a, double) { return -softplus(sigmoid(a)); })}}),
             far_from_zero("saturating", minus_softplus_of,
                           {[](double a, double) { return std::log(1 - sigmoid(a)); },
                            [](double a, double) { return std::log(sigmoid(a)) - a; }}));
  add_slopes(
      all, "7.6", "saturating", {7, 3}, false,
      {{"saturating.grad_not_saturating", "this is the gradient of -log D, the loss of 7.7",
        slope_of([](double a, double) { return -sigmoid(-a); })},
       {"saturating.grad_sign", "the sign is wrong: G would help D",
        slope_of([](double a, double) { return sigmoid(a); })},
       {"saturating.grad_in_D", in_D, slope_of([](double a, double) { return -1 / sigmoid(-a); })},
       {"saturating.grad_one_minus_D", "1 - D is used in place of -D",
        slope_of([](double a, double) { return sigmoid(-a); })},
       {"saturating.grad_of_D", of_D, slope_of([](double a, double) { return -sigmoid(a) * sigmoid(-a); })},
       {"saturating.grad_twice", cubic,
        slope_of([](double a, double) { return -sigmoid(a) * sigmoid(a) * sigmoid(-a); })},
       {"saturating.grad_ignores_slope", no_dloss,
        slope_of([](double a, double) { return -sigmoid(a); }, true)}},
      {{"saturating.grad_nan", undefined,
        slope_of([](double a, double) { return -std::exp(a) / (1 + std::exp(a)); })}});
}

/// 7.7, 7.8: G's loss as commonly used in training
void add_non_saturating(Checks& all) {
  add_values(
      all, "7.7", "non_saturating", {2, 6, 2}, false,
      with_batch("non_saturating", softplus_of_minus,
                 {{"non_saturating.saturating", "this is log(1 - D), the loss of 7.5",
                   loss_of([](double a, double) { return -softplus(a); })},
                  {"non_saturating.sign", "the sign is wrong: G would make its examples look fake",
                   loss_of([](double a, double) { return -softplus(-a); })},
                  {"non_saturating.fake_loss", "this is D's own loss of a fake: G needs the label REAL",
                   loss_of([](double a, double) { return softplus(a); })},
                  {"non_saturating.probability", probability,
                   loss_of([](double a, double) { return -std::log(a); })},
                  {"non_saturating.double_sigmoid", twice,
                   loss_of([](double a, double) { return softplus(-sigmoid(a)); })}}),
      far_from_zero("non_saturating", softplus_of_minus,
                    {[](double a, double) { return -std::log(sigmoid(a)); },
                     [](double a, double) { return -a - std::log(1 - sigmoid(a)); }}));
  add_slopes(all, "7.8", "non_saturating", {6, 2, 2}, false,
             {{"non_saturating.grad_saturating", "this is the gradient of log(1 - D), the loss of 7.5",
               slope_of([](double a, double) { return -sigmoid(a); })},
              {"non_saturating.grad_sign", "the sign is wrong: G would make its examples look fake",
               slope_of([](double a, double) { return sigmoid(-a); })},
              {"non_saturating.grad_in_D", in_D, slope_of([](double a, double) { return -1 / sigmoid(a); })},
              {"non_saturating.grad_fake_loss", "this is the gradient of D's own loss of a fake",
               slope_of([](double a, double) { return sigmoid(a); })},
              {"non_saturating.grad_of_D", of_D,
               slope_of([](double a, double) { return -sigmoid(a) * sigmoid(-a); })},
              {"non_saturating.grad_twice", cubic,
               slope_of([](double a, double) { return -sigmoid(-a) * sigmoid(a) * sigmoid(-a); })},
              {"non_saturating.grad_ignores_slope", no_dloss,
               slope_of([](double a, double) { return -sigmoid(-a); }, true)}},
             {{"non_saturating.grad_nan", undefined,
               slope_of([](double a, double) { return -std::exp(-a) / (1 + std::exp(-a)); })}},
             {{"non_saturating.grad_lost", lost, slope_of([](double a, double) { return sigmoid(a) - 1; })}});
}

}  // namespace

std::vector<Check> checks_07() {
  Checks all;
  add_real(all);
  add_fake(all);
  add_saturating(all);
  add_non_saturating(all);
  for (Check& check : p_fake_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
