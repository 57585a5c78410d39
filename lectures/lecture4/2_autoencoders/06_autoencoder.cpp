// Autoencoders: how small may the bottleneck be?
// 6.S191 L4, "Dimensionality of latent space -> reconstruction quality"
#include "2_autoencoders/digit_autoencoder.hpp"

namespace gradus::lecture {

/// A 10x10 grid of digits. A red frame marks a digit that the judge classifies differently from the truth.
Tensor slide_grid(const std::string& title, const Tensor& images, const std::vector<int>& seen,
                  const std::vector<int>& truth) {
  GridOptions options{.columns = 10, .title = title};
  for (std::size_t i = 0; i < truth.size(); ++i)
    if (seen[i] != truth[i]) options.frames.push_back({static_cast<Index>(i), colors::red});
  return image_grid(images, options);
}

void autoencoder(Program& program) {
  const Split digits = program.digits().flat();
  const Dataset& test = digits.test;
  const Dataset first100 = test.take(100);  // the slide shows the first 100 test digits
  Judge judge(program, digits.train);
  const std::vector<int> truth = judge.classify(first100.images);
  program.figure("judge_accuracy", judge.accuracy(test.images, test.labels));

  std::vector<Tensor> grids;
  std::vector<Index> kept;
  for (const Index code : {2, 5}) {
    const std::string tag = text(code, "d");
    Rng rng = program.rng.split(tag);
    Autoencoder model(rng, code);
    program.plot("loss_" + tag,
                 train_autoencoder(program, "autoencoder_" + tag, model, digits.train,
                                   program.epochs(digits.train, 2, 20)),
                 text("Squared error during training, ", code, " latent dimensions"));

    const Tensor again = model(first100.images).value();
    const std::vector<int> seen = judge.classify(again);
    kept.push_back(agreement(seen, truth));
    program.figure("test_sq_error_" + tag, mean(squared_error(model(test.images), test.images)).item());
    program.figure("digits_kept_" + tag, static_cast<double>(kept.back()));
    program.figure("test_accuracy_" + tag, judge.accuracy(model(test.images).value(), test.labels));
    grids.push_back(slide_grid(text(code, "D latent space: ", kept.back(), " of 100 keep their class"), again,
                               seen, truth));

    if (code == 2) {
      const Dataset shown = test.take(5000);
      program.plot("latent",
                   Plot("Codes of the test digits")
                       .x("z1")
                       .y("z2")
                       .equal()
                       .scatter(model.encoder(shown.images).value(), shown.labels),
                   "Two numbers per digit, coloured by class; training does not use the classes. Similar "
                   "digits have similar codes, with gaps between them");
    }
  }
  grids.push_back(slide_grid("Ground truth", first100.images, truth, truth));
  program.picture("grids", hstack(grids, 24),
                  "The slide's three grids; red: the judge's class differs from that of the original");
  program.headline(
      text("of 100 digits, ", kept[0], " keep their class with 2 latent dimensions, ", kept[1], " with 5"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "06_autoencoder",
       .title = "Autoencoders: how small may the bottleneck be?",
       .slide = "6.S191 L4, \"Dimensionality of latent space -> reconstruction quality\"",
       .look = "Left, two numbers per digit: 4 and 9 look alike, and so do 3, 5 and 8. Centre, five numbers: "
               "most digits keep their class. The smaller the bottleneck, the more information is lost."},
      autoencoder);
}
