// A generator transforms one distribution into another: noise into digits, and, visible in full,
// a normal distribution in the plane into a curve in the plane.
// 6.S191 L4, "GANs are distribution transformers"
#include <cmath>

#include "5_adversarial/dcgan.hpp"
#include "5_adversarial/point_gan.hpp"

namespace gradus::lecture {

// --- noise to digits

/// Paths from each row of `from` to the same row of `to`: [rows * steps, K].
Tensor paths(const Tensor& from, const Tensor& to, Index steps,
             Tensor (*between)(const Tensor&, const Tensor&, Index)) {
  Tensor all({from.dim(0) * steps, from.dim(1)});
  for (Index r = 0; r < from.dim(0); ++r)
    all.rows(r * steps, (r + 1) * steps).copy_from(between(from.row(r), to.row(r), steps));
  return all;
}

/// The middle points of paths of three points.
Tensor middles(const Tensor& paths_of_three) {
  std::vector<Index> chosen;
  for (Index i = 1; i < paths_of_three.dim(0); i += 3) chosen.push_back(i);
  return paths_of_three.gather(chosen);
}

void digits_from_noise(Program& program) {
  const Split digits = program.digits();
  Judge judge(program, digits.train);
  Dcgan gan(program, "dcgan", dcgan_recipe(program));
  load_or_train(program, gan, digits.train);
  Rng rng = program.rng.split("walks");
  const Tensor from = gan.noise(6, {}, rng), to = gan.noise(6, {}, rng);
  program.picture("walks",
                  image_grid(gan.pictures(paths(from, to, 10, slerp)),
                             {.columns = 10, .row_labels = {"a", "b", "c", "d", "e", "f"}}),
                  "Each row follows a great circle from one noise vector to another. Intermediate pictures "
                  "are not double exposures of two digits: the strokes move");
  const Index pairs = program.pick<Index>(2000, 5000, 100);
  const Tensor a = gan.noise(pairs, {}, rng), b = gan.noise(pairs, {}, rng);
  program.figure("sure_samples", static_cast<double>(pairs));
  program.figure("ends_sure", sure_share(judge.probabilities(gan.pictures(a))));
  program.figure("middles_sure",
                 sure_share(judge.probabilities(gan.pictures(middles(paths(a, b, 3, slerp))))));
  program.figure("straight_middles_sure",
                 sure_share(judge.probabilities(gan.pictures(middles(paths(a, b, 3, lerp))))));
  // For comparison: the mean of two pictures, an interpolation in pixels instead of noise.
  program.figure(
      "pixel_middles_sure",
      sure_share(judge.probabilities(((Var(gan.pictures(a)) + Var(gan.pictures(b))) / 2).value())));
  program.figure("real_sure", sure_share(judge.probabilities(digits.test.images)));
  program.figure("real_samples", static_cast<double>(digits.test.size()));
}

// --- the plane's normal distribution to a curve

constexpr Index lines = 15, points = 121, cloud = 2000;  // grid lines per direction, points per line, samples

/// Grid lines at equal steps of probability, first the vertical ones, each from end to end;
/// then points from N(0, I).
Tensor grid_of_noise(Rng& rng) {
  const auto quantile = [](Index i, Index n) {
    return static_cast<Real>(normal_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n)));
  };
  Tensor grid({2 * lines * points + cloud, 2});
  Index row = 0;
  for (const bool upright : {true, false})
    for (Index i = 0; i < lines; ++i)
      for (Index k = 0; k < points; ++k, ++row) {
        const Real fixed = quantile(i, lines), along = quantile(k, points);
        grid[2 * row] = upright ? fixed : along;
        grid[2 * row + 1] = upright ? along : fixed;
      }
  grid.rows(row, row + cloud).copy_from(Tensor::randn({cloud, 2}, rng));
  return grid;
}

/// From blue over violet to red (vertical lines), from green to yellow (horizontal ones).
Color hue(bool upright, Index line) {
  const Real t = static_cast<Real>(line) / (lines - 1);
  return upright ? Color{Real(0.1) + Real(0.8) * t, Real(0.15), Real(0.9) - Real(0.8) * t}
                 : Color{Real(0.05) + Real(0.85) * t, Real(0.55) + Real(0.1) * t, Real(0.15)};
}

