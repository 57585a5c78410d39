// Outlier detection: what a likelihood calls unusual, and where it fails.
//
// 6.S191 L4, "Why generative models? Outlier detection"; DS542, "We can quantify how unlikely an observation
// is". A VAE is trained on one data set and scores images of others. Three scores: the negative ELBO, the
// squared error of the reconstruction, and |ELBO - mean ELBO of the training set| (two-sided: too likely is
// unusual as well). Nalisnick, Matsukawa, Teh, Gorur, Lakshminarayanan 2019.
#include <array>

#include "3_variational/vae.hpp"
#include "4_uses/scores.hpp"
#include "4_uses/vae_scores.hpp"

namespace gradus::lecture {

constexpr std::array<const char*, 3> score_names = {"-ELBO", "sq. error", "two-sided"};
constexpr std::array<const char*, 3> score_keys = {"elbo", "error", "two_sided"};

double mean_of(const Tensor& x) { return mean(x).item(); }

/// Images rotated by 90 degrees, [N, 784].
Tensor rotated(const Tensor& x) {
  Tensor out(x.shape());
  for (Index n = 0; n < x.dim(0); ++n)
    for (Index i = 0; i < 28; ++i)
      for (Index j = 0; j < 28; ++j) out[n * 784 + i * 28 + j] = x[n * 784 + j * 28 + 27 - i];
  return out;
}
Tensor inverted(const Tensor& x) {
  Tensor out = x.clone();
  for (Real& value : out.values()) value = 1 - value;
  return out;
}

/// A VAE that was trained on one set, with that set's test images.
struct Detector {
  std::string name;  // "mnist"
  Vae vae;
  Tensor test;
  double typical = 0;  // mean -ELBO of training images
  Scores inside{};

  Detector(Program& program, const std::string& name_in, const Split& data, Rng init)
      : name(name_in), vae(init, {784, 400, 20}), test(data.test.images) {
    train_vae(program, name, vae, data.train, {.epochs = program.epochs(data.train, 2, 20)});
    Rng rng = program.rng.split("score " + name);
    typical = mean_of(
        scores_of(vae, data.train.images.rows(0, std::min<Index>(2000, data.train.size())), 0, rng)[0]);
    inside = scores_of(vae, test, typical, rng);
  }
};

/// One row of the table: the AUROC of the three scores for one set of outliers.
std::array<double, 3> row(Program& program, Detector& detector, const std::string& outliers,
                          const Tensor& x) {
  Rng rng = program.rng.split("score " + detector.name + outliers);
  const Scores outside = scores_of(detector.vae, x, detector.typical, rng);
  std::array<double, 3> out{};
  std::string line = pad_right(detector.name + " -> " + outliers, 30);
  for (std::size_t s = 0; s < 3; ++s) {
    out[s] = auroc(detector.inside[s].values(), outside[s].values());
    line += text("  ", fixed(out[s], 3, 9));
    program.figure(text(detector.name, "_", outliers, "_", score_keys[s]), out[s]);
  }
  program.say(line + text("   mean -ELBO ", fixed(mean_of(outside[0]), 1)));
  return out;
}

void pictures(Program& program, Detector& mnist, Detector& fashion) {
  Rng rng = program.rng.split("pictures");
  std::vector<Tensor> plots;
  for (const std::size_t s : {0, 1}) {
    std::vector<Tensor> line;
    for (Detector* d : {&mnist, &fashion}) {
      Detector& other = d == &mnist ? fashion : mnist;
      const Scores outside = scores_of(d->vae, other.test, d->typical, rng);
      line.push_back(histogram_pair(d->inside[s], outside[s],
                                    text(d->name, " (blue), ", other.name, " (red): ", score_names[s])));
    }
    plots.push_back(hstack(line));
  }
  program.picture(
      "histograms", vstack(plots),
      "Above: the likelihood. It separates clothing from digits (left), but calls digits more normal "
      "than the clothing that it was trained on (right). Below: the squared error of the reconstruction");
  // Everything that the VAE of clothing sees, from the most normal to the most strange.
  const Index n = std::min<Index>(300, fashion.test.dim(0));
  Tensor mixed({2 * n + 1, 784});
  mixed.rows(0, n).copy_from(fashion.test.rows(0, n));
  mixed.rows(n, 2 * n).copy_from(mnist.test.rows(0, n));
  mixed.row(2 * n).fill(0);
  const Scores all = scores_of(fashion.vae, mixed, fashion.typical, rng);
  std::vector<Tensor> sheets;
  for (const std::size_t s : {0, 1, 2}) {
    const auto [normal, strange] = extremes(all[s], 5);
    sheets.push_back(
        hstack({image_grid(mixed.gather(normal),
                           {.columns = 5, .scale = 3, .title = text("most normal by ", score_names[s])}),
                image_grid(mixed.gather(strange), {.columns = 5, .scale = 3, .title = "most strange"})}));
  }
  program.picture(
      "extremes", vstack(sheets),
      "Clothing, digits and one black image, scored by the VAE of clothing. By likelihood the black image "
      "and digits are the most normal; by squared error digits are strange, but the black image is not");
}

/// One class of digits is normal, the other nine are outliers: ten VAEs.
void one_class(Program& program, const Split& digits) {
  std::vector<std::string> labels;
  std::vector<double> errors, nelbos;
  for (int c = 0; c < 10; ++c) {
    const Dataset normal = digits.train.only(c);
    Rng init = program.rng.split(text("class ", c)), rng = program.rng.split(text("score class ", c));
    Vae vae(init, {784, 256, 16});
    train_vae(program, text("class_", c), vae, normal,
              {.steps = program.pick<Index>(500, 3000, 10), .batch = program.pick<Index>(128, 128, 16)});
    const Scores all = scores_of(vae, digits.test.images, 0, rng);
    std::array<std::vector<Real>, 2> inside, outside;
    for (std::size_t i = 0; i < digits.test.labels.size(); ++i)
      for (const std::size_t s : {0, 1})
        (digits.test.labels[i] == c ? inside : outside)[s].push_back(all[s][static_cast<Index>(i)]);
    nelbos.push_back(auroc(inside[0], outside[0])), errors.push_back(auroc(inside[1], outside[1]));
    labels.push_back(text(c));
    program.figure(text("one_class_", c), errors.back());
  }
  // Ruff et al. 2018, "Deep One-Class Classification", table 1: one-class Deep SVDD on MNIST,
  // means of ten seeds.
  const std::vector<double> published = {0.980, 0.997, 0.917, 0.919, 0.949,
                                         0.885, 0.983, 0.946, 0.939, 0.965};
  const auto average = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double one : v) sum += one / static_cast<double>(v.size());
    return sum;
  };
  program.figure("one_class_mean", average(errors));
  program.figure("one_class_mean_elbo", average(nelbos));
  program.say(text("one class against nine, mean AUROC: -ELBO ", fixed(average(nelbos), 3),
                   ", squared error ", fixed(average(errors), 3), "; Deep SVDD (published) ",
                   fixed(average(published), 3)));
  program.plot("one_class",
               Plot("One digit is normal, nine are outliers")
                   .x("normal digit")
                   .y("AUROC")
                   .y_range(0.5, 1.15)
                   .bars("VAE, -ELBO", labels, nelbos)
                   .bars("VAE, squared error", labels, errors)
                   .bars("Deep SVDD, published", labels, published),
               "Ten VAEs, each trained on one digit: best for 1, which varies least, worst for 8");
}

