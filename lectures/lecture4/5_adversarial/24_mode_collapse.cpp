// Mode collapse: a generator that covers only some modes of the data.
// A careful training covers the ring; badly balanced learning rates provoke the collapse.
//
// DS542, "General Idea of GANs" ("vulnerable to mode collapse"), "What makes a good model?" (coverage)
#include "5_adversarial/point_gan.hpp"

namespace gradus::lecture {

constexpr double edge = 3;
constexpr Index many = 2500;               // number of samples for every score
constexpr Index pixels = 300, field = 75;  // side of a picture, and of the grid on which D is evaluated

/// The points at which D is evaluated, [field^2, 2], row by row from the top.
Tensor places_in_plane() {
  Tensor places({field * field, 2});
  for (Index i = 0; i < field; ++i)
    for (Index j = 0; j < field; ++j) {
      const double step = 2 * edge / static_cast<double>(field);
      places[2 * (i * field + j)] = static_cast<Real>(-edge + (static_cast<double>(j) + 0.5) * step);
      places[2 * (i * field + j) + 1] = static_cast<Real>(edge - (static_cast<double>(i) + 0.5) * step);
    }
  return places;
}

/// Background colour for D: white at 1/2, green above, red below.
Color color_of(double probability) {
  const double side = std::clamp(2 * probability - 1, -1.0, 1.0), pale = 0.55 * std::abs(side);
  const Color full =
      side > 0 ? Color{Real(0.25), Real(0.75), Real(0.35)} : Color{Real(0.95), Real(0.4), Real(0.35)};
  const auto mix = [&](Real ink) { return static_cast<Real>(1 - pale * (1 - double(ink))); };
  return {mix(full.red), mix(full.green), mix(full.blue)};
}

Tensor draw(const std::string& title, const GaussianMixture& ring, const Tensor& fakes,
            const Tensor& probabilities) {
  Canvas canvas(pixels, pixels, {-edge, edge, -edge, edge});
  canvas.fill([&](double x, double y) {
    const auto cell = [](double t) {
      return std::min(field - 1, static_cast<Index>(t / (2 * edge) * field));
    };
    return color_of(probabilities[cell(edge - y) * field + cell(x + edge)]);
  });
  for (Index m = 0; m < ring.centers.dim(0); ++m)
    canvas.disc(ring.centers[2 * m], ring.centers[2 * m + 1], 13, colors::green, 0.6);
  for (Index n = 0; n < fakes.dim(0); ++n) canvas.disc(fakes[2 * n], fakes[2 * n + 1], 1.6, colors::red, 0.9);
  canvas.line({-edge, edge}, {edge - 0.22, edge - 0.22}, colors::white, 23);
  canvas.letters(4, 6, title, 2);
  return canvas.image();
}

struct Result {
  ModeCoverage last;  ///< at the end
  int most = 0;       ///< largest number of modes at any recorded step
  std::vector<Tensor> strip, frames;
  double d_loss = 0, g_loss = 0;  ///< means over the last tenth
};

/// One training, recorded at eight steps for the strip and at more steps for the animation.
Result train(Program& program, const std::string& name, const GaussianMixture& ring, Index hidden,
             Real averaging, GanTraining how) {
  Rng rng = program.rng.split("nets");
  PointNet generator(rng, {2, hidden, hidden, 2}, relu), discriminator(rng, {2, hidden, hidden, 1}, leaky);
  Ema average(generator, averaging);
  how.noise_size = 2;
  const Index seldom = how.steps / 8, often = std::max<Index>(1, seldom / 5);
  std::vector<Index> looks;
  for (Index step = 0; step <= how.steps; ++step)
    if (step % often == 0 || step % seldom == 0) looks.push_back(step);
  Film film(looks, Tensor::randn({many, 2}, rng), places_in_plane());
  const GanCurves losses = train_gan(program, name, generator, discriminator, average, ring, how, film);
  program.plot("loss_" + name, losses.plot,
               "Both losses settle near 1.386 and 0.693, collapsed or not, so they do not reveal a collapse");
  Result out;
  out.d_loss = losses.d_loss, out.g_loss = losses.g_loss;
  for (std::size_t i = 0; i < film.size(); ++i) {
    out.last = mode_coverage(film.fakes(i), ring.centers, ring.deviation);
    out.frames.push_back(
        draw(text("step ", film.step(i), ": ", out.last.modes, out.last.modes == 1 ? " mode" : " modes"),
             ring, film.fakes(i), film.probabilities(i)));
    if (film.step(i) == 0) continue;
    out.most = std::max(out.most, out.last.modes);
    if (film.step(i) % seldom == 0) out.strip.push_back(out.frames.back());
  }
  return out;
}

Tensor two_rows(const std::vector<Tensor>& strip) {
  return vstack({hstack({strip[0], strip[1], strip[2], strip[3]}, 8),
                 hstack({strip[4], strip[5], strip[6], strip[7]}, 8)},
                8);
}

void mode_collapse(Program& program) {
  program.dataset("Eight Gaussians of deviation .05 on a circle of radius 2.");
  const GaussianMixture ring = ring_of_gaussians();
  const Index steps = program.pick<Index>(4000, 12000, 16);
  // Noise on D's input, real and fake, connects the eight modes at first. It decays to 0.
  const Result good =
      train(program, "careful", ring, 128, Real(0.99), {.steps = steps, .instance_noise = Real(0.5)});
  // G is ten times as fast as D: it moves to the maximum of D, D learns to reject that place, and G moves on.
  const Result bad = train(program, "collapse", ring, 64, 0,
                           {.steps = program.pick<Index>(4000, 4000, 16),
                            .lr_generator = Real(2e-3),
                            .lr_discriminator = Real(2e-4),
                            .decay = false});
  program.picture("ring_careful", two_rows(good.strip),
                  "Green discs: the eight Gaussians. Red dots: generated. Background: D above 1/2 (green), "
                  "below (red), at 1/2 (white)");
  program.picture(
      "ring_collapse", two_rows(bad.strip),
      "The same data, badly balanced: all generated points are in one place, which moves around the ring");
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < std::min(good.frames.size(), bad.frames.size()); ++i)
    frames.push_back(hstack({good.frames[i], bad.frames[i]}, 8));
  program.animation("ring", frames, {.frames_per_second = 6}, "Left careful, right collapsed");
  std::vector<std::string> modes;
  for (int m = 1; m <= 8; ++m) modes.push_back(std::to_string(m));
  program.plot("shares",
               Plot("Share of the points in each Gaussian")
                   .x("Gaussian")
                   .y("share")
                   .bars("careful", modes, good.last.shares)
                   .bars("collapse", modes, bad.last.shares),
               "A perfect generator gives each Gaussian an eighth; the collapsed one covers a single place");
  program.figure("ring_modes", good.last.modes);
  program.figure("ring_high_quality", good.last.high_quality);
  Rng rng = program.rng.split("real points");
  program.figure("ring_samples", static_cast<double>(many));
  program.figure("ring_high_quality_real",
                 mode_coverage(ring.sample(many, rng), ring.centers, ring.deviation).high_quality);
  program.figure("ring_d_loss", good.d_loss);
  program.figure("ring_g_loss", good.g_loss);
  program.figure("collapse_modes", bad.last.modes);
  program.figure("collapse_modes_most", bad.most);
  program.figure("collapse_d_loss", bad.d_loss);
  program.figure("collapse_g_loss", bad.g_loss);
  program.headline(text("careful: ", good.last.modes, " of 8 modes, ", good.last.high_quality,
                        " of the points within 3 deviations (N = ", many, "; real points ",
                        program.figure("ring_high_quality_real"), "); badly balanced: ", bad.last.modes,
                        ", never more than ", bad.most));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "24_mode_collapse",
       .title = "Mode collapse: a ring of eight Gaussians",
       .slide = "DS542, \"General Idea of GANs\", \"What makes a good model?\"; 6.S191 L4, \"Training GANs\"",
       .look = "Two trainings on the same data. Careful: a disc of noise becomes a ring, and the ring "
               "separates into eight modes. Badly balanced: all points are in one place, D learns to reject "
               "it, and they move to the next. The losses are nearly equal."},
      mode_collapse);
}
