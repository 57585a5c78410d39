// Trains an autoencoder with one linear layer in the encoder and one in the decoder,
// and compares it with PCA.
//
//   min over W_e, W_d of  sum ||W_d (W_e x + b_e) + b_d - x||^2
//
// DS542, "Neural Network Autoencoder - 1 Linear Layer"
#include <cmath>

#include "support/lecture.hpp"

namespace gradus::lecture {

struct LinearAutoencoder : Module {
  LinearAutoencoder(Rng& random, Index inputs, Index code)
      : Module(random), encoder(*this, "encoder", inputs, code), decoder(*this, "decoder", code, inputs) {}
  Linear encoder, decoder;
  Var operator()(const Var& x) { return decoder(encoder(x)); }
};

/// Five seeds on the slide's five points. Every run reaches PCA's loss; scale and sign of the code vary.
void five_points(Program& program) {
  const Tensor points = Tensor::of({5, 2}, {-.5, -.4, -.4, -.1, .1, 0, .3, .3, .5, .2});
  const Pca pca = fit_pca(points, 1);
  const double best = sum(squared_error(pca.reconstruct(points), points)).item();
  program.say("seed   loss      / PCA's    |cos(W_d, w)|   |cos(W_e, w)|   W_e W_d   code of A");
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng = program.rng.split("five points").split(seed);
    LinearAutoencoder net(rng, 2, 1);
    Adam adam(net.parameters(), {.lr = Real(0.02)});
    for (int step = 0; step < 3000; ++step) {
      adam.lr = Real(0.02) * decay_second_half(step / 3000.0);
      descend(adam, [&] { return sum(squared_error(net(points), points)); });
    }
    const double ratio = sum(squared_error(net(points), points)).item() / best;
    worst = std::max(worst, ratio);
    const Real *e = net.encoder.w.value.data(), *d = net.decoder.w.value.data(), *w = pca.components.data();
    const auto cosine = [w](const Real* v) {
      return std::abs(v[0] * w[0] + v[1] * w[1]) / std::hypot(v[0], v[1]);
    };
    program.say(text(pad_left(text(seed), 4), "   ", fixed(ratio * best, 6), "  ", fixed(ratio, 5), "    ",
                     fixed(cosine(d), 4), "          ", fixed(cosine(e), 4), "          ",
                     fixed(e[0] * d[0] + e[1] * d[1], 4), "    ",
                     fixed(net.encoder(points).value()[0], 3, 6)));
  }
  program.figure("five_points_over_pca_ratio", worst);
}

void digits(Program& program) {
  const Index code = 5, steps = program.pick<Index>(1500, 6000, 100);
  const Split data = program.digits().flat();
  const Tensor& test = data.test.images;
  const Pca pca = fit_pca(data.train.images, code);

  LinearAutoencoder net(program.rng, 784, code);
  Adam adam(net.parameters(), {.lr = Real(3e-3)});
  Loader loader(data.train, {.batch = 256, .shuffle = true, .drop_last = true}, program.rng.split("order"));
  Trainer trainer(program.session(), "linear", {{"model", net}, {"adam", adam}, {"loader", loader}},
                  Steps{steps});
  while (trainer.next()) {
    const Tensor& x = loader.next().images;
    adam.lr = Real(3e-3) * linear_decay(trainer.progress(), Real(0.01));
    trainer.report({{"loss", descend(adam, [&] { return mean(squared_error(net(x), x)); })}});
  }

  const double learned = mean(squared_error(net(test), test)).item();
  const double closed = mean(squared_error(pca.reconstruct(test), test)).item();
  // [5, 784]: the change of the picture per unit of the code
  const Tensor axes = transpose(net.decoder.w).value();
  const std::vector<double> cosines = principal_cosines(axes, pca.components);
  program.figure("linear_sq_error_5d", learned);
  program.figure("pca_sq_error_5d", closed);
  program.figure("linear_over_pca_ratio", learned / closed);
  std::string line = "cosines between the two five-dimensional subspaces:";
  for (std::size_t k = 0; k < cosines.size(); ++k) {
    line += text(" ", cosines[k]);
    program.figure(text("cosine_", k + 1), cosines[k]);
  }
  program.say(line);

  program.picture(
      "directions",
      vstack({image_grid(around_grey(pca.components),
                         {.columns = 5, .scale = 4, .title = "PCA's five components"}),
              image_grid(around_grey(axes),
                         {.columns = 5, .scale = 4, .title = "The trained decoder's five columns"})}),
      "The directions differ; the cosines measure how far the two subspaces agree");
  program.plot(
      "loss", trainer.plot("Training error of the linear autoencoder").x("step").y("squared error per digit"),
      "Gradient descent converges to the error that PCA reaches in closed form");
  program.headline(text("error over PCA's: ", learned / closed,
                        "; smallest cosine between the two subspaces: ", cosines.back()));
}

void lesson(Program& program) {
  five_points(program);
  digits(program);
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "05_linear_autoencoder",
       .title = "A linear autoencoder finds PCA's space, not PCA's axes",
       .slide = "DS542, \"Neural Network Autoencoder - 1 Linear Layer\"",
       .look =
           "The loss curve converges to PCA's error. The learned directions differ from the components; the "
           "printed cosines measure how far the two subspaces agree. The last cosine converges slowest."},
      lesson);
}
