// Progressive growing: a GAN that learns 7 x 7 pixels first, then 14 x 14, then 28 x 28.
// 6.S191 L4, "Progressive growing of GANs", "Progressive growing of GANs: results"
#include <cmath>

#include "5_adversarial/progressive.hpp"

namespace gradus::lecture {

/// Looks at the progressive training: the end of every stage, and twice in each fade-in.
std::vector<Index> growing_looks(const ProgressiveRecipe& how) {
  std::vector<Index> all;
  Index begin = 0;
  for (const Index steps : how.steps) {
    if (begin > 0) all.push_back(begin + steps / 8), all.push_back(begin + 3 * steps / 8);
    all.push_back(begin + steps / 2 + 1);
    all.push_back(begin + steps);
    begin += steps;
  }
  return all;
}

/// The same noise at every look, one row each.
Tensor stages(const ScoreFilm& film, const std::vector<Index>& looks, const ProgressiveRecipe& how) {
  std::vector<std::string> labels;
  Tensor rows({static_cast<Index>(film.size()) * 10, 28, 28, 1});
  for (std::size_t i = 0; i < film.size(); ++i) {
    const Growth now = how.at(looks[i] - 1);
    const Index first = static_cast<Index>(i) * 10;
    rows.rows(first, first + 10).copy_from(film.pictures(i));
    labels.push_back(
        text(7 << now.stage, now.alpha < 1 ? text(", alpha ", fixed(double(now.alpha), 2)) : ""));
  }
  return image_grid(rows, {.columns = 10, .title = "pixels per side", .row_labels = labels});
}

void progressive_growing(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  const Halves test = halves(digits.test);
  Rng rng = program.rng.split("samples");

  ProgressiveRecipe how;
  how.steps = program.pick<std::vector<Index>>({100, 100, 540}, {500, 500, 2700}, {8, 8, 8});
  how.channels = program.pick<Index>(32, 48, 8);
  how.averaging = program.pick<Real>(Real(0.97), Real(0.999), Real(0.5));
  Progressive growing(program, how);
  const std::vector<Index> looks = growing_looks(how);
  ScoreFilm grown(looks, Tensor::randn({scored_count(program, test), how.noise}, rng),
                  fid_against(judge, test.reference));
  const DcganTraining progressive = train_progressive(program, growing, digits.train, grown);

  Dcgan dcgan(program, "dcgan", dcgan_recipe(program));
  ScoreFilm fixed_size = dcgan_scores(program, judge, dcgan, test);
  load_or_train(program, dcgan, digits.train, &fixed_size);
  const double plain_seconds = fixed_size.seconds().back();

  program.picture(
      "stages", stages(grown, looks, how),
      "One column per noise vector: 7 x 7 pixels, then 14 x 14 and 28 x 28, which fade in (alpha). "
      "The arrangement of a digit is decided at the smallest size and kept");
  program.plot(
      "fid_over_seconds",
      Plot("FID over training time")
          .line_points("progressive", grown.seconds(), grown.scores())
          .line_points("DCGAN (25)", fixed_size.seconds(), fixed_size.scores())
          .log_y()
          .x("seconds of training")
          .y("FID"),
      "Both on the same digits, judge and axes. The first stages cost little time per step; their pictures "
      "are enlarged, so their FID is high until the last size fades in");
  program.plot("losses", Plot(progressive.plot), "Both losses; the jumps are where a stage begins");
  program.figure("progressive_fid", grown.scores().back());
  program.figure("dcgan_fid", fixed_size.scores().back());
  program.figure("progressive_seconds", progressive.seconds);
  program.figure("dcgan_seconds", plain_seconds);
  program.figure("progressive_fid_ratio", grown.scores().back() / fixed_size.scores().back());
  program.figure("progressive_seconds_ratio", progressive.seconds / plain_seconds);
  program.headline(text("FID ", std::round(grown.scores().back()), " after ", std::round(progressive.seconds),
                        " s; DCGAN ", std::round(fixed_size.scores().back()), " after ",
                        std::round(plain_seconds), " s"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "28_progressive_growing",
       .title = "Progressive growing: from 7 x 7 to 28 x 28 pixels",
       .slide = "6.S191 L4, \"Progressive growing of GANs\", \"Progressive growing of GANs: results\"",
       .look =
           "A column keeps its noise: the blot of 7 x 7 pixels becomes a digit of 28 x 28 in the same place. "
           "While a size fades in, its pictures are a blend of the enlarged old ones and the new ones."},
      progressive_growing);
}
