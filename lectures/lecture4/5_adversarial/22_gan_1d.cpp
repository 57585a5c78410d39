// A generative adversarial network on a line: D learns where the real points are,
// G follows the gradient of D, and at the end D outputs 1/2.
//
// 6.S191 L4, "Intuition behind GANs", "Training GANs"
#include <cmath>

#include "5_adversarial/point_gan.hpp"

namespace gradus::lecture {

constexpr double low = -4, high = 4.5;
const GaussianMixture one_cluster{Tensor::of({1, 1}, {2}), Real(0.5)};
const GaussianMixture two_clusters{Tensor::of({2, 1}, {-2, 2}), Real(0.3)};

/// The points at which D is evaluated, [M, 1].
Tensor places_on_line() {
  Tensor places({171, 1});
  for (Index i = 0; i < places.size(); ++i)
    places[i] = static_cast<Real>(low + 0.05 * static_cast<double>(i));
  return places;
}

/// The slide's picture: real points green, generated points red, D's P(real) as a curve above them.
/// An empty tensor is not drawn.
Tensor draw(const std::string& title, Color color, const Tensor& real, const Tensor& fakes,
            const Tensor& probabilities) {
  const Color axis{Real(0.5), Real(0.5), Real(0.53)};
  constexpr double margin = 2.1;   // for the labels
  constexpr double radius = 0.15;  // points that would overlap the labels are not drawn
  Canvas canvas(250, 436, {low - margin, high, -0.5, 1.4});
  for (const double side : {low - margin, high}) canvas.line({side, side}, {-2, 2}, axis, 2);
  canvas.line({low, low}, {-2, 1}, axis, 2);
  for (const double side : {-0.5, 1.4}) canvas.line({low - margin, high}, {side, side}, axis, 2);
  canvas.line({low, high}, {0, 0}, axis, 1);
  canvas.line({low, high}, {1, 1}, axis, 1);
  for (double x = low; x < high; x += 0.3) canvas.line({x, x + 0.15}, {0.5, 0.5}, axis, 1);
  if (probabilities) {
    const Tensor places = places_on_line();
    canvas.line(column(places, 0), {probabilities.values().begin(), probabilities.values().end()},
                colors::blue, 4);
  }
  canvas.line({low, high}, {-0.25, -0.25}, colors::gap, 1.5);
  for (const Real x : real.values())
    if (x > low + radius) canvas.disc(x, -0.16, 6, colors::green, 0.8);
  for (const Real x : fakes.values())
    if (x > low + radius) canvas.disc(x, -0.34, 6, colors::red, 0.8);
  canvas.letters(8, 8, title, 3, color);
  canvas.letters(42, 8, "1", 3, axis);
  canvas.letters(56, 94, "P(real)", 3, axis);
  canvas.letters(108, 8, "1/2", 3, axis);
  canvas.letters(172, 8, "0", 3, axis);
  if (real) canvas.letters(196, 8, "real", 3, colors::green);
  if (fakes) canvas.letters(221, 8, "fake", 3, colors::red);
  return canvas.image();
}

/// The slides' frames in their order: one network trains for many steps while the other is fixed.
/// Here G is z + net(z), so that its initial output is close to the noise.
std::vector<Tensor> in_turns(Program& program, const Tensor& real) {
  struct Turn {
    bool discriminator;
    Index steps;
    std::string title;
  };
  const std::vector<Turn> turns{{true, 25, "D learns to separate"}, {true, 50, "D becomes confident"},
                                {false, 10, "G follows D's slope"}, {false, 24, "G fools D"},
                                {true, 60, "D learns again"},       {false, 14, "G follows"},
                                {true, 60, "D learns again"}};
  std::vector<Index> ends{0};
  for (const Turn& turn : turns) ends.push_back(ends.back() + turn.steps);

  Rng rng = program.rng.split("turns");
  PointNet net(rng, {1, 32, 32, 1}, leaky), discriminator(rng, {1, 32, 32, 1}, leaky);
  const Network generator = [&](const Var& z) { return z + net(z); };
  const auto noise = [&](Index count) { return Tensor::randn({count, 1}, rng, Real(-1.2), Real(0.7)); };
  Adam g_adam(net.parameters(), {.lr = Real(4e-3), .beta1 = Real(0.5)}),
      d_adam(discriminator.parameters(), {.lr = Real(4e-3), .beta1 = Real(0.5)});
  Film film(ends, noise(24), places_on_line());
  Trainer trainer(program.session(), "turns",
                  {{"generator", net},
                   {"discriminator", discriminator},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"film", film},
                   {"rng", rng}},
                  Steps{ends.back()});
  const GanLosses losses = non_saturating_losses();
  while (trainer.next()) {
    film.look(trainer.step(), generator, discriminator);
    std::size_t turn = 0;
    while (trainer.step() >= ends[turn + 1]) ++turn;
    const Tensor z = noise(256);
    if (turns[turn].discriminator) {
      const Tensor x = one_cluster.sample(256, rng);
      discriminator_step(std::ref(discriminator), generator, x, z, losses, d_adam, [&] {
        return Real(0.1) * mean(difference_penalty(std::ref(discriminator), x, Tensor::randn({256, 1}, rng)));
      });
    } else {
      generator_step(std::ref(discriminator), discriminator, generator, z, losses, g_adam);
    }
  }
  film.look(ends.back(), generator, discriminator);