void lesson(Program& program) {
  const Index most = program.pick<Index>(30000, 0, 600), held = program.pick<Index>(3000, 0, 300);
  const Split digits = program.digits({.train = most, .test = held}).flat();
  Split clothes;
  if (const auto found = load_fashion(program.options.data, {.train = most, .test = held})) {
    clothes = found->flat();
    program.dataset(clothes.note);
  } else {
    const Sprites train = generated_sprites(digits.train.size(), 1, 28),
                  test = generated_sprites(digits.test.size(), 2, 28);
    clothes = {train.data.flat(), test.data.flat(), ""};
    program.dataset("Fashion-MNIST not found: sprites in its place.");
  }
  Detector mnist(program, "mnist", digits, program.rng.split("mnist init")),
      fashion(program, "fashion", clothes, program.rng.split("fashion init"));
  program.say(pad_right("trained -> outliers: AUROC", 30) + "     -ELBO  sq. error  two-sided");
  Rng rng = program.rng.split("noise");
  const Tensor noise = Tensor::uniform({300, 784}, rng), black = Tensor::zeros({200, 784});
  const auto first = row(program, mnist, "fashion", fashion.test);
  const auto second = row(program, fashion, "mnist", mnist.test);
  program.figure("auroc_mnist_fashion", first[0]);
  program.figure("auroc_fashion_mnist_elbo", second[0]);
  program.figure("auroc_fashion_mnist_error", second[1]);
  for (Detector* detector : {&mnist, &fashion}) {
    const Tensor some = detector->test.rows(0, std::min<Index>(1000, detector->test.dim(0)));
    row(program, *detector, "black", black);
    row(program, *detector, "rotated", rotated(some));
    row(program, *detector, "inverted", inverted(some));
    row(program, *detector, "noise", noise);
  }
  program.figure("fpr95_mnist_fashion",
                 false_positive_rate(mnist.inside[0].values(),
                                     scores_of(mnist.vae, fashion.test, mnist.typical, rng)[0].values()));
  pictures(program, mnist, fashion);
  one_class(program, digits);
  program.headline(text("MNIST -> Fashion: AUROC ", first[0], " by likelihood; Fashion -> MNIST: ", second[0],
                        " by likelihood, ", second[1], " by squared error"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "20_outliers",
       .title = "Outlier detection: where the likelihood works and where it fails",
       .slide = "6.S191 L4, \"Why generative models? Outlier detection\"; DS542, \"Outlier Detection\"",
       .look = "In the histograms, red should be to the right of blue. For the VAE of clothing and the "
               "likelihood it is to the left: digits are simpler, and the black image is the most "
               "normal of all. The squared error has the right order."},
      lesson);
}
