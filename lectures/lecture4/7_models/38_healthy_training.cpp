// What losses look like when a training goes well, and when it fails: the same network and data, one setting
// changed. Three trainings of this lecture: a VAE's KL term, a GAN's D, a diffusion's loss. The page
// healthy.md explains the curves.
//
// 6.S191 L4, "VAE optimization", "Training GANs", "Deep Generative Modeling: Summary"
#include <cmath>

#include "3_variational/vae.hpp"
#include "5_adversarial/point_gan.hpp"
#include "7_models/denoiser.hpp"

namespace gradus::lecture {

/// The KL term over a VAE's training; the reconstruction term is divided by `pixels`,
/// the KL term has the weight beta.
Curve kl_curve(Program& program, const std::string& name, const Dataset& digits, Real pixels, Real beta,
               double warm_up) {
  Rng weights = program.rng.split("VAE weights"), noise = program.rng.split(name + " measured");
  Vae vae(weights, {784, 200, 10});
  const Likelihood scaled = [=](const Var& logits, const Tensor& x) { return bernoulli(logits, x) / pixels; };
  const VaeCurves curves = train_vae(program, name, vae, digits,
                                     {.steps = program.pick<Index>(900, 4000, 6),
                                      .decay = false,
                                      .beta = beta,
                                      .warm_up = warm_up,
                                      .likelihood = scaled});
  const VaeMeasure measured = measure_vae(vae, digits.images.rows(0, 500), bernoulli, noise);
  program.figure(name + "_kl", measured.kl);
  program.figure(name + "_active_units", measured.active());
  program.figure(name + "_nll", measured.reconstruction);
  return curves.kl;
}

void of_vae(Program& program) {
  const Dataset digits = program.digits({.train = 12000}).train.flat();
  const Curve sum = kl_curve(program, "vae_sum", digits, 1, 1, 0),
              averaged = kl_curve(program, "vae_mean", digits, 784, 1, 0),
              heavy = kl_curve(program, "vae_beta30", digits, 1, 30, 0),
              warmed = kl_curve(program, "vae_beta30_warmed", digits, 1, 30, 0.6);
  program.plot(
      "vae_kl",
      Plot("A VAE's KL term")
          .x("step")
          .y("nats per digit")
          .line("sum over pixels, beta 1", sum.x, sum.y)
          .line("mean over pixels, beta 1", averaged.x, averaged.y)
          .line("sum, beta 30", heavy.x, heavy.y)
          .line("sum, beta 30, warm-up", warmed.x, warmed.y),
      "Healthy: after the first steps the KL term rises and stays at many nats. With the mean over 784 "
      "pixels "
      "the same beta is 784 times as heavy: the code collapses. Beta 30 is too heavy even with a warm-up");
}

/// D's loss over the training of a GAN of the ring; reports its end, and the modes that G covers.
Curve d_curve(Program& program, const std::string& name, const GanTraining& how) {
  Rng weights = program.rng.split("GAN weights"), noise = program.rng.split(name + " noise");
  const GaussianMixture ring = ring_of_gaussians();
  PointNet generator(weights, {how.noise_size, 128, 128, 2}, relu),
      discriminator(weights, {2, 128, 128, 1}, leaky);
  Ema average(generator, Real(0.99));
  Film end({how.steps}, Tensor::randn({2500, how.noise_size}, noise), Tensor::zeros({1, 2}));
  const GanCurves curves = train_gan(program, name, generator, discriminator, average, ring, how, end);
  program.figure(name + "_d_loss", curves.d_loss);
  program.figure(name + "_modes", mode_coverage(end.fakes(0), ring.centers, ring.deviation).modes);
  return curves.d;
}

void of_gan(Program& program) {
  const GanTraining both{
      .steps = program.pick<Index>(1500, 6000, 6), .noise_size = 16, .decay = false, .penalty = Real(0.1)};
  GanTraining frozen_g = both, slow_d = both;
  frozen_g.lr_generator = frozen_g.penalty = 0;
  slow_d.lr_discriminator = Real(1e-6);
  const Curve healthy = d_curve(program, "gan_healthy", both),
              strong = d_curve(program, "gan_frozen_g", frozen_g),
              weak = d_curve(program, "gan_slow_d", slow_d);
  const double guess = 2 * std::log(2.0), end = healthy.x.back();
  program.plot("gan_d",
               Plot("D's loss, real and fake")
                   .x("step")
                   .y("nats")
                   .line("both learn", healthy.x, healthy.y)
                   .line("G does not learn, no penalty", strong.x, strong.y)
                   .line("D hardly learns", weak.x, weak.y)
                   .reference("guessing, 2 log 2", {0, end}, {guess, guess}),
               "Healthy: somewhat below 2 log 2 = 1.386. Near 0: D is certain, and G would get no useful "
               "gradient. Far "
               "above: G has found points that D calls real, and D does not learn from it");
}

/// The loss of a diffusion of points. `wrong_time`:
/// the network is told a random time instead of the true one.
Curve diffusion_curve(Program& program, const std::string& name, Real lr, bool wrong_time) {
  Rng weights = program.rng.split("diffusion weights");
  const GaussianMixture ring = ring_of_gaussians();
  PointDenoiser net(weights, 2, 128);
  Ema average(net, Real(0.995), true);
  Rng times = program.rng.split("wrong times");
  const LabelledNetwork network = [&](const Var& x, const Tensor& t, const std::vector<int>&) {
    return net(x, wrong_time ? Tensor::uniform(t.shape(), times) : t);
  };
  const Draw data = [&](Index count, Rng& rng) -> Labelled {
    return {affine(ring.sample(count, rng), 1 / Real(1.45), 0).value()};
  };
  Curve curve = train_denoiser(program, name, net, average, network, data, cosine_schedule(100),
                               {.steps = program.pick<Index>(1500, 6000, 6), .lr = lr});
  program.figure(name + "_loss", curve.y.back());
  return curve;
}

void of_diffusion(Program& program) {
  const Curve healthy = diffusion_curve(program, "diffusion_healthy", Real(2e-3), false),
              blind = diffusion_curve(program, "diffusion_wrong_time", Real(2e-3), true),
              slow = diffusion_curve(program, "diffusion_slow", Real(2e-6), false);
  program.plot("diffusion_loss",
               Plot("A diffusion's loss")
                   .x("step")
                   .y("mean squared error")
                   .line("healthy", healthy.x, healthy.y)
                   .line("told a random time", blind.x, blind.y)
                   .line("learning rate 1000 times smaller", slow.x, slow.y)
                   .reference("predicting 0", {0, healthy.x.back()}, {1, 1}),
               "The prediction 0 has the loss 1. A healthy training falls quickly and then hardly moves, at "
               "a value that is "
               "not 0: the noise is not determined by the noisy point");
}

void healthy_training(Program& program) {
  of_vae(program);
  of_gan(program);
  of_diffusion(program);
  program.headline(text("VAE: KL ", fixed(program.figure("vae_sum_kl"), 1), " nats, collapsed ",
                        fixed(program.figure("vae_mean_kl"), 2), "; D's loss ",
                        fixed(program.figure("gan_healthy_d_loss"), 2), ", too certain ",
                        fixed(program.figure("gan_frozen_g_d_loss"), 2), "; diffusion ",
                        fixed(program.figure("diffusion_healthy_loss"), 2), ", time unknown ",
                        fixed(program.figure("diffusion_wrong_time_loss"), 2)));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "38_healthy_training",
       .title = "Healthy and failing trainings",
       .slide = "6.S191 L4, \"VAE optimization\", \"Training GANs\", \"Deep Generative Modeling: Summary\"",
       .look = "In each plot one curve is healthy, and the others have one setting changed. A loss alone "
               "does not tell how "
               "good samples are; its place relative to a baseline tells whether the network learns."},
      healthy_training);
}
