// A GAN conditioned on the label of the digit: the label is part of G's input,
// and D sees it with the picture.
//
// 6.S191 L4, "Conditional GANs"
#include <cmath>

#include "5_adversarial/dcgan.hpp"

namespace gradus::lecture {

/// `columns` noise vectors, each with every label: row-major [10 * columns, K], row = label.
Tensor every_label(const Dcgan& gan, Index columns, Rng& rng) {
  const Tensor styles = Tensor::randn({columns, gan.recipe.noise}, rng);
  std::vector<Index> style;
  std::vector<int> labels;
  for (Index i = 0; i < 10 * columns; ++i) style.push_back(i % columns), labels.push_back(int(i / columns));
  return with_label(styles.gather(style), labels, 10).value();
}

/// For each digit, the share of its pictures that the judge classifies as that digit.
std::vector<double> obedience(const std::vector<int>& seen, const std::vector<int>& wanted) {
  std::vector<double> right(10), all(10);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    right[std::size_t(wanted[i])] += seen[i] == wanted[i];
    all[std::size_t(wanted[i])] += 1;
  }
  for (std::size_t c = 0; c < 10; ++c) right[c] /= all[c];
  return right;
}

void conditional(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  DcganRecipe recipe = dcgan_recipe(program);
  recipe.classes = 10;
  Dcgan gan(program, "conditional", recipe);
  Rng rng = program.rng.split("samples");
  std::vector<Index> looks;
  for (Index k = 1; k <= 8; ++k) looks.push_back(std::max(k, recipe.steps * k * k / 64));
  DigitFilm film(looks, every_label(gan, 10, rng));
  const DcganTraining training = train_dcgan(program, gan, digits.train, film);

  GridOptions sheet{.columns = 10, .row_labels = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  program.picture(
      "styles", image_grid(gan.pictures(film.noise()), sheet),
      "One row per label, one column per noise vector: the noise controls slant, weight and width");
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < film.size(); ++i) {
    sheet.title = text("step ", film.step(i));
    frames.push_back(image_grid(film.pictures(i), sheet));
  }
  program.animation("training", frames, {.frames_per_second = 2},
                    "The same labels and noise vectors during training");
  program.plot("losses", training.plot, "Losses of D and G, both conditioned on the label");

  const auto [held_out, others] = halves(digits.test);
  const Index count = std::min(program.pick<Index>(5000, 5000, 200), others.size());
  std::vector<int> wanted;
  for (Index i = 0; i < count; ++i) wanted.push_back(static_cast<int>(i % 10));
  const Tensor drawn = gan.pictures(gan.noise(count, one_hot(wanted, 10), rng));
  const std::vector<double> each = obedience(judge.classify(drawn), wanted);
  const auto worst = std::min_element(each.begin(), each.end());
  program.figure("cgan_accuracy", judge.accuracy(drawn, wanted));
  program.figure("worst_digit", static_cast<double>(worst - each.begin()));
  program.figure("worst_digit_accuracy", *worst);
  const Moments reference = moments_of(judge.features(held_out.images));
  program.figure("fid_samples", static_cast<double>(count));
  program.figure("cgan_fid", frechet_distance(moments_of(judge.features(drawn)), reference));
  program.figure("cgan_fid_real",
                 frechet_distance(moments_of(judge.features(others.take(count).images)), reference));
  program.figure("judge_accuracy", judge.accuracy(digits.test.images, digits.test.labels));
  program.figure("cgan_seconds", training.seconds);
  program.headline(
      text("samples match their label in ", std::round(1000 * program.figure("cgan_accuracy")) / 10,
           " % of cases; the worst digit is ", worst - each.begin(), " (", std::round(100 * *worst),
           " %); FID ", std::round(10 * program.figure("cgan_fid")) / 10, " (N = ", count, "; real digits ",
           std::round(10 * program.figure("cgan_fid_real")) / 10, ")"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "29_conditional_gan",
                      .title = "Conditional GAN: digits by label",
                      .slide = "6.S191 L4, \"Conditional GANs\"",
                      .look = "Every row shows its digit; along a column, slant and weight tend to stay the "
                              "same. D gets the label with every picture and rejects a clear 3 under the "
                              "label 5, so G must generate every class."},
                     conditional);
}
