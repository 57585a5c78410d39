// C = 1/(2c), the weight of the squared error in nats, decides which directions
// of the data the code represents.
//
// DS542, "Putting it all together": loss = C ||x - f(z)||^2 + KL. The rule is exact for the linear VAE,
// which is probabilistic PCA: a direction with variance lambda is encoded if and only if 2 C lambda > beta.
#include <cmath>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

/// Number of directions that a linear VAE encodes with more than active_nats;
/// a direction costs 1/2 log(2 C lambda) nats.
Index worth_it(const Pca& pca, double C) {
  return std::count_if(pca.variances.values().begin(), pca.variances.values().end(),
                       [=](Real v) { return 0.5 * std::log(2 * C * double(v)) > active_nats; });
}

struct LinearVae : Module {
  LinearVae(Rng& random, Index pixels, Index code)
      : Module(random),
        mu(*this, "mu", pixels, code),
        logvar(Tensor::zeros({code})),
        decoder(*this, "decoder", code, pixels) {
    add_parameter("logvar", logvar);
  }
  Linear mu;
  Parameter logvar;  // shared by all examples, as in the exact posterior of a linear Gaussian model
  Linear decoder;
};

/// Number of active units of a linear VAE after training.
int linear_active(Program& program, const std::string& name, const Dataset& data, Index code, double C) {
  Rng rng = program.rng.split(name);
  LinearVae vae(rng, data.images.dim(1), code);
  Adam adam(vae.parameters(), {.lr = Real(3e-3)});
  Loader loader(data, {.batch = 256, .shuffle = true, .drop_last = true}, rng.split("order"));
  Trainer trainer(program.session(), name,
                  {{"model", vae}, {"adam", adam}, {"noise", rng}, {"loader", loader}},
                  Steps{program.pick<Index>(2000, 6000, 20)});
  const auto logvars = [&](Index rows) { return add_row(Tensor::zeros({rows, code}), vae.logvar); };
  while (trainer.next()) {
    const Tensor& x = loader.next().images;
    adam.lr = Real(3e-3) * linear_decay(trainer.progress(), Real(0.01));
    const Real loss = descend(adam, [&] {
      const Var mu = vae.mu(x), logvar = logvars(x.dim(0));
      const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng));
      return mean(
          vae_loss(fixed_gaussian_nll(vae.decoder(z), x, static_cast<Real>(C)), gaussian_kl(mu, logvar)));
    });
    trainer.report({{"loss", loss}});
  }
  const Tensor some = data.images.rows(0, std::min<Index>(2000, data.size()));
  const Tensor mu = vae.mu(some).value(), logvar = logvars(some.dim(0)).value();
  int active = 0;
  for (Index k = 0; k < code; ++k)
    active += mean(gaussian_kl(slice(mu, 1, k, k + 1), slice(logvar, 1, k, k + 1))).item() > active_nats;
  return active;
}

void noise(Program& program) {
  const Split digits = program.digits().flat();
  const Pca pca = fit_pca(digits.train.images, 1);
  Judge judge(program, digits.train);
  Rng rng = program.rng.split("measure");

  program.say("C      squared error    KL     active of 20");
  std::vector<Tensor> sheets;
  std::vector<double> Cs, errors, kls;
  const Tensor shown = digits.test.images.rows(0, 10);
  sheets.push_back(image_grid(shown, {.columns = 10, .title = "Test digits"}));
  for (const double C : {0.5, 5.0, 50.0}) {
    Rng init = program.rng.split("init");
    Vae vae(init, {784, 400, 20});
    const Likelihood likelihood = gaussian(static_cast<Real>(C));
    train_vae(program, text("C_", C), vae, digits.train,
              {.epochs = program.epochs(digits.train, 3, 10), .likelihood = likelihood});
    const VaeMeasure measured = measure_vae(vae, digits.test.images, likelihood, rng);
    Cs.push_back(C);
    errors.push_back(mean_code_error(vae, digits.test.images));
    kls.push_back(measured.kl);
    program.say(text(C, "      ", errors.back(), "          ", measured.kl, "   ", measured.active()));
    program.figure(text("sq_error_C", C), errors.back());
    program.figure(text("kl_C", C), measured.kl);
    program.figure(text("active_C", C), measured.active());
    const Index count = program.pick<Index>(2000, 5000, 200);
    const Tensor samples = vae.pictures(Tensor::randn({count, 20}, rng));
    program.figure(text("fid_C", C), frechet_distance(moments_of(judge.features(samples)),
                                                      moments_of(judge.features(digits.test.images.rows(
                                                          0, std::min(count, digits.test.size()))))));
    sheets.push_back(image_grid(
        concat({Var(vae.pictures(vae.encode(shown).mu.value())), Var(samples.rows(0, 10))}, 0).value(),
        {.columns = 10, .title = text("C = ", C, ": reconstructions, then samples")}));
  }
  program.picture("three_C", vstack(sheets),
                  "As C grows, reconstructions become sharper, but samples from the prior do not; they are "
                  "best at the middle C");
  program.plot("balance",
               Plot("Error and KL against C")
                   .x("C")
                   .y("squared error; KL in nats")
                   .log_x()
                   .line_points("squared error", Cs, errors)
                   .line_points("KL", Cs, kls),
               "From C = 5 to 50 the error hardly falls while the KL doubles");

  program.say(
      text("linear VAE:   C    used    principal variances lambda with 1/2 log(2 C lambda) > ", active_nats));
  double worst = 0;
  for (const double C : {0.1, 0.25, 0.5}) {
    const Index predicted = worth_it(pca, C);
    const int used = linear_active(program, text("linear_C_", C), digits.train, 24, C);
    program.say(text("              ", C, "    ", used, "     ", predicted));
    worst = std::max(worst, std::abs(double(used) - double(std::min<Index>(predicted, 24))));
  }
  program.figure("used_units_worst_difference", worst);
  program.headline(text("from C = 0.5 to 50, the KL goes from ", kls.front(), " to ", kls.back(),
                        " nats and the squared error from ", errors.front(), " to ", errors.back()));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "14_noise_variance",
       .title = "The weight C = 1/(2c) and the active dimensions",
       .slide = "DS542, \"Putting it all together\"",
       .look = "The same network at three values of C. Compare the number of active dimensions, "
               "the sharpness of the reconstructions, and the samples below them."},
      noise);
}
