#pragma once
// Trains generators and discriminators of points on a line or in a plane, and records it for animations.
#include <algorithm>
#include <string>
#include <vector>

#include "5_adversarial/point_net.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// Records G's output for fixed noise and D's output at fixed points, at chosen steps of a training.
/// The record is part of the checkpoint, so it has no gaps after an interruption.
class Film {
 public:
  /// steps: the steps to record; noise [N, K], places [M, D].
  Film(std::vector<Index> steps, const Tensor& noise, const Tensor& places)
      : steps_(std::move(steps)), noise_(noise), places_(places) {
    const auto count = static_cast<Index>(steps_.size());
    fakes_ = Tensor::zeros({count, noise.dim(0), places.dim(1)});
    probabilities_ = Tensor::zeros({count, places.dim(0)});
  }
  State state() { return {{{"fakes", fakes_}, {"probabilities", probabilities_}}, {}}; }

  bool wants(Index step) const { return std::find(steps_.begin(), steps_.end(), step) != steps_.end(); }
  /// Records the step if it is one of the chosen steps.
  void look(Index step, const Network& generator, PointNet& discriminator) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i] != step) continue;
      fakes(i).copy_from(generator(noise_).value());
      probabilities(i).copy_from(probability_of_real(discriminator, places_));
    }
  }

  std::size_t size() const { return steps_.size(); }
  Index step(std::size_t i) const { return steps_[i]; }
  Tensor fakes(std::size_t i) const { return fakes_.row(static_cast<Index>(i)); }
  Tensor probabilities(std::size_t i) const { return probabilities_.row(static_cast<Index>(i)); }

 private:
  std::vector<Index> steps_;
  Tensor noise_, places_, fakes_, probabilities_;
};

struct GanTraining {
  Index steps = 1500, batch = 256, noise_size = 1;
  Real lr_generator = Real(1e-3), lr_discriminator = Real(1e-3);
  Real beta1 = Real(0.5);   ///< of Adam; with the usual .9, G and D oscillate
  bool decay = true;        ///< of both learning rates, over the second half
  Real penalty = 0;         ///< weight of difference_penalty at the real points
  Real instance_noise = 0;  ///< standard deviation of noise on D's input; reaches 0 at 3/4 of the steps
  GanLosses losses = non_saturating_losses();
};

struct GanCurves {
  Plot plot;
  Curve d;                ///< D's loss
  double d_loss, g_loss;  ///< means over the last tenth
};

/// The two alternating steps of 6.S191 L4, "Training GANs". `average` is an Ema of the generator;
/// the film records the averaged generator.
inline GanCurves train_gan(Program& program, const std::string& name, PointNet& generator,
                           PointNet& discriminator, Ema& average, const GaussianMixture& data,
                           const GanTraining& how, Film& film) {
  Rng rng = program.rng.split(name);
  Adam g_adam(generator.parameters(), {.beta1 = how.beta1}),
      d_adam(discriminator.parameters(), {.beta1 = how.beta1});
  Trainer trainer(program.session(), name,
                  {{"generator", generator},
                   {"discriminator", discriminator},
                   {"average", average},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"film", film},
                   {"rng", rng}},
                  Steps{how.steps});
  const auto look = [&](Index step) {
    const Ema::Applied averaged(average);
    film.look(step, std::ref(generator), discriminator);
  };
  while (trainer.next()) {
    if (film.wants(trainer.step())) look(trainer.step());
    const Real factor = how.decay ? decay_second_half(trainer.progress()) : Real(1);
    g_adam.lr = how.lr_generator * factor, d_adam.lr = how.lr_discriminator * factor;
    const Real blur =
        how.instance_noise * std::max(Real(0), 1 - static_cast<Real>(trainer.progress() / 0.75));
    const Network noisy_discriminator = [&](const Var& x) {
      return discriminator(blur > 0 ? x + Var(Tensor::randn(x.shape(), rng, 0, blur)) : x);
    };
    const auto noise = [&] { return Tensor::randn({how.batch, how.noise_size}, rng); };

    const Tensor real = data.sample(how.batch, rng);
    const auto steepness = [&] {
      const Tensor directions = Tensor::randn(real.shape(), rng);
      return how.penalty * mean(difference_penalty(std::ref(discriminator), real, directions));
    };
    const DiscriminatorLoss d =
        discriminator_step(noisy_discriminator, std::ref(generator), real, noise(), how.losses, d_adam,
                           how.penalty > 0 ? std::function<Var()>(steepness) : nullptr);
    const Real g =
        generator_step(noisy_discriminator, discriminator, std::ref(generator), noise(), how.losses, g_adam);
    average.update();
    trainer.report({{"D", d.loss}, {"G", g}});
  }
  look(how.steps);
  return {trainer.plot("Both losses: " + name).x("step").y("nats"), trainer.history().front(),
          trainer.last_tenth("D"), trainer.last_tenth("G")};
}

}  // namespace gradus::lecture
