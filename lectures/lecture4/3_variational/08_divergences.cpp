// Divergences between distributions: KL is not symmetric, JS is bounded,
// and the slide's KL to the prior has a wrong sign.
//
// DS542, "Probability Distribution Divergence Measures" (C.28, C.30);
// 6.S191 L4, "Priors on the latent distribution"
#include <cmath>
#include <numbers>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// The density of N(mean, deviation^2) on a grid, as one row.
Tensor normal_on(const std::vector<double>& grid, double mean, double deviation) {
  Tensor row({1, static_cast<Index>(grid.size())});
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const double t = (grid[i] - mean) / deviation;
    row[static_cast<Index>(i)] =
        static_cast<Real>(std::exp(-0.5 * t * t) / (deviation * std::sqrt(2 * std::numbers::pi)));
  }
  return row;
}

std::vector<double> grid_of(double low, double high, double spacing) {
  std::vector<double> grid;
  for (double x = low; x <= high; x += spacing) grid.push_back(x);
  return grid;
}

/// The slide's KL( N(mu, s^2) || N(0, 1) ) as printed, corrected, and estimated from two million samples.
void printed_formula(Program& program) {
  const Real mu = Real(0.7), s = Real(0.3);
  Tensor z = Tensor::randn({2000000}, program.rng, mu, s);
  double sum = 0;
  for (const Real v : z.values())
    sum += -0.5 * std::pow((double(v) - mu) / s, 2) - std::log(double(s)) + 0.5 * double(v) * v;
  const double sampled = sum / static_cast<double>(z.size());
  const double right = gaussian_kl(Tensor::of({1, 1}, {mu}), Tensor::of({1, 1}, {2 * std::log(s)})).item();
  const double printed = -0.5 * (s + mu * mu - 1 - std::log(s)), sign_only = -printed;
  program.say(text("KL( N(.7, .3^2) || N(0, 1) ):  sampled ", sampled, "   formula ", right, "   as printed ",
                   printed, "   sign corrected, sigma still instead of sigma^2 ", sign_only));
  program.figure("kl_sampled", sampled);
  program.figure("kl_formula", right);
  program.figure("kl_as_printed", printed);
}

/// Fits one Gaussian to a mixture of two, with the gradient of kl_divergence:
/// KL(p||q) covers both modes, KL(q||p) selects one.
void asymmetry(Program& program) {
  const double spacing = 0.02;
  const std::vector<double> grid = grid_of(-6, 6, spacing);
  Tensor p({1, static_cast<Index>(grid.size())});
  const Tensor left = normal_on(grid, -2, 0.6), right = normal_on(grid, 2, 0.6);
  for (Index i = 0; i < p.size(); ++i) p[i] = Real(0.45) * left[i] + Real(0.55) * right[i] + Real(1e-12);
  Tensor x({static_cast<Index>(grid.size()), 1});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<Real>(grid[static_cast<std::size_t>(i)]);

  Plot plot("One Gaussian fitted to two modes");
  plot.x("x").y("density").reference("p", grid, {p.values().begin(), p.values().end()});
  for (const bool forward : {true, false}) {
    Parameter mean_of(Tensor::full({1}, 1)), log_s(Tensor::full({1}, Real(-0.5)));
    Adam adam({&mean_of, &log_s}, {.lr = Real(0.02)});
    Tensor fitted;
    for (int step = 0; step < 1000; ++step)
      descend(adam, [&] {
        const Var t = multiply_scalar(add_scalar(x, -Var(mean_of)), exp(-Var(log_s)));
        const Var log_q = add_scalar(affine(square(t), Real(-0.5), Real(-0.9189385)), -Var(log_s));
        const Var q = reshape(exp(log_q), p.shape()) + Real(1e-12);
        fitted = q.value();
        return forward ? kl_divergence(p, q, static_cast<Real>(spacing))
                       : kl_divergence(q, p, static_cast<Real>(spacing));
      });
    plot.line(forward ? "q that minimises KL(p||q)" : "q that minimises KL(q||p)", grid,
              {fitted.values().begin(), fitted.values().end()});
    program.figure(forward ? "fit_sd_forward" : "fit_sd_reverse", std::exp(double(log_s.value[0])));
  }
  program.plot("asymmetry", plot, "The same family and the same target, fitted by the two directions of KL");
}

