// Disentanglement and its cost: beta-VAEs on faces, and posterior collapse on sprites.
//
// 6.S191 L4, "Latent space disentanglement with β -VAEs". The slide prints the loss with the sign
// of the ELBO and without beta. The effect of beta depends on the size of the picture and on the likelihood;
// beta_norm = beta M / N (M latent dimensions, N pixels) accounts for the size.
//
// The slide says "smile relatively constant" of the unit that turns the head. The program
// measures this in two ways: the rank correlation between units and factors, and, as on the slide,
// a traversal of the unit, with the smile read from the decoded pictures by a network that never sees codes.
#include <algorithm>
#include <cmath>
#include <span>

#include "3_variational/face_reader.hpp"
#include "3_variational/vae.hpp"

namespace gradus::lecture {

constexpr Index units = 10, pixels = 1024, azimuth = 0, smile = 1;

struct Unit {
  Index index;
  double correlation;  // Spearman's, signed
};

/// The two units with the largest rank correlation between their sampled z and a factor.
/// Units without KL do not count: in a collapsed code the order of tiny means still carries the factor.
std::array<Unit, 2> best_units(const Tensor& z, const Tensor& factors, Index factor,
                               const std::vector<double>& unit_kl) {
  std::vector<Unit> all;
  for (Index k = 0; k < z.dim(1); ++k) {
    const bool used = unit_kl[static_cast<std::size_t>(k)] > active_nats;
    all.push_back({k, used ? rank_correlation(column(z, k), column(factors, factor)) : 0.0});
  }
  std::stable_sort(all.begin(), all.end(), [](const Unit& a, const Unit& b) {
    return std::abs(a.correlation) > std::abs(b.correlation);
  });
  return {all[0], all[1]};
}

/// Traversals of one unit: codes z [N, K], each with the unit set to -2 .. 2 in `steps` steps,
/// give [N steps, K], the steps of a face together.
/// The sign of the correlation sets the direction, so that the head turns to the right.
Tensor traversal_of(const Tensor& z, const Unit& unit, Index steps) {
  const Real end = unit.correlation < 0 ? Real(-2) : Real(2);
  Tensor out({z.dim(0) * steps, units});
  for (Index i = 0; i < out.dim(0); ++i)
    for (Index k = 0; k < units; ++k)
      out[i * units + k] =
          k == unit.index ? end * (2 * Real(i % steps) / Real(steps - 1) - 1) : z[i / steps * units + k];
  return out;
}

/// Data for the plots, one value per beta.
struct Curves {
  std::vector<double> betas, gaps, errors;
  std::vector<std::vector<double>> unit_kl;
  Index shown = -1;  // the face of the traversal in the picture
};

/// A light, smiling face of ordinary width whose traversal has ranges near the means over all traversals,
/// so that the picture is typical.
Index usual_face(const Tensor& ranges, const std::vector<double>& mean, const Tensor& factors) {
  Index best = 0;
  double least = 1e9;
  for (Index i = 0; i < ranges.dim(0); ++i) {
    const auto face = FaceFactors::of(std::span<const Real, 5>(factors.data() + 5 * i, 5));
    const double off =
        std::abs(ranges[5 * i + azimuth] - mean[azimuth]) + std::abs(ranges[5 * i + smile] - mean[smile]);
    const bool plain = face.tone > 0.6 && face.smile > 0.2 && std::abs(face.width) < 0.4;
    if (plain && off < least) best = i, least = off;
  }
  return best;
}

/// Measures one trained VAE and prints its line of the table. Returns the slide's row:
/// a traversal of the dimension that turns the head.
Tensor measure_disentanglement(Program& program, Vae& vae, FaceReader& reader, const Faces& test, double beta,
                               const Likelihood& likelihood, Rng& rng, Curves& curves) {
  const Tensor x = test.data.flat().images;
  const VaeMeasure measured = measure_vae(vae, x, likelihood, rng);
  const auto [mu, logvar] = vae.encode(x);
  const Tensor z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng)).value();
  const double gap = mutual_information_gap(z, test.factors), error = mean_code_error(vae, x);
  const auto turn = best_units(z, test.factors, azimuth, measured.unit_kl),
             smiles = best_units(z, test.factors, smile, measured.unit_kl);
  const Tensor some = mu.value().rows(0, std::min<Index>(300, x.dim(0)));
  const Tensor ranges = factor_ranges(reader.read(vae.pictures(traversal_of(some, turn[0], 9))), 9);
  const std::vector<double> change = moments_of(ranges).mean;
  const auto correlation = [](const auto& unit) { return fixed(std::abs(unit.correlation), 2); };
  program.say(text(significant(beta, 6, 4), "   ", fixed(beta * units / pixels, 3, 7), "    ",
                   fixed(measured.kl, 2, 6), "   ", pad_left(text(measured.active()), 4), "     ",
                   fixed(error, 2, 7), "    ", fixed(gap, 3, 6), "   ", correlation(turn[0]), " / ",
                   correlation(turn[1]), "    ", correlation(smiles[0]), "     ", fixed(change[azimuth], 2),
                   " / ", fixed(change[smile], 2)));
  program.figure(text("kl_faces_beta", beta), measured.kl);
  program.figure(text("active_beta", beta), measured.active());
  program.figure(text("sq_error_beta", beta), error);
  program.figure(text("mig_beta", beta), gap);
  program.figure(text("azimuth_spearman_beta", beta), std::abs(turn[0].correlation));
  program.figure(text("smile_spearman_beta", beta), std::abs(smiles[0].correlation));
  program.figure(text("turn_change_beta", beta), change[azimuth]);
  program.figure(text("smile_change_beta", beta), change[smile]);
  curves.betas.push_back(beta), curves.gaps.push_back(gap), curves.errors.push_back(error);
  curves.unit_kl.push_back(measured.unit_kl);
  std::sort(curves.unit_kl.back().rbegin(), curves.unit_kl.back().rend());

  if (curves.shown < 0) curves.shown = usual_face(ranges, change, test.factors);
  const Tensor start = mu.value().rows(curves.shown, curves.shown + 1);
  const std::string title = text("beta = ", beta, ": turn range ", fixed(change[azimuth], 1),
                                 " sd, smile range ", fixed(change[smile], 1), " sd");
  return image_grid(vae.pictures(traversal_of(start, turn[0], 7)),
                    {.columns = 7, .scale = 4, .title = title});
}

