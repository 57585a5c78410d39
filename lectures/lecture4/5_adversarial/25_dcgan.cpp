// A convolutional GAN that generates digits.
// 6.S191 L4, "Training GANs"; DS542, "Quantifying Performance - ..."
#include <cmath>

#include "5_adversarial/dcgan.hpp"

namespace gradus::lecture {

/// A "generator" that memorised ten digits: repeats, for each class,
/// the digit with the judge's highest probability.
Tensor ten_by_heart(Judge& judge, const Dataset& train, Index count) {
  const Dataset some = train.take(2000);
  const Tensor p = judge.probabilities(some.images);
  std::vector<Index> best(10, 0), rows;
  for (Index n = 0; n < some.size(); ++n)
    for (Index c = 0; c < 10; ++c)
      if (p[n * 10 + c] > p[best[static_cast<std::size_t>(c)] * 10 + c])
        best[static_cast<std::size_t>(c)] = n;
  for (Index n = 0; n < count; ++n) rows.push_back(best[static_cast<std::size_t>(n % 10)]);
  return some.images.gather(rows);
}

/// FID of real digits x [N, 28, 28, 1] under known distortions: noise of standard deviation 0.1 per pixel,
/// and a blur that takes the mean of 3 x 3 pixels.
void damages(Program& program, Judge& judge, const Tensor& x, const Moments& reference) {
  Rng rng = program.rng.split("noise on real digits");
  const Var noisy = Var(x) + Var(Tensor::randn(x.shape(), rng, 0, Real(0.1)));
  const Var blurred = conv2d(x, Tensor::full({1, 3, 3, 1}, Real(1) / 9), {.padding = 1});
  program.figure("dcgan_fid_noise", frechet_distance(moments_of(judge.features(noisy.value())), reference));
  program.figure("dcgan_fid_blur", frechet_distance(moments_of(judge.features(blurred.value())), reference));
}

void report(Program& program, const std::string& who, const PictureScores& scores) {
  program.figure(who + "_fid", scores.fid);
  program.figure(who + "_is", scores.inception);
  program.figure(who + "_precision", scores.neighbours.precision);
  program.figure(who + "_recall", scores.neighbours.recall);
  program.figure(who + "_density", scores.neighbours.density);
  program.figure(who + "_coverage", scores.neighbours.coverage);
  program.figure(who + "_sure", scores.sure);
  program.figure(who + "_modes", scores.modes.modes);
}

/// One row per step, one column per noise vector.
Tensor over_steps(const DigitFilm& film) {
  std::vector<Index> chosen;
  std::vector<std::string> labels;
  Tensor rows({static_cast<Index>(film.size()) * 10, 28, 28, 1});
  for (std::size_t i = 0; i < film.size(); ++i) {
    const auto first = static_cast<Index>(i) * 10;
    rows.rows(first, first + 10).copy_from(film.pictures(i).rows(0, 10));
    labels.push_back(std::to_string(film.step(i)));
  }
  return image_grid(rows, {.columns = 10, .title = "step", .row_labels = labels});
}

void pictures(Program& program, Dcgan& gan, const DigitFilm& film) {
  program.picture("over_steps", over_steps(film),
                  "One column per noise vector, one row per step, generated with the weights of that step: "
                  "first a blot, then a stroke, then a digit. Samples and scores use the averaged weights");
  program.picture("samples", image_grid(gan.pictures(film.noise()), {.columns = 10}),
                  "A hundred samples at the end, not selected, generated with the averaged weights");
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < film.size(); ++i)
    frames.push_back(image_grid(film.pictures(i), {.columns = 10, .title = text("step ", film.step(i))}));
  program.animation(
      "training", frames, {.frames_per_second = 2},
      "The same hundred noise vectors during training, generated with the weights of each step");
}

void dcgan(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  const DcganRecipe recipe = dcgan_recipe(program);
  Dcgan gan(program, "dcgan", recipe);
  Rng rng = program.rng.split("samples");
  std::vector<Index> looks;
  for (Index k = 1; k <= 10; ++k) looks.push_back(std::max(k, recipe.steps * k * k / 100));
  DigitFilm film(looks, gan.noise(100, {}, rng));
  const Halves test = halves(digits.test);
  ScoreFilm scores = dcgan_scores(program, judge, gan, test);
  const auto train = [&] { return train_and_keep(program, gan, digits.train, film, &scores); };
  const DcganTraining training =
      program.leads() ? with_cached(kept_at(program, gan, digits.train), train) : train();
  if (!program.leads()) return;

  pictures(program, gan, film);
  Plot losses = training.plot;
  const double last = static_cast<double>(recipe.steps);
  program.plot("losses",
               losses.reference("D at 1/2, 2 log 2", {0, last}, {2 * std::log(2), 2 * std::log(2)})
                   .reference("G at D = 1/2, log 2", {0, last}, {std::log(2), std::log(2)})
                   .x("step")
                   .y("nats"),
               "A healthy training: D is better than guessing, so its loss stays below 2 log 2 and G's above "
               "log 2, but D is never certain: with a D loss near 0, G would get no useful gradient");
  program.plot("fid_over_seconds",
               Plot("FID over training time")
                   .line_points("averaged weights", scores.seconds(), scores.scores())
                   .log_y()
                   .x("seconds of training")
                   .y("FID"),
               "The distance to real digits falls during the whole training, while both losses stay level");
  const Index count = scores.noise().dim(0);
  const Tensor reference = judge.features(test.reference.images);
  program.figure("judge_accuracy", judge.accuracy(digits.test.images, digits.test.labels));
  program.figure("fid_samples", static_cast<double>(count));
  report(program, "dcgan", score(judge, gan.pictures(scores.noise()), reference));
  report(program, "real", score(judge, test.real.take(count).images, reference));
  report(program, "by_heart", score(judge, ten_by_heart(judge, digits.train, count), reference));
  damages(program, judge, test.real.take(count).images, moments_of(reference));
  program.figure("dcgan_seconds", training.seconds);
  program.figure("d_loss", training.d_loss);
  program.figure("g_loss", training.g_loss);
  program.headline(text("trained for ", std::round(training.seconds), " s: FID ",
                        std::round(program.figure("dcgan_fid")), " (N = ", count, "; real digits ",
                        std::round(program.figure("real_fid")), "), ", program.figure("dcgan_modes"),
                        " of 10 classes"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "25_dcgan",
       .title = "DCGAN: digits from noise",
       .slide = "6.S191 L4, \"Training GANs\"; DS542, \"What makes a good model?\", "
                "\"Quantifying Performance - Inception Score\", "
                "\"- Frechet Inception Distance\"",
       .look = "A column keeps its noise from step to step: strokes appear first, then their arrangement. "
               "Most of the hundred digits are legible, some are not. G's loss does not fall while its "
               "pictures improve, so scores measure them. One score is not enough: ten memorised digits have "
               "the best possible inception score and the worst coverage.",
       .shards = true},
      dcgan);
}
