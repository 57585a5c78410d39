// Effects of the KL term: continuity and completeness, measured on an autoencoder,
// a model without the KL term, and a VAE.
//
// 6.S191 L4, "Intuition on regularization and the Normal prior";
// DS542, "Encoding to Normal distributions is not enough"
#include <array>
#include <cmath>
#include <numbers>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

enum class Kind { autoencoder, no_kl, vae };

Plot train(Program& program, const std::string& name, Vae& vae, const Dataset& data, Kind kind) {
  Rng noise = program.rng.split(name);
  Adam adam(vae.parameters());
  Loader loader(data, {.batch = 128, .shuffle = true, .drop_last = true}, noise.split("order"));
  Trainer trainer(program.session(), name,
                  {{"model", vae}, {"adam", adam}, {"noise", noise}, {"loader", loader}},
                  Steps{program.pick<Index>(900, 900, 30)});
  while (trainer.next()) {
    const Tensor& x = loader.next().images;
    adam.lr = Real(1e-3) * decay_second_half(trainer.progress());
    const Real loss = descend(adam, [&] {
      const auto [mu, logvar] = vae.encode(x);
      const Var z =
          kind == Kind::autoencoder ? mu : reparameterize(mu, logvar, Tensor::randn(mu.shape(), noise));
      const Var nll = bernoulli_nll(vae.decode(z), x);
      return mean(kind == Kind::vae ? vae_loss(nll, gaussian_kl(mu, logvar)) : nll);
    });
    trainer.report({{"loss", loss}});
  }
  return trainer.plot(name);
}

/// The mean and the standard deviation of every column.
std::pair<std::vector<double>, std::vector<double>> spread(const Tensor& x) {
  const Moments moments = moments_of(x);
  std::vector<double> deviation;
  for (std::size_t k = 0; k < moments.mean.size(); ++k)
    deviation.push_back(std::sqrt(moments.covariance[k * moments.mean.size() + k]));
  return {moments.mean, deviation};
}

/// The mean of sigma(x) / standard deviation of the codes mu [N, 2], over examples and units.
double sigma_over_spread(const Tensor& logvar, const std::vector<double>& deviation) {
  double ratio = 0;
  for (Index i = 0; i < logvar.size(); ++i) {
    const double s = std::exp(0.5 * double(logvar[i]));
    ratio += s / deviation[static_cast<std::size_t>(i % 2)] / double(logvar.size());
  }
  return ratio;
}

/// Continuity: the change of the picture when z moves by a tenth of the codes' standard deviation,
/// 99th percentile.
double jump(Vae& vae, const std::vector<double>& centre, const std::vector<double>& deviation, Index pairs,
            Rng& rng) {
  Tensor here({pairs, 2}), there({pairs, 2});
  for (Index i = 0; i < pairs; ++i) {
    const double turn = 2 * std::numbers::pi * rng.uniform();
    for (Index k = 0; k < 2; ++k) {
      const double z = rng.normal(), s = deviation[static_cast<std::size_t>(k)];
      here[2 * i + k] = static_cast<Real>(centre[static_cast<std::size_t>(k)] + s * z);
      there[2 * i + k] = static_cast<Real>(here[2 * i + k] + 0.1 * s * (k ? std::sin(turn) : std::cos(turn)));
    }
  }
  const Tensor squared = squared_error(vae.pictures(here), vae.pictures(there)).value();
  std::vector<double> moved;
  for (const Real v : squared.values()) moved.push_back(std::sqrt(double(v)));
  std::sort(moved.begin(), moved.end());
  return moved[moved.size() * 99 / 100];
}

/// Completeness: the number of classes among decoded samples from the prior.
double classes_from_prior(Vae& vae, Judge& judge, Rng& rng) {
  std::vector<int> counts(10);
  for (const int c : judge.classify(vae.pictures(Tensor::randn({4000, 2}, rng))))
    ++counts[static_cast<std::size_t>(c)];
  return static_cast<double>(std::count_if(counts.begin(), counts.end(), [](int n) { return n > 40; }));
}