  std::vector<Tensor> frames{
      draw("1 G starts from noise", colors::red, {}, film.fakes(0), {}),
      draw("2 D before training", colors::blue, real, film.fakes(0), film.probabilities(0))};
  for (std::size_t i = 0; i < turns.size(); ++i)
    frames.push_back(draw(text(i + 3, " ", turns[i].title),
                          turns[i].discriminator ? colors::blue : colors::red, real, film.fakes(i + 1),
                          film.probabilities(i + 1)));
  return frames;
}

constexpr Index many = 8192;  // number of samples for every score

struct Result {
  Tensor samples;  ///< [many, 1]
  Film film;
  double distance_from_half;  ///< mean of |D - 1/2| over real points
};

/// Both networks are 1-32-32-1, trained by Adam (1e-3, beta1 .5) with one step of D and one of G in turn.
/// Learning rates decay over the second half; G's weights are averaged.
Result train(Program& program, const std::string& name, const GaussianMixture& data, Real penalty) {
  Rng rng = program.rng.split("nets");  // the same initial weights with and without the penalty
  PointNet generator(rng, {1, 32, 32, 1}, leaky), discriminator(rng, {1, 32, 32, 1}, leaky);
  Ema average(generator, Real(0.98));
  const Index steps = program.pick<Index>(1500, 6000, 40);
  std::vector<Index> looks;  // denser at the start
  for (Index step = 0; step < steps; step += std::max<Index>(1, steps / (step < steps / 5 ? 300 : 25)))
    looks.push_back(step);
  looks.push_back(steps);
  Film film(looks, Tensor::randn({24, 1}, rng), places_on_line());
  const GanCurves losses = train_gan(program, name, generator, discriminator, average, data,
                                     {.steps = steps, .penalty = penalty}, film);
  program.plot("loss_" + name, losses.plot,
               "Neither loss falls: at D = 1/2, D's loss is 2 log 2 = 1.386 and G's is log 2 = 0.693; a D "
               "loss near 0 means failure");
  const Ema::Applied averaged(average);
  const Tensor probabilities = probability_of_real(discriminator, data.sample(many, rng));
  double away = 0;
  for (const Real p : probabilities.values())
    away += std::abs(p - 0.5) / static_cast<double>(probabilities.size());
  return {generator(Tensor::randn({many, 1}, rng)).value(), film, away};
}

/// Share of the points at the cluster that has fewer of them.
double smaller_cluster(const Tensor& samples) {
  Index left = 0;
  for (const Real x : samples.values()) left += x < 0;
  return static_cast<double>(std::min(left, samples.size() - left)) / static_cast<double>(samples.size());
}

/// W1 between two samples of the real distribution, mean of ten pairs: the score of a perfect G.
double between_real_samples(Program& program, const GaussianMixture& data) {
  Rng rng = program.rng.split("real against real");
  double sum = 0;
  for (int pair = 0; pair < 10; ++pair) {
    const Tensor one = data.sample(many, rng), other = data.sample(many, rng);
    sum += wasserstein1(one, other);
  }
  return sum / 10;
}