/// Draws the square from -reach to reach; grey discs for the data, if given.
Tensor draw(const std::string& title, double reach, const Tensor& places, const Tensor& data) {
  Canvas canvas(420, 420, {-reach, reach, -reach, reach});
  for (Index n = 0; data && n < data.dim(0); ++n)
    canvas.disc(data[2 * n], data[2 * n + 1], 6, {Real(0.8), Real(0.8), Real(0.78)});
  for (const bool upright : {false, true})
    for (Index i = 0; i < lines; ++i) {
      const Index first = ((upright ? 0 : lines) + i) * points;
      const Tensor line = places.rows(first, first + points);
      canvas.line(column(line, 0), column(line, 1), hue(upright, i), 1.3);
    }
  for (Index n = 2 * lines * points; n < places.dim(0); n += 3)
    canvas.disc(places[2 * n], places[2 * n + 1], 1.4, colors::black, 0.5);
  canvas.letters(6, 8, title, 2);
  return canvas.image();
}

void noise_to_curve(Program& program, const std::string& name, const GaussianMixture& data) {
  Rng rng = program.rng.split(name + " nets");
  PointNet generator(rng, {2, 128, 128, 2}, relu), discriminator(rng, {2, 128, 128, 1}, leaky);
  Ema average(generator, program.pick<Real>(Real(0.99), Real(0.99), Real(0)));
  const Index steps = program.pick<Index>(3500, 8000, 16);
  std::vector<Index> looks;
  for (Index k = 0; k <= 24; ++k) looks.push_back(steps * k * k / (24 * 24));
  looks.erase(std::unique(looks.begin(), looks.end()), looks.end());
  const Tensor noise = grid_of_noise(rng), some = data.sample(cloud, rng);
  Film film(looks, noise, Tensor::zeros({1, 2}));
  train_gan(program, name, generator, discriminator, average, data,
            {.steps = steps, .noise_size = 2, .instance_noise = Real(0.5)}, film);
  const Tensor end = film.fakes(film.size() - 1);
  program.picture(name, hstack({draw("noise z", 3, noise, {}), draw("G(z)", 2.4, end, some)}, 10),
                  "Left: the noise, with grid lines at equal steps of probability. Right: the same lines and "
                  "points under G. Grey: the data");
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < film.size(); ++i)
    frames.push_back(draw(text("step ", film.step(i)), 2.4, film.fakes(i), some));
  program.animation(name + "_film", frames, {.frames_per_second = 5}, "G deforms the plane during training");
  const NeighbourScores scores = neighbour_scores(some, end.rows(2 * lines * points, end.dim(0)));
  program.figure(name + "_precision", scores.precision);
  program.figure(name + "_coverage", scores.coverage);
}

void transformers(Program& program) {
  noise_to_curve(program, "ring", ring_of_gaussians(80, Real(1.8), Real(0.1)));
  noise_to_curve(program, "moons", two_moons());
  digits_from_noise(program);  // last: 25_dcgan may still train the generator
  const auto percent = [&](const char* name) { return std::round(100 * program.figure(name)); };
  program.headline(text("a clear digit for ", percent("ends_sure"), " % of noise vectors and for ",
                        percent("middles_sure"),
                        " % of points half-way between two; for the mean of two pictures, ",
                        percent("pixel_middles_sure"), " % (N = ", program.figure("sure_samples"), "); for ",
                        percent("real_sure"), " % of ", program.figure("real_samples"), " real test digits"));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "26_distribution_transformers",
       .title = "GANs are distribution transformers",
       .slide = "6.S191 L4, \"GANs are distribution transformers\"",
       .look = "Digits: a path through the noise gives a path through digits, and pictures half-way are as "
               "clear as those at the ends. Plane: G is continuous, so it cannot tear the plane. For a ring "
               "it stretches a thin part of the noise across the hole or folds it over. For two moons it "
               "stretches the noise between them into a thin thread that contains hardly any points."},
      transformers);
}