void plots(Program& program, const Curves& curves) {
  program.plot(
      "price",
      Plot("Disentanglement and its cost")
          .x("beta")
          .y("MIG; squared error per picture")
          .log_x()
          .log_y()
          .line_points("mutual-information gap (large: one dimension per factor)", curves.betas, curves.gaps)
          .line_points("squared error (small: good pictures)", curves.betas, curves.errors),
      "A larger beta assigns one dimension per factor at the cost of a larger squared error; a far too large "
      "beta removes both");
  Plot bars("KL of every dimension");
  std::vector<std::string> labels;
  for (Index k = 1; k <= units; ++k) labels.push_back(text(k));
  for (std::size_t b = 0; b < curves.betas.size(); ++b)
    bars.bars(text("beta ", curves.betas[b]), labels, curves.unit_kl[b]);
  program.plot("unit_kl", bars.x("dimension, largest first").y("KL (nats)"),
               "The larger beta, the fewer dimensions are active");
}

void faces(Program& program) {
  const Index count = program.pick<Index>(20000, 20000, 500), held = program.pick<Index>(5000, 5000, 300);
  const Faces train = generated_faces(count, program.options.seed),
              test = generated_faces(held, program.options.seed + 1000);
  const Dataset data = train.data.flat();
  // A direction of the pictures with variance below beta / 2C is not encoded. Longer training finds more
  // directions above this bound, some of which mix turn and mouth; a smaller C compensates.
  const Likelihood likelihood = gaussian(program.pick<Real>(30, 10));
  Rng rng = program.rng.split("measure"), first = program.rng.split("reader");
  FaceReader reader(first);
  reader.fit(program, train, program.pick<Index>(1200, 4000, 20));

  program.say(
      "                                                               Spearman                traversal of "
      "the turn's dimension, sd");
  program.say("beta   beta_norm   KL      active   sq. error   MIG     turn 1st/2nd   smile    turn / smile");
  Curves curves;
  std::vector<Tensor> rows;
  for (const double beta : {1.0, 4.0, 16.0, 250.0}) {
    Rng init = program.rng.split("init");
    Vae vae(init, {pixels, 256, 256, units}, tanh);
    train_vae(program, text("faces_beta", beta), vae, data,
              {.steps = program.pick<Index>(2500, 8000, 30),
               .batch = 64,
               .lr = Real(2e-3),  // with half of it, the axes are often still rotated at the end
               .beta = static_cast<Real>(beta),
               .warm_up = 0.5,
               .likelihood = likelihood});
    const Tensor row = measure_disentanglement(program, vae, reader, test, beta, likelihood, rng, curves);
    if (beta <= 4) rows.push_back(row);
  }
  program.picture(
      "head_rotation", vstack(rows),
      "The slide's two rows: what else changes in a traversal of the dimension that turns the head? "
      "Ranges are means over 300 faces; the face shown has ranges near the means at beta = 1");
  plots(program, curves);
}

/// beta = 250 on 32 x 32 pictures: the code carries no information.
void collapse(Program& program) {
  const Sprites sprites = generated_sprites(program.pick<Index>(12000, 20000, 500), program.options.seed);
  const Dataset data = sprites.data.flat();
  Rng rng = program.rng.split("sprites");
  std::vector<Tensor> rows{image_grid(data.images.rows(0, 12), {.columns = 12, .title = "Sprites"})};
  for (const double beta : {1.0, 250.0}) {
    Rng init = program.rng.split("init");
    Vae vae(init, {pixels, 256, 256, units}, tanh);
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
  program.say(text("beta_norm of the slide's examples: CelebA 64x64x3, 32 dimensions: .65; here beta = 250: ",
                   250.0 * units / pixels, ", far larger"));
}

void lesson(Program& program) {
  program.dataset("Generated faces and sprites with known factors.");
  faces(program);
  collapse(program);
  program.headline(text("MIG ", program.figure("mig_beta1"), " at beta 1, ", program.figure("mig_beta4"),
                        " at beta 4; in a traversal of the turn's dimension the smile has a range of ",
                        program.figure("smile_change_beta1"), " sd at beta 1, ",
                        program.figure("smile_change_beta4"), " at beta 4; on sprites beta 250 leaves ",
                        program.figure("kl_beta250"), " nats"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "16_beta_vae",
       .title = "beta-VAE: disentanglement and its cost",
       .slide = "6.S191 L4, \"Latent space disentanglement with β -VAEs\"",
       .look =
           "In the upper row the head turns and the rest changes with it; in the lower row it turns and "
           "the smile stays. The table gives the ranges, and the bars show how few dimensions are active at "
           "beta = 4. At beta = 250 the code of the sprites is empty."},
      lesson);
}
