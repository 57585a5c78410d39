// The minimax game in closed form: the optimal discriminator, the value of the game, the saturation
// of the generator's loss, and the effect of mixing the definitions of two editions of the slides.
//
// 6.S191 L4, "Training GANs: loss function"; DS542, "Probability Distribution Divergence Measures"
#include <cmath>

#include "5_adversarial/point_gan.hpp"

namespace gradus::lecture {

constexpr Real spacing = Real(0.02);
const double log_2 = std::log(2.0), log_4 = std::log(4.0);

/// N(mean, deviation^2) on the line.
GaussianMixture normal(double mean, double deviation = 1) {
  return {Tensor::of({1, 1}, {static_cast<Real>(mean)}), static_cast<Real>(deviation)};
}

/// Points from low to high, [M, 1].
Tensor grid(double low, double high) {
  Tensor places({static_cast<Index>(std::lround((high - low) / double(spacing))) + 1, 1});
  for (Index i = 0; i < places.size(); ++i)
    places[i] = static_cast<Real>(low + double(spacing) * static_cast<double>(i));
  return places;
}

std::vector<double> numbers(const Tensor& x) { return {x.values().begin(), x.values().end()}; }
Tensor as_row(const Tensor& x) { return x.reshape({1, x.size()}); }

/// Trains a small discriminator between two known distributions p and q; G is fixed.
void train_discriminator(Program& program, const std::string& name, PointNet& discriminator,
                         const GaussianMixture& p, const GaussianMixture& q, Index steps) {
  Rng rng = program.rng.split(name);
  Adam adam(discriminator.parameters(), {.lr = Real(2e-3)});
  Trainer trainer(program.session(), name, {{"discriminator", discriminator}, {"adam", adam}, {"rng", rng}},
                  {.count = steps, .section = steps});
  const Network fakes = [&](const Var& z) { return z; };  // samples of q take the place of generated points
  while (trainer.next()) {
    adam.lr = Real(2e-3) * decay_second_half(trainer.progress());
    const Tensor x = p.sample(256, rng), g = q.sample(256, rng);
    trainer.report(
        {{"D", discriminator_step(std::ref(discriminator), fakes, x, g, minimax_losses(), adam).loss}});
  }
}

/// Compares D learned from samples with D = p / (p + q).
void best_answer(Program& program) {
  const GaussianMixture p = normal(-1, 0.7), q = normal(1, 1);
  Rng init = program.rng.split("best");
  PointNet net(init, {1, 64, 64, 1}, leaky);
  train_discriminator(program, "best_answer", net, p, q, program.pick<Index>(2500, 10000, 20));
  const Tensor x = grid(-4, 4), density_p = p.density(x), density_q = q.density(x);
  const Tensor best = optimal_discriminator(as_row(density_p), as_row(density_q)),
               learned = probability_of_real(net, x);
  double error = 0;  // weighted by the density of the points
  for (Index i = 0; i < x.size(); ++i)
    error += 0.5 * double(spacing) * (density_p[i] + density_q[i]) * std::abs(learned[i] - best[i]);
  program.figure("optimal_d_error", error);
  program.plot("optimal_discriminator",
               Plot("The optimal discriminator")
                   .x("x")
                   .y("probability, density")
                   .y_range(0, 1.25)
                   .line("p: real", numbers(x), numbers(density_p))
                   .line("q: generated", numbers(x), numbers(density_q))
                   .line("D, learned from samples", numbers(x), numbers(learned))
                   .reference("p / (p + q)", numbers(x), numbers(best)),
               "D is above 1/2 where p is above q; far from both it is extrapolated");
}

/// Two distributions on four points: the value of the game is 2 JS - log 4 in both conventions.
void value(Program& program) {
  const Tensor p = Tensor::of({1, 4}, {.5, .3, .2, 0}), q = Tensor::of({1, 4}, {.1, .2, .3, .4});
  const Tensor p_real = optimal_discriminator(p, q), p_fake = optimal_discriminator(q, p);
  const double v_real = game_value(p, q, p_real).item(), v_fake = game_value(q, p, p_fake).item();
  const double js = js_divergence(p, q).item(), identity = 2 * js - log_4;
  program.say("p = (.5 .3 .2 0), q = (.1 .2 .3 .4)");
  program.say(text("D = P(real), 2020:        max_D E_p log D + E_q log(1 - D) = ", v_real));
  program.say(text("D = P(fake), 2025, 2026:  max_D E_q log D + E_p log(1 - D) = ", v_fake));
  program.say(text("2 JS - log 4 = 2 * ", js, " - 1.3863 = ", identity));
  program.figure("value_p_real", v_real);
  program.figure("value_p_fake", v_fake);
  program.figure("value_identity_error", std::max(std::abs(v_real - identity), std::abs(v_fake - identity)));
}

/// The means of D(G(z)) and G(z) after 40 steps of G with the given losses against a trained, fixed D.
struct Pull {
  double believed, mean;
};
Pull pull(Program& program, const std::string& name, PointNet& discriminator, const GanLosses& losses) {
  Rng rng = program.rng.split("generator");  // the same initial weights every time
  PointNet generator(rng, {1, 32, 32, 1}, leaky);
  Adam adam(generator.parameters(), {.beta1 = Real(0.5)});
  Trainer trainer(program.session(), name, {{"generator", generator}, {"adam", adam}, {"rng", rng}},
                  {.count = 40, .section = 40});
  while (trainer.next())
    generator_step(std::ref(discriminator), discriminator, std::ref(generator), Tensor::randn({256, 1}, rng),
                   losses, adam);
  const Tensor fakes = generator(Tensor::randn({4096, 1}, rng)).value();
  return {mean(probability_of_real(discriminator, fakes)).item(), mean(fakes).item()};
}

/// Combines D's loss of one edition with G's loss of the other: G helps D.
void mixed_editions(Program& program) {
  Rng init = program.rng.split("discriminator");
  PointNet discriminator(init, {1, 32, 32, 1}, leaky);
  train_discriminator(program, "discriminator_standing_still", discriminator, normal(2, 0.5), normal(0, 0.5),
                      program.pick<Index>(150, 150, 10));
  GanLosses mixed = minimax_losses();
  mixed.generator = p_fake::saturating_generator_loss;  // min E log D, but D is P(real) here
  const Pull right = pull(program, "right", discriminator, minimax_losses()),
             used = pull(program, "non_saturating", discriminator, non_saturating_losses()),
             wrong = pull(program, "mixed", discriminator, mixed);
  program.say("D has learned P(real) for real points around 2; 40 steps of G from points around 0, D fixed:");
  program.say(text("  min E log(1 - D), the same edition's:    G's points at ", right.mean,
                   ", D(G(z)) = ", right.believed));
  program.say(text("  min E -log D, non-saturating:            G's points at ", used.mean,
                   ", D(G(z)) = ", used.believed));
  program.say(text("  min E log D, the other edition's:        G's points at ", wrong.mean,
                   ", D(G(z)) = ", wrong.believed));
  program.figure("believed_one_edition", right.believed);
  program.figure("believed_non_saturating", used.believed);
  program.figure("believed_mixed_editions", wrong.believed);
}

/// The absolute gradient of G's loss with respect to the logit of a generated point.
void saturation(Program& program) {
  std::vector<double> logits, saturating, used;
  for (double a = -8; a <= 8.001; a += 0.1) logits.push_back(a);
  Parameter a(Tensor({static_cast<Index>(logits.size())}));
  for (Index i = 0; i < a.value.size(); ++i)
    a.value[i] = static_cast<Real>(logits[static_cast<std::size_t>(i)]);
  for (const bool saturates : {true, false}) {
    a.grad = Tensor();
    Tape tape;
    tape.backward(sum(saturates ? saturating_generator_loss(a) : non_saturating_generator_loss(a)));
    for (const Real g : a.grad.values()) (saturates ? saturating : used).push_back(std::abs(g));
  }
  program.figure("saturating_gradient_at_minus_6", saturating[20]);
  program.figure("non_saturating_gradient_at_minus_6", used[20]);
  program.plot("saturation",
               Plot("Gradient of two generator losses")
                   .x("logit of a generated point: left D is confident that it is fake, right D is fooled")
                   .y("|d loss / d logit|")
                   .y_range(0, 1.19)
                   .line("log(1 - D), the slide's (saturating)", logits, saturating)
                   .line("-log D (non-saturating)", logits, used)
                   .reference("", {0, 0}, {0, 1.05}),
               "G starts on the left: there the slide's loss has almost no gradient, while the "
               "non-saturating loss has a gradient near 1");
}

/// (V + log 4) / 2 for N(0, 1) against N(d, 1), by integration,
/// with a discriminator trained for `steps` steps.
struct Estimate {
  double js, d_loss, g_loss;
};
Estimate estimate(Program& program, int d, Index steps) {
  Rng init = program.rng.split("estimate").split(static_cast<std::uint64_t>(d));
  PointNet net(init, {1, 64, 64, 1}, leaky);
  const GaussianMixture p = normal(0), q = normal(d);
  train_discriminator(program, text("distance_", d, "_steps_", steps), net, p, q, steps);
  const Tensor x = grid(-6, 12), density_p = p.density(x), density_q = q.density(x);
  const Var logits = net(x);
  const double d_loss = double(spacing) * (sum(density_p * minimax_real_loss(logits)).item() +
                                           sum(density_q * minimax_fake_loss(logits)).item());
  const double g_loss = double(spacing) * sum(density_q * non_saturating_generator_loss(logits)).item();
  return {0.5 * (log_4 - d_loss), d_loss, g_loss};
}

void from_below(Program& program) {
  std::vector<double> distances, js, kl, w1;
  Rng rng = program.rng.split("w1");
  const Tensor x = grid(-6, 12), p = as_row(normal(0).density(x)), samples = normal(0).sample(20000, rng);
  for (double d = 0; d <= 6; d += 0.25) {
    const Tensor q = as_row(normal(d).density(x));
    distances.push_back(d);
    js.push_back(js_divergence(p, q, spacing).item());
    kl.push_back(kl_divergence(p, q, spacing).item());
    w1.push_back(wasserstein1(samples, normal(d).sample(20000, rng)));
  }
  const Index few = program.pick<Index>(30, 30, 5), many = program.pick<Index>(2000, 8000, 10);
  std::vector<double> whole, early, late;
  double excess = -1;
  for (int d = 0; d <= 6; ++d) {
    const Estimate learned = estimate(program, d, many);
    const double exact = js[4 * whole.size()];
    whole.push_back(d);
    early.push_back(estimate(program, d, few).js);
    late.push_back(learned.js);
    excess = std::max({excess, late.back() - exact, early.back() - exact});
    if (d == 0) {  // p = q: the distributions cannot be separated
      program.figure("d_loss_at_optimum", learned.d_loss);
      program.figure("g_loss_at_optimum", learned.g_loss);
    }
  }
  program.figure("js_at_2", js[8]);
  program.figure("learned_js_at_2", late[2]);
  program.figure("js_at_6", js.back());
  program.figure("largest_excess_over_js", excess);
  program.plot("from_below",
               Plot("Lower bounds of JS between N(0, 1) and N(d, 1)")
                   .x("distance d")
                   .y("nats (W1: units of x)")
                   .y_range(0, 2)
                   .line("KL = d^2 / 2", distances, kl)
                   .line("W1 = d", distances, w1)
                   .line("JS", distances, js)
                   .scatter(text("(V + log 4) / 2 after ", few, " steps of D"), whole, early)
                   .crosses(text("after ", many, " steps"), whole, late)
                   .reference("log 2", {0, 6}, {log_2, log_2}),
               "Any D gives a lower bound of JS. JS flattens at log 2, so distributions far apart give G no "
               "gradient; KL and W1 keep growing");
}

void lesson(Program& program) {
  program.dataset("Known distributions, no data.");
  value(program);
  best_answer(program);
  saturation(program);
  mixed_editions(program);
  from_below(program);
  program.headline(text(
      "value ", program.figure("value_p_real"), " = 2 JS - log 4 in both conventions; D's loss ",
      program.figure("d_loss_at_optimum"), " at the optimum; G with the other edition's loss: D(G(z)) = ",
      program.figure("believed_mixed_editions"), " instead of ", program.figure("believed_one_edition")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "23_minimax",
       .title = "The minimax game with an optimal discriminator",
       .slide = "6.S191 L4, \"Training GANs: loss function\"",
       .look =
           "The learned D agrees with p / (p + q). The slide's loss for G has almost no gradient on the "
           "left, where G starts; the non-saturating loss has one. The crosses stay on or below JS, which "
           "flattens at log 2 while W1 keeps growing. Mixing the lines of two editions makes G help D."},
      lesson);
}
