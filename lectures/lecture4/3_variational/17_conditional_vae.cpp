// A conditional VAE: encoder and decoder take the label. With a code of 16 dimensions the decoder ignores it.
// DS542, "Conditional VAEs"
#include <cmath>

#include "3_variational/vae.hpp"

namespace gradus::lecture {

struct ConditionalVae : Vae {
  ConditionalVae(Rng& random, Index code) : Vae(random, {784, 400, code}, relu, 10) {}
  using Labels = std::vector<int>;
  Code encode(const Tensor& x, const Labels& y) { return Vae::encode(with_label(x, y, 10)); }
  Var decode(const Var& z, const Labels& y) { return Vae::decode(with_label(z, y, 10)); }
};

void train(Program& program, const std::string& name, ConditionalVae& vae, const Dataset& data) {
  Rng noise = program.rng.split(name);
  Adam adam(vae.parameters());
  Loader loader(data, {.batch = 128, .shuffle = true}, noise.split("order"));
  Trainer trainer(program.session(), name, {{"model", vae}, {"adam", adam}, {"noise", noise}}, loader,
                  program.epochs(data, 4, 10));
  for (const Batch& batch : trainer) {
    adam.lr = Real(1e-3) * decay_second_half(trainer.progress());
    Var recon, kl;
    descend(adam, [&] {
      const auto [mu, logvar] = vae.encode(batch.images, batch.labels);
      const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), noise));
      recon = mean(bernoulli_nll(vae.decode(z, batch.labels), batch.images));
      kl = mean(gaussian_kl(mu, logvar));
      return vae_loss(recon, kl);
    });
    trainer.report({{"reconstruction", recon}, {"KL", kl}});
  }
}

/// One row per z, one column per label: [80, 784].
Tensor style_sheet(ConditionalVae& vae, Index code, Rng rng) {
  const Tensor styles = Tensor::randn({8, code}, rng);
  std::vector<Index> row_of;
  std::vector<int> labels;
  for (Index i = 0; i < 80; ++i) row_of.push_back(i / 10), labels.push_back(static_cast<int>(i % 10));
  return sigmoid(vae.decode(styles.gather(row_of), labels)).value();
}

/// Accuracy of the classifier argmax over labels y of the bound for (x, y).
/// The model was not trained to classify.
double bound_accuracy(ConditionalVae& vae, const Dataset& data, Rng& rng) {
  std::vector<int> best(static_cast<std::size_t>(data.size()));
  std::vector<double> least(best.size(), INFINITY);
  for (int label = 0; label < 10; ++label) {
    const std::vector<int> y(best.size(), label);
    const auto [mu, logvar] = vae.encode(data.images, y);
    Tensor loss = gaussian_kl(mu, logvar).value();
    for (int draw = 0; draw < 4; ++draw) {
      const Tensor nll =
          bernoulli_nll(vae.decode(reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng)), y),
                        data.images)
              .value();
      for (Index i = 0; i < loss.size(); ++i) loss[i] += nll[i] / 4;
    }
    for (std::size_t i = 0; i < best.size(); ++i)
      if (loss[static_cast<Index>(i)] < least[i]) least[i] = loss[static_cast<Index>(i)], best[i] = label;
  }
  return double(agreement(best, data.labels)) / double(best.size());
}

void conditional(Program& program) {
  const Split digits = program.digits().flat();
  Judge judge(program, digits.train);
  std::vector<Tensor> sheets;
  double accuracy[2];
  int which = 0;
  for (const Index code : {16, 3}) {
    Rng init = program.rng.split(text("init", code)), rng = program.rng.split("sample");
    ConditionalVae vae(init, code);
    train(program, text("cvae_", code), vae, digits.train);
    const Index count = program.pick<Index>(5000, 5000, 200);
    std::vector<int> wanted;
    for (Index i = 0; i < count; ++i) wanted.push_back(static_cast<int>(i % 10));
    const Tensor samples = sigmoid(vae.decode(Tensor::randn({count, code}, rng), wanted)).value();
    accuracy[which] = judge.accuracy(samples, wanted);
    program.figure(code == 16 ? "conditional_accuracy_wide" : "conditional_accuracy", accuracy[which]);
    if (code == 3)
      program.figure("bound_classifier_accuracy", bound_accuracy(vae, digits.test.take(2000), rng));
    sheets.push_back(image_grid(
        style_sheet(vae, code, rng.split("style")),
        {.columns = 10,
         .title = text(code, " latent dimensions: ", std::round(100 * accuracy[which]), " % match the label"),
         .column_labels = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}}));
    ++which;
  }
  program.picture("styles", hstack(sheets, 24),
                  "One row per z, one column per label. Left, z contains the class and the label is ignored; "
                  "right, z contains only the style");
  program.headline(text("samples match their label in ", std::round(100 * accuracy[0]),
                        " % of cases with 16 latent dimensions and in ", std::round(100 * accuracy[1]),
                        " % with 3"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "17_conditional_vae",
       .title = "Conditional VAE: style and content",
       .slide = "DS542, \"Conditional VAEs\"",
       .look = "Right: along a row, slant and weight stay while the digit changes. Left: with 16 latent "
               "numbers the code also contains the class, and the label changes little."},
      conditional);
}