/// Estimate of JS between N(0, 1) and N(d, 1) by a small trained discriminator: (V + log 4) / 2, at most JS.
double discriminator_estimate(double d, Index steps, Rng rng) {
  struct Net : Module {
    Mlp layers{*this, "layers", {1, 64, 64, 1}, [](const Var& h) { return leaky_relu(h); }};
    using Module::Module;
  } net(rng);
  Adam adam(net.parameters(), {.lr = Real(2e-3)});
  const auto value = [&](Index count) {  // V = E_real log D + E_fake log(1 - D), D = sigmoid(logit)
    const Var real = net.layers(Tensor::randn({count, 1}, rng)),
              fake = net.layers(Tensor::randn({count, 1}, rng, static_cast<Real>(d)));
    return -(mean(bernoulli_nll(real, Tensor::full({count, 1}, 1))) +
             mean(bernoulli_nll(fake, Tensor::zeros({count, 1}))));
  };
  for (Index step = 0; step < steps; ++step) {
    adam.lr = Real(2e-3) * decay_second_half(static_cast<double>(step) / static_cast<double>(steps));
    descend(adam, [&] { return -value(128); });
  }
  return 0.5 * (value(50000).item() + std::log(4.0));
}

void far_apart(Program& program) {
  const double spacing = 0.01;
  const std::vector<double> grid = grid_of(-9, 15, spacing);
  std::vector<double> ds, js, kl, w1, learned;
  Progress bar("discriminators", 7);
  for (double d = 0; d <= 6; d += 1) {
    const Tensor p = normal_on(grid, 0, 1), q = normal_on(grid, d, 1);
    ds.push_back(d);
    js.push_back(js_divergence(p, q, static_cast<Real>(spacing)).item());
    kl.push_back(0.5 * d * d);
    w1.push_back(d);
    learned.push_back(discriminator_estimate(d, program.pick<Index>(2000, 6000, 20),
                                             program.rng.split(static_cast<std::uint64_t>(d))));
    bar.tick();
  }
  bar.finish();
  Plot plot("N(0, 1) against N(d, 1)");
  plot.x("distance d")
      .y("nats (KL, JS), units of x (W1)")
      .y_range(0, 3)
      .line("KL = d^2 / 2", ds, kl)
      .line("W1 = d", ds, w1);
  plot.line("JS", ds, js)
      .line_points("JS estimated by a trained discriminator", ds, learned)
      .reference("log 2", {0, 6}, {std::log(2.0), std::log(2.0)});
  program.plot("distances", plot,
               "JS flattens at log 2, so distributions far apart give a GAN's generator no gradient; W1 "
               "keeps growing");
  program.figure("js_at_6", js.back());
  program.figure("learned_js_at_2", learned[2]);
  program.figure("js_at_2", js[2]);
}

/// Two discrete distributions: with the optimal discriminator, the value of the GAN game is -log 4 + 2 JS.
void discrete(Program& program) {
  const Tensor p = Tensor::of({1, 4}, {.5, .3, .2, 0}), q = Tensor::of({1, 4}, {.1, .2, .3, .4});
  double value = 0;
  for (Index i = 0; i < 4; ++i) {
    const double best = double(p[i]) / (double(p[i]) + q[i]);
    value += (p[i] > 0 ? p[i] * std::log(best) : 0) + q[i] * std::log(1 - best);
  }
  const double js = js_divergence(p, q).item(), identity = -std::log(4.0) + 2 * js;
  program.say(text("p = (.5 .3 .2 0), q = (.1 .2 .3 .4):  KL(p||q) = ", kl_divergence(p, q).item(),
                   ", KL(q||p) = ", kl_divergence(q, p).item(), ", JS = ", js, " (at most log 2 = .6931)"));
  program.say(text("value with the optimal discriminator ", value, ", -log 4 + 2 JS = ", identity));
  program.figure("gan_identity_error", std::abs(value - identity));
}

void lesson(Program& program) {
  program.dataset("Known distributions, no data.");
  discrete(program);
  printed_formula(program);
  asymmetry(program);
  far_apart(program);
  program.headline(text("KL( N(.7, .3^2) || N(0, 1) ): sampled ", program.figure("kl_sampled"), ", formula ",
                        program.figure("kl_formula"), ", as printed ", program.figure("kl_as_printed")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "08_divergences",
       .title = "KL and JS divergence, and a sign",
       .slide = "DS542, \"Probability Distribution Divergence Measures\"; 6.S191 L4, \"Priors on the latent "
                "distribution\"",
       .look = "One Gaussian fitted to two modes: one direction of KL covers both, the other selects one. JS "
               "flattens at log 2 while W1 keeps growing. The KL as printed on the slide is negative, but a "
               "divergence is never negative."},
      lesson);
}
