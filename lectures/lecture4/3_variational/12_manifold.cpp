// The learned manifold: a grid on the unit square, mapped through the inverse Gaussian CDF and decoded.
//
// DS542, "Figure 4" (Kingma, Welling 2014).
// Coordinates are (i + 1/2)/n, because the inverse CDF is infinite at 0 and 1.
#include <cmath>
#include <set>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

void digits(Program& program) {
  const Split data = program.digits().flat();
  Rng rng = program.rng.split("digits");
  Vae vae(rng, {784, 400, 200, 2});
  train_vae(program, "manifold", vae, data.train, {.epochs = program.epochs(data.train, 2, 20)});
  Judge judge(program, data.train);

  const Tensor sheet = vae.pictures(quantile_sheet(20));
  const std::vector<int> seen = judge.classify(sheet);
  const VaeMeasure measured = measure_vae(vae, data.test.images, bernoulli, rng);
  program.figure("manifold_neg_elbo", measured.neg_elbo());
  program.figure("manifold_kl", measured.kl);
  program.figure("manifold_classes", static_cast<double>(std::set<int>(seen.begin(), seen.end()).size()));
  program.picture(
      "digits",
      image_grid(sheet, {.columns = 20, .padding = 0, .title = "Two latent dimensions, one digit per pair"}),
      "Neighbouring codes decode to similar digits; between two classes one digit changes gradually into the "
      "other");
  const Dataset kept = data.test.take(400);  // shown by the studio
  const std::vector<Real> labels(kept.labels.begin(), kept.labels.end());
  write_safetensors(program.folder() / "test_digits.safetensors",
                    {{"digits.images", kept.images}, {"digits.labels", Tensor::of({kept.size()}, labels)}});
  const Dataset shown = data.test.take(5000);
  program.plot(
      "latent",
      Plot("Means of q(z|x), test digits")
          .x("z1")
          .y("z2")
          .equal()
          .scatter(vae.encode(shown.images).mu.value(), shown.labels),
      "The prior makes the codes round and without gaps. Compare the codes of the plain autoencoder");
}

/// A Gaussian decoder with one learned log sigma, 560-200 tanh-2-200 tanh-560.
struct FaceVae : Module {
  FaceVae(Rng& random, Index pixels)
      : Module(random),
        hidden(*this, "hidden", pixels, 200),
        mu(*this, "mu", 200, 2),
        logvar(*this, "logvar", 200, 2),
        decoder(*this, "decoder", {2, 200, pixels}, tanh),
        log_sigma(Tensor::full({1}, -2)) {
    add_parameter("log_sigma", log_sigma);
  }
  Linear hidden, mu, logvar;
  Mlp decoder;
  Parameter log_sigma;
  Code encode(const Var& x) {
    const Var h = tanh(hidden(x));
    return {mu(h), clamp(logvar(h), -10, 10)};
  }
  Var decode(const Var& z) { return sigmoid(decoder(z)); }
  /// (nll, kl), each [B]
  std::pair<Var, Var> terms(const Tensor& x, Rng& noise) {
    const auto [m, v] = encode(x);
    const Var z = reparameterize(m, v, Tensor::randn(m.shape(), noise));
    return {learned_gaussian_nll(decode(z), kept_log_sigma(), x), gaussian_kl(m, v)};
  }
  /// sigma stays above 0.02. Memorised faces would drive it to zero and the bound to infinity.
  Var kept_log_sigma() { return clamp(log_sigma, std::log(Real(0.02)), 3); }
};

void faces(Program& program) {
  const FreyFaces frey = frey_faces(program.options.data, program.options.seed);
  program.dataset(frey.note);
  const Dataset all = frey.data.flat();
  Rng rng = program.rng.split("faces");
  const std::vector<Index> order = rng.permutation(all.size());
  const auto part = [&](Index first, Index last) {
    return all.select(
        std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
  };
  const Dataset test = part(0, 200), train = part(200, all.size());

  FaceVae vae(rng, all.images.dim(1));
  Adam adam(vae.parameters());
  Loader loader(train, {.batch = 100, .shuffle = true, .drop_last = true}, rng.split("order"));
  Trainer trainer(program.session(), "faces",
                  {{"model", vae}, {"adam", adam}, {"noise", rng}, {"loader", loader}},
                  Steps{program.pick<Index>(1500, 6000, 30)});
  while (trainer.next()) {
    const Batch& batch = loader.next();
    adam.lr = Real(2e-3) * decay_second_half(trainer.progress());
    Var recon, divergence;
    descend(adam, [&] {
      const auto [nll, kl] = vae.terms(batch.images, rng);
      recon = mean(nll), divergence = mean(kl);
      return vae_loss(recon, divergence);
    });
    trainer.report({{"nll", recon}, {"KL", divergence}});
  }
  const auto [nll, kl] = vae.terms(test.images, rng);
  program.figure("frey_bound", -(mean(nll).item() + mean(kl).item()));
  program.figure("frey_sigma", std::exp(double(vae.kept_log_sigma().item())));
  program.figure("frey_rmse",
                 std::sqrt(mean(squared_error(vae.decode(vae.encode(test.images).mu), test.images)).item() /
                           double(all.images.dim(1))));
  const Shape one = frey.data.images.shape();
  const Tensor sheet = vae.decode(quantile_sheet(12)).value().reshape({144, one[1], one[2], 1});
  program.picture(
      "faces",
      image_grid(sheet, {.columns = 12, .padding = 0, .title = "Two latent dimensions, one face per pair"}),
      "What changes along a row, and what along a column? The model chose both without supervision");
}

void lesson(Program& program) {
  digits(program);
  faces(program);
  program.headline(text("two latent dimensions span ", program.figure("manifold_classes"),
                        " classes of digits; the bound for faces is ", program.figure("frey_bound"),
                        " nats"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "12_manifold",
                      .title = "Learned manifolds of digits and faces",
                      .slide = "DS542, \"Figure 4\" (Kingma, Welling 2014: learned data manifold)",
                      .look = "Follow a row or a column of either sheet: are there jumps? How many classes "
                              "of digits appear, and which change into which?"},
                     lesson);
}
