// Inversion: which noise vector gives this digit? A GAN has no encoder, so z is found by gradient descent; a
// VAE computes its code in one pass. DS542, "Latent Variables"
#include <cmath>

#include "3_variational/vae.hpp"
#include "5_adversarial/dcgan.hpp"

namespace gradus::lecture {

/// z and the pictures G(z), one row per digit, with the squared error over steps.
struct Inversion {
  Tensor z, pictures, errors;  ///< [N, K], [N, 784], [N]
  std::vector<double> steps, mean_errors;
  double seconds = 0;
};

/// Minimises ||G(z) - x||^2 over z with Adam, from `starts` random z per digit, and keeps the best of each. G
/// is frozen and in evaluation mode, so a picture depends on its own z only.
Inversion invert(Dcgan& gan, const Tensor& x, Index starts, Index steps, Rng& rng) {
  const Index N = x.dim(0), K = gan.recipe.noise;
  std::vector<Index> each;
  for (Index i = 0; i < N * starts; ++i) each.push_back(i / starts);
  const Tensor targets = x.gather(each);
  const Ema::Applied averaged(gan.average);
  const EvalMode evaluation(gan.generator);
  const Frozen constant(gan.generator);
  Parameter z(Tensor::randn({N * starts, K}, rng));
  Adam adam({&z}, {.lr = Real(0.05)});
  Inversion out;
  Stopwatch watch;
  Var pictures, errors;
  const auto forward = [&] {
    pictures = reshape(affine(gan.generator(z), 0.5, 0.5), targets.shape());
    errors = squared_error(pictures, targets);
  };
  Progress bar("inversion", steps);
  for (Index step = 0; step < steps; ++step) {
    adam.lr = Real(0.05) * decay_second_half(static_cast<double>(step) / static_cast<double>(steps));
    const Real error = descend(adam, [&] { return forward(), mean(errors); });
    if (step % std::max<Index>(1, steps / 50) == 0)
      out.steps.push_back(static_cast<double>(step)), out.mean_errors.push_back(error);
    bar.tick({{"error", error}});
  }
  forward();
  watch.lap();
  out.seconds = static_cast<double>(watch.microseconds) / 1e6;
  std::vector<Index> best;
  for (Index n = 0; n < N; ++n) {
    const Real* first = errors.value().data() + n * starts;
    best.push_back(n * starts + (std::min_element(first, first + starts) - first));
  }
  out.z = z.value.gather(best), out.pictures = pictures.value().gather(best);
  out.errors = errors.value().gather(best);
  return out;
}

/// Mean of |z|^2 / K; 1 for noise.
double mean_length(const Tensor& z) {
  double sum = 0;
  for (const Real v : z.values()) sum += double{v} * double{v};
  return sum / static_cast<double>(z.size());
}

/// Squared error of the answer that is the same for every digit: the mean digit.
double mean_digit_error(const Tensor& train, const Tensor& test) {
  const std::vector<Index> same(static_cast<std::size_t>(test.dim(0)), 0);
  const Tensor answer = column_means(train).value().reshape({1, train.dim(1)}).gather(same);
  return double{mean(squared_error(answer, test)).item()};
}

void inversion(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  Dcgan gan(program, "dcgan", dcgan_recipe(program));
  load_or_train(program, gan, digits.train);
  const Index count = program.pick<Index>(200, 1000, 12), steps = program.pick<Index>(200, 400, 4);
  const Dataset test = digits.test.take(count).flat();
  Rng rng = program.rng.split("inversion");
  const Inversion found = invert(gan, test.images, 4, steps, rng);

  Rng init = program.rng.split("vae");
  const Dataset train = digits.train.flat();
  Vae vae(init, {784, 400, gan.recipe.noise});
  train_vae(program, "vae", vae, train, {.epochs = program.epochs(train, 2, 30)});
  Stopwatch watch;
  const Tensor coded = vae.pictures(vae.encode(test.images).mu.value());
  watch.lap();
  const double encoder_seconds = static_cast<double>(watch.microseconds) / 1e6;

  const double by_search = double{mean(Var(found.errors)).item()},
               by_encoder = double{mean(squared_error(coded, test.images)).item()};
  const std::vector<int> labels = judge.classify(test.images);
  const auto kept = [&](const Tensor& pictures) {
    return static_cast<double>(agreement(judge.classify(pictures), labels)) / static_cast<double>(count);
  };
  program.figure("inversion_error", by_search);
  program.figure("encoder_error", by_encoder);
  program.figure("inversion_class_kept", kept(found.pictures));
  program.figure("encoder_class_kept", kept(coded));
  program.figure("inversion_seconds", found.seconds);
  program.figure("encoder_seconds", encoder_seconds);
  program.figure("inversion_z_length", mean_length(found.z));
  program.figure("mean_digit_error", mean_digit_error(train.images, test.images));
  std::vector<Tensor> rows;
  const Index shown = std::min<Index>(15, count);
  for (const Tensor& part : {test.images, found.pictures, coded}) rows.push_back(part.rows(0, shown));
  program.picture(
      "digits",
      vstack({image_grid(rows[0], {.columns = shown, .title = "test digits"}),
              image_grid(rows[1], {.columns = shown, .title = "GAN: G(z) for the z found by descent"}),
              image_grid(rows[2], {.columns = shown, .title = "VAE: encoded and decoded"})},
             4),
      "Each digit, the nearest picture that the generator was found to make, and the VAE's reconstruction "
      "from one pass of its encoder. A digit that G never learned to draw comes back as another one");
  program.plot("search",
               Plot("Search for z")
                   .line("mean over digits and starts", found.steps, found.mean_errors)
                   .reference("VAE, one pass", {0, static_cast<double>(steps)}, {by_encoder, by_encoder})
                   .x("step")
                   .y("squared error"),
               "The error of a picture as its z is moved; the encoder needs no search");
  program.headline(text("squared error ", fixed(by_search, 1), " after a search of ", fixed(found.seconds, 1),
                        " s; VAE ", fixed(by_encoder, 1), " in ", fixed(encoder_seconds, 3), " s"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "27_inversion",
       .title = "Inversion: which noise gave this digit?",
       .slide = "DS542, \"Latent Variables\"",
       .look = "The search finds a z whose G(z) is close to the digit, and sharp even where it is wrong. "
               "The VAE's reconstruction is smooth and less close, but needs one pass instead of hundreds."},
      inversion);
}