/// The codes of digits by class, the prior's circle, and two standard deviations of q(z|x) as ellipses.
Plot code_plot(Vae& vae, const Dataset& digits, const char* title, bool ellipses) {
  const double scale = 10;
  const Code codes = vae.encode(digits.images);
  Plot plot(title);
  plot.x("z1")
      .y("z2")
      .equal()
      .x_range(-scale, scale)
      .y_range(-scale, scale)
      .size(600, 520)
      .scatter(codes.mu.value(), digits.labels);
  const auto ellipse = [&](const char* name, std::array<double, 2> centre, std::array<double, 2> radius,
                           int points) {
    std::vector<double> x, y;
    for (int t = 0; t <= points; ++t) {
      x.push_back(centre[0] + radius[0] * std::cos(2 * std::numbers::pi * t / points));
      y.push_back(centre[1] + radius[1] * std::sin(2 * std::numbers::pi * t / points));
    }
    plot.reference(name, x, y);
  };
  ellipse("prior", {0, 0}, {1, 1}, 100);
  const Tensor &mu = codes.mu.value(), &logvar = codes.logvar.value();
  for (Index i = 0; i < 60 && ellipses; ++i)
    ellipse("", {mu[2 * i], mu[2 * i + 1]},
            {2 * std::exp(0.5 * double(logvar[2 * i])), 2 * std::exp(0.5 * double(logvar[2 * i + 1]))}, 30);
  return plot;
}

/// Decoded pictures of a 15 x 15 grid of z from -2.5 to 2.5.
Tensor decoded_square(Vae& vae, const char* title) {
  Tensor grid({225, 2});
  for (Index i = 0; i < 225; ++i) {
    const Index row = i / 15, column = i % 15;
    grid[2 * i] = Real(-2.5) + 5 * Real(column) / 14, grid[2 * i + 1] = Real(2.5) - 5 * Real(row) / 14;
  }
  return image_grid(vae.pictures(grid), {.columns = 15, .padding = 0, .scale = 1, .title = title, .text = 2});
}

void compare(Program& program) {
  const Split data = program.digits({.train = 12000}).flat();
  Judge judge(program, data.train);
  std::vector<Tensor> sheets;
  std::vector<double> jumps;
  for (const auto& [kind, name, title] : {std::tuple{Kind::autoencoder, "autoencoder", "Autoencoder"},
                                          {Kind::no_kl, "without_kl", "Distributions without the KL term"},
                                          {Kind::vae, "vae", "With the KL term"}}) {
    Rng init = program.rng.split("init");  // the same initial weights for all three
    Vae vae(init, {784, 256, 128, 2}, tanh);
    train(program, name, vae, data.train, kind);

    const auto [mu, logvar] = vae.encode(data.test.images);
    const auto [centre, deviation] = spread(mu.value());
    Rng rng = program.rng.split("pairs");
    jumps.push_back(jump(vae, centre, deviation, program.pick<Index>(2000, 2000, 100), rng));
    const std::string tag = name;
    program.figure("jump_p99_" + tag, jumps.back());
    program.figure("code_sd_" + tag, 0.5 * (deviation[0] + deviation[1]));
    program.figure("code_mean_" + tag, std::hypot(centre[0], centre[1]));
    if (kind != Kind::autoencoder)
      program.figure("sigma_over_spread_" + tag, sigma_over_spread(logvar.value(), deviation));
    program.figure("classes_from_prior_" + tag, classes_from_prior(vae, judge, rng));
    program.plot(
        "codes_" + tag, code_plot(vae, data.test.take(800), title, kind != Kind::autoencoder),
        text(title,
             ": means of q(z|x), and 2-sigma ellipses of sixty digits; the scale is the same for all three"));
    sheets.push_back(decoded_square(vae, title));
  }
  program.picture(
      "sheets", hstack(sheets, 20),
      "z from -2.5 to 2.5, decoded: only the third model was trained with a prior on this region");
  program.figure("jump_ratio", jumps[1] / jumps[2]);
  program.headline(text(
      "sigma over standard deviation of the means: ", program.figure("sigma_over_spread_without_kl"),
      " without the KL term, ", program.figure("sigma_over_spread_vae"),
      " with it; a step of 0.1 standard deviations changes the picture by ", jumps[1], " and ", jumps[2]));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "13_regularization",
                      .title = "Continuity and completeness",
                      .slide = "6.S191 L4, \"Intuition on regularization and the Normal prior\"",
                      .look = "All three plots have the same scale. Without the KL term, the ellipses shrink "
                              "to points and the codes spread anywhere. With it, the ellipses overlap around "
                              "the origin, and every z decodes to a picture."},
                     compare);
}