void one(Program& program) {
  Rng rng = program.rng.split("one");
  const Tensor real = one_cluster.sample(24, rng);
  std::vector<Tensor> strip = in_turns(program, real), frames;
  const Result result = train(program, "one_clump", one_cluster, Real(0.1));
  const Film& film = result.film;
  const std::size_t last = film.size() - 1;
  for (std::size_t i = 0; i <= last; ++i)
    frames.push_back(
        draw(text("step ", film.step(i)), colors::black, real, film.fakes(i), film.probabilities(i)));
  strip.push_back(
      draw("10 D = 1/2 at points", colors::black, real, film.fakes(last), film.probabilities(last)));
  program.picture("film_strip",
                  vstack({hstack({strip[0], strip[1], strip[2], strip[3], strip[4]}),
                          hstack({strip[5], strip[6], strip[7], strip[8], strip[9]})}),
                  "Green: real. Red: generated. Blue: the discriminator's P(real). The title says which "
                  "network trains. Frame 10 is from another, longer training with one step of each in turn");
  program.animation("film", frames, {.frames_per_second = 12},
                    "Training with one step of D and one step of G in turn");
  double sum = 0;
  for (const Real x : result.samples.values()) sum += x;
  program.figure("mean_1d", sum / static_cast<double>(result.samples.size()));
  program.figure("w1_1d", wasserstein1(result.samples, one_cluster.sample(many, rng)));
  program.figure("w1_samples", static_cast<double>(many));
  program.figure("w1_1d_real", between_real_samples(program, one_cluster));
  program.figure("d_distance_from_half", result.distance_from_half);
}

/// Two clusters, with and without the penalty on D's gradient. Both trainings have the same initial weights.
void two(Program& program) {
  Rng rng = program.rng.split("two");
  const Tensor real = two_clusters.sample(24, rng);
  const Result with = train(program, "two_clumps", two_clusters, Real(0.1)),
               without = train(program, "two_clumps_without_penalty", two_clusters, 0);
  const auto frame = [&](const Result& result, const std::string& title, std::size_t i) {
    return draw(text(title, ", step ", result.film.step(i)), colors::black, real, result.film.fakes(i),
                result.film.probabilities(i));
  };
  std::vector<Tensor> frames;
  for (std::size_t i = 0; i < with.film.size(); ++i)
    frames.push_back(hstack({frame(with, "penalty", i), frame(without, "no penalty", i)}));
  program.picture("two_clumps", frames.back(), "Two clusters at the end of training: does G reach both?");
  program.animation("two_clumps_film", frames, {.frames_per_second = 12},
                    "Left with the penalty on D's gradient, right without it: G may find one cluster first "
                    "and leave it again");
  const Tensor truth = two_clusters.sample(many, rng);
  program.figure("bimodal_both", smaller_cluster(with.samples));
  program.figure("bimodal_w1", wasserstein1(with.samples, truth));
  program.figure("bimodal_w1_real", between_real_samples(program, two_clusters));
  program.figure("bimodal_both_without_penalty", smaller_cluster(without.samples));
  program.figure("bimodal_w1_without_penalty", wasserstein1(without.samples, truth));
}

void lesson(Program& program) {
  program.dataset("Points on a line from N(2, .5^2), and from two clusters at -2 and 2.");
  one(program);
  two(program);
  program.headline(text("mean ", program.figure("mean_1d"), " (real 2), W1 ", program.figure("w1_1d"),
                        " (N = ", many, "; two real samples ", program.figure("w1_1d_real"), ")",
                        ", D within ", program.figure("d_distance_from_half"),
                        " of 1/2; the smaller of two clusters gets ", program.figure("bimodal_both"),
                        " of the points, without the penalty ",
                        program.figure("bimodal_both_without_penalty")));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(argc, argv,
                     {.name = "22_gan_1d",
                      .title = "A GAN on a line: two networks compete",
                      .slide = "6.S191 L4, \"Intuition behind GANs\"",
                      .look = "Ten frames in the slides' order: D learns where the real points are, G "
                              "follows the gradient of D, D learns again. At the end the red points are "
                              "distributed like the green ones and D is 1/2 where the points are."},
                     lesson);
}
