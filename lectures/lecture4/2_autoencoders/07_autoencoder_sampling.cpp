// Can an autoencoder generate new digits? Only if the distribution of its codes is known.
// With 20 examples, it memorises the training set.
//
// DS542, "Can we generate new samples with autoencoder?" and "Extreme case: Memorization"
#include <algorithm>
#include <cmath>

#include "2_autoencoders/digit_autoencoder.hpp"

namespace gradus::lecture {

/// Codes sampled from a Gaussian with the mean and covariance of the real codes:
/// z = mean + sum_k sqrt(lambda_k) e_k v_k.
Tensor fitted_gaussian(const Tensor& codes, Index count, Rng& rng) {
  const Pca axes = fit_pca(codes, codes.dim(1));
  Tensor z = Tensor::randn({count, codes.dim(1)}, rng);
  for (Index i = 0; i < z.size(); ++i) z[i] *= std::sqrt(axes.variances[i % codes.dim(1)]);
  return axes.decode(z);
}

/// Codes sampled uniformly from the bounding box of the real codes.
Tensor bounding_box(const Tensor& codes, Index count, Rng& rng) {
  Tensor z = Tensor::uniform({count, codes.dim(1)}, rng);
  for (Index k = 0; k < codes.dim(1); ++k) {
    const std::vector<double> values = column(codes, k);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    for (Index i = 0; i < count; ++i)
      z[i * codes.dim(1) + k] = static_cast<Real>(*low + (*high - *low) * z[i * codes.dim(1) + k]);
  }
  return z;
}

/// Samples of one decoder, with codes from three distributions.
void sampling(Program& program, const Split& digits, Judge& judge) {
  const Index count = program.pick<Index>(2000, 5000, 200);
  const Moments real = moments_of(judge.features(digits.test.images));
  program.say(
      text("Frechet distances of N = ", count,
           " samples, in features of the judge; of a point mass at the mean: ", total_variance(real)));
  for (const Index code : {2, 5}) {
    const std::string tag = text(code, "d");
    Rng rng = program.rng.split(tag);
    Autoencoder model(rng, code);
    train_autoencoder(program, "autoencoder_" + tag, model, digits.train,
                      program.epochs(digits.train, 2, 20));

    const Tensor codes =
        model.encoder(digits.train.images.rows(0, std::min<Index>(10000, digits.train.size()))).value();
    const auto score = [&](const Tensor& images) {
      return frechet_distance(moments_of(judge.features(images)), real);
    };
    const auto row = [&](const char* how, const char* figure, const Tensor& z) {
      const Tensor images = model.decoder(z).value();
      const double distance = score(images);
      program.figure(text(figure, "_", tag), distance);
      return image_grid(images.rows(0, 60),
                        {.columns = 10, .title = text(how, ": FID ", std::round(distance))});
    };
    const Tensor normal = row("z from N(0, I)", "fid_normal", Tensor::randn({count, code}, rng));
    const Tensor box = row("z from the codes' box", "fid_box", bounding_box(codes, count, rng));
    const Tensor fitted = row("z from a fitted Gaussian", "fid_fitted", fitted_gaussian(codes, count, rng));
    program.figure(text("fid_reconstructions_", tag),
                   score(model(digits.test.images.rows(0, std::min(count, digits.test.size()))).value()));
    for (Index k = 0; k < code; ++k)
      program.figure(text("code_sd_", tag, "_", k + 1), std::sqrt(double(fit_pca(codes, code).variances[k])));
    program.picture("samples_" + tag, hstack({normal, box, fitted}, 24),
                    text("One decoder with ", code, " latent dimensions; codes from three distributions"));
  }
}

/// 784-512-1 and 1-256-512-784. The first decoder layer is wide and has large weights,
/// so that one number can address many pictures.
struct Memoriser : Module {
  Linear encoder1{*this, "encoder1", 784, 512}, encoder2{*this, "encoder2", 512, 1};
  Linear address{*this, "address", 1, 256}, decoder1{*this, "decoder1", 256, 512},
      decoder2{*this, "decoder2", 512, 784};
  explicit Memoriser(Rng& random) : Module(random) {
    address.w.value.copy_from(Tensor::uniform({256, 1}, random, -6, 6));
    address.b.value.copy_from(Tensor::uniform({256}, random, -12, 12));
  }
  Var encode(const Var& x) { return encoder2(relu(encoder1(x))); }
  Var decode(const Var& z) { return sigmoid(decoder2(relu(decoder1(tanh(address(z)))))); }
};

/// Squared distance from each row of x to its nearest row of y.
std::vector<double> nearest(const Tensor& x, const Tensor& y) {
  std::vector<double> out;
  for (Index i = 0; i < x.dim(0); ++i) {
    double best = INFINITY;
    for (Index j = 0; j < y.dim(0); ++j) {
      double distance = 0;
      for (Index d = 0; d < x.dim(1); ++d)
        distance += (x[i * x.dim(1) + d] - y[j * x.dim(1) + d]) * (x[i * x.dim(1) + d] - y[j * x.dim(1) + d]);
      best = std::min(best, distance);
    }
    out.push_back(best);
  }
  return out;
}

double share_below(const std::vector<double>& values, double limit) {
  return static_cast<double>(
             std::count_if(values.begin(), values.end(), [=](double v) { return v < limit; })) /
         static_cast<double>(values.size());
}

/// An autoencoder with one latent dimension memorises twenty digits.
void memorisation(Program& program, const Split& digits) {
  const Tensor twenty = digits.train.images.rows(0, 20),
               test = digits.test.images.rows(0, std::min<Index>(1000, digits.test.size()));
  Rng rng = program.rng.split("memorise");
  Memoriser model(rng);
  Adam adam(model.parameters());
  Trainer trainer(program.session(), "memoriser", {{"model", model}, {"adam", adam}},
                  Steps{program.pick<Index>(800, 1500, 50)});
  while (trainer.next()) {
    adam.lr = Real(1e-3) * linear_decay(trainer.progress(), Real(0.03));
    const Real loss =
        descend(adam, [&] { return mean(squared_error(model.decode(model.encode(twenty)), twenty)); });
    trainer.report({{"squared error", loss}});
  }

  const Tensor codes = model.encode(twenty).value();
  const auto [low, high] = std::minmax_element(codes.values().begin(), codes.values().end());
  Tensor line({400, 1});
  for (Index i = 0; i < 400; ++i) line[i] = *low + (*high - *low) * static_cast<Real>(i) / 399;
  const Tensor traversal = model.decode(line).value(), again = model.decode(model.encode(test)).value();
  program.figure("memorised_train_sq_error", mean(squared_error(model.decode(codes), twenty)).item());
  program.figure("memorised_test_sq_error", mean(squared_error(again, test)).item());
  program.figure("copies_of_training_digits", share_below(nearest(again, twenty), 10));
  program.figure("copies_along_the_code", share_below(nearest(traversal, twenty), 10));

  std::vector<Index> frames;
  for (Index i = 0; i < 40; ++i) frames.push_back(i * 399 / 39);
  program.picture(
      "memorised",
      vstack({image_grid(twenty, {.columns = 20, .title = "The twenty training digits"}),
              image_grid(traversal.gather(frames),
                         {.columns = 20, .title = "Forty steps along the only latent dimension"}),
              image_grid(test.rows(0, 20), {.columns = 20, .title = "Digits outside the training set"}),
              image_grid(again.rows(0, 20), {.columns = 20, .title = "Their reconstructions"})}),
      "The latent dimension has plateaus with sudden jumps. Compare the last two rows: many new digits are "
      "reconstructed as training digits");
}

void lesson(Program& program) {
  const Split digits = program.digits().flat();
  Judge judge(program, digits.train);
  sampling(program, digits, judge);
  memorisation(program, digits);
  program.headline(text("one decoder, 5 numbers: FID ", program.figure("fid_normal_5d"), " from N(0, I), ",
                        program.figure("fid_fitted_5d"), " from a Gaussian fitted to the codes"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "07_autoencoder_sampling",
       .title = "Can an autoencoder generate new digits?",
       .slide = "DS542, \"Can we generate new samples with autoencoder?\"",
       .look = "Training does not tie the codes to N(0, I), so samples from N(0, I) are poor. Codes from a "
               "Gaussian fitted to the training codes give far better digits with the same decoder. The "
               "decoder works; an autoencoder lacks a prior that says where to sample."},
      lesson);
}
