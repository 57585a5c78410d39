// Disentanglement and its price: beta-VAEs on faces, and a collapse on sprites.
//
// 6.S191 L4, "Latent space disentanglement with beta-VAEs". The loss there is printed with the ELBO's sign
// and without its beta; and beta means nothing without picture and likelihood: beta_norm = beta M / N (M
// latent units, N pixels).
#include <algorithm>
#include <cmath>

#include "vae.hpp"

using namespace gradus;

constexpr Index units = 10, pixels = 1024;

struct Result {
  VaeMeasure measured;
  double gap, azimuth_best, azimuth_second, smile_best;
  Index azimuth_unit;
};

/// |rank correlation| of every unit's *sampled* z with a factor, largest first; units without KL do not
/// count.
std::vector<std::pair<double, Index>> correlations(const Tensor& z, const Tensor& factors, Index factor,
                                                   const std::vector<double>& unit_kl) {
  std::vector<std::pair<double, Index>> out;
  for (Index k = 0; k < z.dim(1); ++k) {
    const bool used = unit_kl[static_cast<std::size_t>(k)] > 0.05;
    out.emplace_back(used ? std::abs(rank_correlation(column(z, k), column(factors, factor))) : 0.0, k);
  }
  std::sort(out.rbegin(), out.rend());
  return out;
}

Result examine(Vae& vae, const Tensor& x, const Tensor& factors, const Likelihood& likelihood, Rng& rng) {
  Result result;
  result.measured = measure_vae(vae, x, likelihood, rng);
  const auto [mu, logvar] = vae.encode(x);
  const Tensor z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng)).value();
  result.gap = mutual_information_gap(z, factors);
  const auto azimuth = correlations(z, factors, 0, result.measured.unit_kl);
  result.azimuth_best = azimuth[0].first, result.azimuth_second = azimuth[1].first,
  result.azimuth_unit = azimuth[0].second;
  result.smile_best = correlations(z, factors, 1, result.measured.unit_kl)[0].first;
  return result;
}

void faces(Program& program) {
  const Index count = program.pick<Index>(20000, 20000, 500), held = program.pick<Index>(5000, 5000, 300);
  const Faces train = generated_faces(count, program.options.seed),
              test = generated_faces(held, program.options.seed + 1000);
  const Dataset data = train.data.flat();
  const Tensor x = test.data.flat().images;
  const Likelihood likelihood = gaussian(50);
  Rng rng = program.rng.split("measure");

  program.say("beta   beta_norm   KL      active   sq. error   MIG     azimuth best / second   smile");
  std::vector<double> betas, kls, gaps, errors;
  std::vector<Tensor> rows;
  for (const double beta : {1.0, 4.0, 16.0, 250.0}) {
    Rng init = program.rng.split("init");
    Vae vae(init, {pixels, 256, 256, units}, gradus::tanh);
    train_vae(program, text("faces_beta", beta), vae, data,
              {.steps = program.pick<Index>(2500, 8000, 30),
               .batch = 64,
               .beta = static_cast<Real>(beta),
               .warm_up = 0.5,
               .likelihood = likelihood});
    const Result r = examine(vae, x, test.factors, likelihood, rng);
    const double error = mean_code_error(vae, x);
    char line[160];
    std::snprintf(line, sizeof line,
                  "%4g   %7.3f    %6.2f   %4d     %7.2f    %6.3f      %.2f / %.2f           %.2f", beta,
                  beta * units / pixels, r.measured.kl, r.measured.active(), error, r.gap, r.azimuth_best,
                  r.azimuth_second, r.smile_best);
    program.say(line);
    betas.push_back(beta), kls.push_back(r.measured.kl), gaps.push_back(r.gap), errors.push_back(error);
    program.figure(text("kl_faces_beta", beta), r.measured.kl);
    program.figure(text("active_beta", beta), r.measured.active());
    program.figure(text("mig_beta", beta), r.gap);
    program.figure(text("azimuth_spearman_beta", beta), r.azimuth_best);
    program.figure(text("smile_spearman_beta", beta), r.smile_best);
    if (beta <= 4) {  // the slide's two rows: the unit that turns the head, walked
      const Tensor start = vae.encode(draw_face({}).reshape({1, pixels})).mu.value().row(0);
      const Tensor walk = traversals(start, 9).rows(r.azimuth_unit * 9, (r.azimuth_unit + 1) * 9);
      rows.push_back(image_grid(
          vae.pictures(walk),
          {.columns = 9, .scale = 3, .title = text("beta = ", beta, ": the unit that turns the head most")}));
    }
  }
  program.picture("head_rotation", vstack(rows),
                  "The slide's two rows: what else changes as the head turns?");
  program.plot("price",
               Plot("Disentanglement and its price")
                   .x("beta")
                   .y("KL (nats), squared error")
                   .log_x()
                   .log_y()
                   .line_points("KL", betas, kls)
                   .line_points("squared error", betas, errors),
               "Every nat that beta saves is paid for in pixels");
  program.plot(
      "gap",
      Plot("Mutual-information gap").x("beta").y("MIG").log_x().line_points("faces, sampled z", betas, gaps),
      "How much more the best unit says of a factor than the second best");
}

