// Effects of the KL term: continuity and completeness, measured on an autoencoder,
// a model without the KL term, and a VAE.
//
// 6.S191 L4, "Intuition on regularization and the Normal prior";
// DS542, "Encoding to Normal distributions is not enough"
#include <cmath>

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

void compare(Program& program) {
  const Split data =
      program
          .digits({.train = program.pick<Index>(12000, 12000, 1000), .test = program.pick<Index>(0, 0, 300)})
          .flat();
  Judge judge(program, data.train);
  const double scale = 10;
  std::vector<Tensor> sheets;
  std::vector<double> jumps;
  for (const auto& [kind, name, title] : {std::tuple{Kind::autoencoder, "autoencoder", "Autoencoder"},
                                          {Kind::no_kl, "without_kl", "Distributions without the KL term"},
                                          {Kind::vae, "vae", "With the KL term"}}) {
    Rng rng = program.rng.split("init");  // the same initial weights for all three
    Vae vae(rng, {784, 256, 128, 2}, tanh);
    train(program, name, vae, data.train, kind);

    const auto [mu, logvar] = vae.encode(data.test.images);
    const auto [centre, deviation] = spread(mu.value());
    double sigma = 0, ratio = 0;
    for (Index i = 0; i < mu.size(); ++i) {
      const double s = std::exp(0.5 * double(logvar.value()[i]));
      sigma += s / double(mu.size());
      ratio += s / deviation[static_cast<std::size_t>(i % 2)] / double(mu.size());
    }
    // Continuity: the change of the picture when z moves by a tenth of the codes' standard deviation.
    Rng chance = program.rng.split("pairs");
    const Index pairs = program.pick<Index>(2000, 2000, 100);
    Tensor here({pairs, 2}), there({pairs, 2});
    for (Index i = 0; i < pairs; ++i) {
      const double turn = 2 * M_PI * chance.uniform();
      for (Index k = 0; k < 2; ++k) {
        const double z = chance.normal(), s = deviation[static_cast<std::size_t>(k)];
        here[2 * i + k] = static_cast<Real>(centre[static_cast<std::size_t>(k)] + s * z);
        there[2 * i + k] =
            static_cast<Real>(here[2 * i + k] + 0.1 * s * (k ? std::sin(turn) : std::cos(turn)));
      }
    }
    const Tensor squared = squared_error(vae.pictures(here), vae.pictures(there)).value();
    std::vector<double> moved;
    for (const Real v : squared.values()) moved.push_back(std::sqrt(double(v)));
    std::sort(moved.begin(), moved.end());
    jumps.push_back(moved[moved.size() * 99 / 100]);
    // Completeness: the classes of decoded samples from the prior.
    std::vector<int> counts(10);
    for (const int c : judge.classify(vae.pictures(Tensor::randn({4000, 2}, chance))))
      ++counts[static_cast<std::size_t>(c)];

    const std::string tag = name;
    program.figure("jump_p99_" + tag, jumps.back());
    program.figure("code_sd_" + tag, 0.5 * (deviation[0] + deviation[1]));
    program.figure("code_mean_" + tag, std::hypot(centre[0], centre[1]));
    if (kind != Kind::autoencoder) program.figure("sigma_over_spread_" + tag, ratio);
    program.figure(
        "classes_from_prior_" + tag,
        static_cast<double>(std::count_if(counts.begin(), counts.end(), [](int n) { return n > 40; })));

    const Dataset some = data.test.take(800);
    const Code codes = vae.encode(some.images);
    Plot plot(title);
    plot.x("z1")
        .y("z2")
        .equal()
        .x_range(-scale, scale)
        .y_range(-scale, scale)
        .size(600, 520)
        .scatter(codes.mu.value(), some.labels);
    std::vector<double> cx, cy;
    for (int i = 0; i <= 100; ++i)
      cx.push_back(std::cos(2 * M_PI * i / 100)), cy.push_back(std::sin(2 * M_PI * i / 100));
    plot.reference("prior", cx, cy);
    if (kind != Kind::autoencoder)
      for (Index i = 0; i < 60; ++i) {  // two standard deviations of q(z|x)
        std::vector<double> ex, ey;
        for (int t = 0; t <= 30; ++t) {
          ex.push_back(codes.mu.value()[2 * i] +
                       2 * std::exp(0.5 * double(codes.logvar.value()[2 * i])) * std::cos(2 * M_PI * t / 30));
          ey.push_back(codes.mu.value()[2 * i + 1] +
                       2 * std::exp(0.5 * double(codes.logvar.value()[2 * i + 1])) *
                           std::sin(2 * M_PI * t / 30));
        }
        plot.reference("", ex, ey);
      }
    program.plot(
        "codes_" + tag, plot,
        text(title,
             ": means of q(z|x), and 2-sigma ellipses of sixty digits; the scale is the same for all three"));

    Tensor grid({225, 2});
    for (Index i = 0; i < 225; ++i)
      grid[2 * i] = Real(-2.5) + 5 * Real(i % 15) / 14, grid[2 * i + 1] = Real(2.5) - 5 * Real(i / 15) / 14;
    sheets.push_back(
        image_grid(vae.pictures(grid), {.columns = 15, .padding = 0, .scale = 1, .title = title, .text = 2}));
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
