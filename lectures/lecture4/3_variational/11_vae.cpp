// The variational autoencoder with 20 latent dimensions, on digits.        6.S191 L4, "VAE optimization"
#include <cmath>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// Mean importance-weighted bound with k samples per example, computed in chunks that fit into memory.
double iw_bound(Vae& vae, const Tensor& x, Index k, Rng& rng) {
  const Index piece = 100;
  double sum = 0;
  for (Index i = 0; i < x.dim(0); ++i) {
    const auto [mu, logvar] = vae.encode(x.rows(i, i + 1));
    Tensor log_w({1, k});
    for (Index first = 0; first < k; first += piece) {
      const Index n = std::min(piece, k - first);
      const std::vector<Index> same(static_cast<std::size_t>(n), 0);
      const Tensor m = mu.value().gather(same), v = logvar.value().gather(same),
                   xs = x.rows(i, i + 1).gather(same);
      const Tensor z = reparameterize(m, v, Tensor::randn(m.shape(), rng)).value();
      const Tensor piece_of_log_w = log_importance_weight(bernoulli_nll(vae.decode(z), xs).value(), m, v, z);
      for (Index s = 0; s < n; ++s) log_w[first + s] = piece_of_log_w[s];
    }
    sum += importance_weighted_bound(log_w).item();
  }
  return sum / static_cast<double>(x.dim(0));
}

/// The mean ELBO: one z per example, and the KL term in closed form.
double mean_elbo(Vae& vae, const Tensor& x, Rng rng) {
  const auto [mu, logvar] = vae.encode(x);
  const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng));
  return mean(elbo(bernoulli_nll(vae.decode(z), x), gaussian_kl(mu, logvar))).item();
}

/// Grey pixels count as fractions of ink, as on the slide.
VaeMeasure grey_pixels(Program& program, const Split& digits, Judge& judge, Rng& rng) {
  const Tensor& test = digits.test.images;
  Rng init = program.rng.split("grey");
  Vae model(init, {784, 400, 20});
  const VaeCurves curves =
      train_vae(program, "vae", model, digits.train, {.epochs = program.epochs(digits.train, 3, 30)});
  if (!program.leads()) return {};
  program.plot("loss", curves.plot,
               "The reconstruction term falls while the KL term rises: information in the code costs nats");
  VaeMeasure measured = measure_vae(model, test, bernoulli, rng);
  program.figure("test_neg_elbo", measured.neg_elbo());
  program.figure("test_reconstruction", measured.reconstruction);
  program.figure("test_kl", measured.kl);
  program.figure("active_units", measured.active());

  const Tensor shown = test.rows(0, 20), again = model.pictures(model.encode(shown).mu.value());
  program.picture("reconstructions",
                  vstack({image_grid(shown, {.columns = 20, .title = "Test digits"}),
                          image_grid(again, {.columns = 20, .title = "Decoded from the mean of q(z|x)"})}),
                  "Reconstructions from twenty latent dimensions");
  const Index count = program.pick<Index>(2000, 5000, 200);
  const Tensor samples = model.pictures(Tensor::randn({count, 20}, rng));
  const Moments real = moments_of(judge.features(test.rows(0, std::min(count, test.dim(0)))));
  program.figure("sample_fid", frechet_distance(moments_of(judge.features(samples)), real));
  program.picture("samples",
                  image_grid(samples.rows(0, 100), {.columns = 10, .title = "z from N(0, I), decoded"}),
                  "New digits: z is sampled from the prior, and most samples are legible");
  return measured;
}

/// Binary pixels: only here is the bound one of a likelihood, and comparable with the literature.
/// Returns the bound with 1000 samples.
double binary_pixels(Program& program, const Split& digits, Rng& rng) {
  Rng init = program.rng.split("binary");
  Vae binary(init, {784, 400, 20});
  train_vae(program, "vae_binary", binary, digits.train,
            {.epochs = program.epochs(digits.train, 3, 30), .binarise = true});
  if (!program.leads()) return 0;
  const Tensor black_and_white = binarised(digits.test.images, rng),
               some = black_and_white.rows(0, program.pick<Index>(200, 200, 10));
  program.figure("binary_neg_elbo", measure_vae(binary, black_and_white, bernoulli, rng).neg_elbo());
  // Standard deviation of the bound over other samples of z for the same examples.
  Rng other = program.rng.split("other draws");
  std::vector<double> ks, bounds, lows, highs;
  for (const Index k : {1, 5, 50, 1000}) {
    ks.push_back(static_cast<double>(k));
    bounds.push_back(iw_bound(binary, some, k, rng));
    program.figure(text("iw_bound_k", k), bounds.back());
    double squares = 0;
    for (int run = 0; run < 3; ++run)
      squares += std::pow(iw_bound(binary, some, k, other) - bounds.back(), 2);
    // the difference of two estimates has twice the variance of one
    const double deviation = std::sqrt(squares / 6);
    lows.push_back(bounds.back() - deviation);
    highs.push_back(bounds.back() + deviation);
    program.figure(text("iw_bound_deviation_k", k), deviation);
  }
  const double lowest = mean_elbo(binary, some, program.rng.split("elbo"));
  program.figure("binary_elbo", lowest);
  program.plot("bound",
               Plot("Importance weighting tightens the bound")
                   .x("samples k")
                   .y("bound on log p(x), nats")
                   .log_x()
                   .x_range(0.8, 1250)
                   .line_points("importance-weighted", ks, bounds)
                   .ranges("one standard deviation", ks, lows, highs)
                   .reference("ELBO", {1, 1000}, {lowest, lowest}),
               "More samples give a tighter bound, so a likelihood of a VAE is quoted with its k. Bars: one "
               "standard deviation over samples of z for the same digits");
  return bounds.back();
}

void vae(Program& program) {
  const Split digits = program.digits().flat();
  Rng rng = program.rng.split("measure");
  Judge judge(program, digits.train);
  const VaeMeasure measured = grey_pixels(program, digits, judge, rng);
  const double bound = binary_pixels(program, digits, rng);
  if (!program.leads()) return;
  program.headline(text("test -ELBO ", measured.neg_elbo(), " nats (KL ", measured.kl,
                        "); binarised: log p(x) > ", bound, " with k = 1000"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "11_vae",
                      .title = "The variational autoencoder",
                      .slide = "6.S191 L4, \"VAE optimization\"; DS542, \"Putting it all together\"",
                      .look = "The two terms of the loss compete. Samples from N(0, I) look like digits, "
                              "slightly blurred. The bound rises with the number of importance samples.",
                      .shards = true},
                     vae);
}