/// beta = 250 on 32 x 32 pictures: nothing is worth encoding.
void collapse(Program& program) {
  const Sprites sprites = generated_sprites(program.pick<Index>(12000, 20000, 500), program.options.seed);
  const Dataset data = sprites.data.flat();
  Rng rng = program.rng.split("sprites");
  std::vector<Tensor> rows{image_grid(data.images.rows(0, 12), {.columns = 12, .title = "Sprites"})};
  for (const double beta : {1.0, 250.0}) {
    Rng init = program.rng.split("init");
    Vae vae(init, {pixels, 256, 256, units}, gradus::tanh);
    train_vae(program, text("sprites_beta", beta), vae, data,
              {.steps = program.pick<Index>(1500, 6000, 30),
               .batch = 64,
               .beta = static_cast<Real>(beta),
               .warm_up = 0.5});
    const Tensor some = data.images.rows(0, std::min<Index>(2000, data.size()));
    const VaeMeasure measured = measure_vae(vae, some, bernoulli, rng);
    program.figure(beta == 1 ? "kl_sprites_beta1" : "kl_beta250", measured.kl);
    rows.push_back(image_grid(vae.pictures(vae.encode(data.images.rows(0, 12)).mu.value()),
                              {.columns = 12,
                               .title = text("beta = ", beta, ", KL ", std::round(1000 * measured.kl) / 1000,
                                             " nats: reconstructions")}));
  }
  program.picture(
      "collapse", vstack(rows),
      "Posterior collapse: at beta = 250 the code is empty and every picture becomes the mean picture");
  program.say(text("beta_norm of the slide's examples: CelebA 64x64x3, 32 units: .65; here beta = 250: ",
                   250.0 * units / pixels, ", far beyond"));
}

int main(int argc, char** argv) {
  return run_program(
      argc, argv,
      {.name = "13_beta_vae",
       .title = "beta-VAE: disentanglement and its price",
       .slide = "6.S191 L4, \"Latent space disentanglement with beta-VAEs\"",
       .look = "Does the unit that turns the head leave the rest alone? The table says what each beta still "
               "encodes; at "
               "250 the sprites' code is empty."},
      [](Program& program) {
        program.dataset("Generated faces and sprites with known factors.");
        faces(program);
        collapse(program);
        program.headline(text("MIG ", program.figure("mig_beta1"), " at beta 1, ",
                              program.figure("mig_beta4"), " at beta 4; the turn's best unit correlates ",
                              program.figure("azimuth_spearman_beta4"), "; on sprites beta 250 leaves ",
                              program.figure("kl_beta250"), " nats"));
      });
}
