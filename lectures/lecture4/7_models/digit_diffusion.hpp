#pragma once
// A U-Net that draws digits: its recipe, training and samples.
#include <string>
#include <vector>

#include "5_adversarial/dcgan.hpp"
#include "7_models/denoiser.hpp"

namespace gradus::lecture {

/// All settings of a training. The same recipe, seed and data set give the same weights.
struct DiffusionRecipe {
  Objective objective = Objective::noise;
  Index steps = 800, width = 16, batch = 64, T = 200;
  Real lr = Real(2e-3), averaging = Real(0.995);
  double unlabelled = 0.2;    ///< share of the examples whose label is hidden, for guidance
  Real guidance = Real(1.5);  ///< weight in sampling

  std::string words() const {
    return text(objective == Objective::noise ? "noise" : "velocity", " predicted by a U-Net of width ",
                width, ", ", steps, " steps of ", batch, ", T ", T, ", rate ", lr, ", averaging ", averaging,
                ", unlabelled ", unlabelled);
  }
};

inline DiffusionRecipe diffusion_recipe(const Program& program, Objective objective) {
  return {.objective = objective,
          .steps = program.pick<Index>(1500, 12000, 4),
          .width = program.pick<Index>(24, 32, 8),
          .batch = program.pick<Index>(32, 64, 8),
          .T = program.pick<Index>(200, 200, 20),
          .lr = program.pick<Real>(Real(4e-3), Real(2e-3), Real(2e-3)),
          .averaging = program.pick<Real>(Real(0.99), Real(0.999), Real(0.5)),
          .guidance = program.pick<Real>(Real(1.5), Real(1.25), Real(1.5))};
}

/// 0, 1, .., 9, 0, .. : every class equally often.
inline std::vector<int> labels_in_turn(Index count) {
  std::vector<int> labels;
  for (Index i = 0; i < count; ++i) labels.push_back(static_cast<int>(i % 10));
  return labels;
}

/// A U-Net with its average, for pictures [B, 28, 28, 1] in [-1, 1].
struct DigitDiffusion {
  DigitDiffusion(Program& program, const std::string& name_in, const DiffusionRecipe& recipe_in)
      : name(name_in),
        recipe(recipe_in),
        rng(program.rng.split(name + " weights")),
        schedule(cosine_schedule(recipe.T)),
        net(rng, {.width = recipe.width, .classes = 10}),
        average(net, recipe.averaging, true) {}

  /// The velocity of flow matching, or the noise.
  /// The output of the U-Net for the noise is read as velocity_target.
  Var predict(const Var& x, const Tensor& t, const std::vector<int>& labels) {
    Var v = net(x, t, labels);
    if (recipe.objective == Objective::velocity) return v;
    return noise_of_velocity(x, v, as_times(t, recipe.T), schedule);
  }
  /// `predict` for one label per example, with guidance. Weight 0: without labels.
  TimedNetwork network(const std::vector<int>& labels, Real weight) {
    const auto given = [this](const std::vector<int>& list) -> TimedNetwork {
      return [this, list](const Var& x, const Tensor& t) { return predict(x, t, list); };
    };
    return guided(given(labels), given({}), weight);
  }
  /// `count` steps from noise [N, 28, 28, 1], 250 examples at a time, with the averaged weights:
  /// pictures in [0, 1], one per label.
  Tensor pictures(const Tensor& noise, const std::vector<int>& labels, Real weight, Index count) {
    const Ema::Applied averaged(average);
    Tensor all(noise.shape());
    for (Index begin = 0; begin < noise.dim(0); begin += 250) {
      const Index end = std::min(begin + 250, noise.dim(0));
      const std::vector<int> some(labels.begin() + begin, labels.begin() + end);
      all.rows(begin, end)
          .copy_from(as_pictures(
              generate(network(some, weight), noise.rows(begin, end), recipe.objective, schedule, count, 1)));
    }
    return all;
  }
  static Tensor as_pictures(const Tensor& x) { return clamp(affine(x, 0.5, 0.5), 0, 1).value(); }

  std::string name;
  DiffusionRecipe recipe;
  Rng rng;
  NoiseSchedule schedule;
  Unet net;
  Ema average;
};

/// Batches of digits in [-1, 1] with their labels, some of which are hidden (label 10).
inline Draw labelled_digits(const Dataset& digits, double unlabelled) {
  return [=](Index count, Rng& rng) -> Labelled {
    std::vector<Index> rows;
    std::vector<int> labels;
    for (Index b = 0; b < count; ++b) {
      rows.push_back(static_cast<Index>(rng.below(static_cast<std::uint64_t>(digits.size()))));
      labels.push_back(rng.bernoulli(static_cast<Real>(unlabelled))
                           ? 10
                           : digits.labels[static_cast<std::size_t>(rows.back())]);
    }
    return {affine(digits.images.gather(rows), 2, -1).value(), labels};
  };
}

inline std::filesystem::path kept_at(const Program& program, const DigitDiffusion& model,
                                     const Dataset& digits) {
  return cache_place(program, model.name, text(model.recipe.words(), ", seed ", program.options.seed),
                     digits);
}

/// Trains and keeps the averaged weights in the cache, so that other programs can reuse them.
inline Curve fit_digits(Program& program, DigitDiffusion& model, const Dataset& digits) {
  const LabelledNetwork network = [&](const Var& x, const Tensor& t, const std::vector<int>& labels) {
    return model.predict(x, t, labels);
  };
  const DiffusionRecipe& how = model.recipe;
  Curve curve = train_denoiser(program, model.name, model.net, model.average, network,
                               labelled_digits(digits, how.unlabelled), model.schedule,
                               {how.objective, how.steps, how.batch, how.lr});
  save_checkpoint(kept_at(program, model, digits), model.average.state(), {{"recipe", how.words()}});
  return curve;
}

/// The same, while other programs that want the weights wait.
inline Curve train_digits(Program& program, DigitDiffusion& model, const Dataset& digits) {
  return with_cached(kept_at(program, model, digits), [&] { return fit_digits(program, model, digits); });
}

/// Loads the weights that 34_diffusion saved with the same settings, or trains them.
inline void load_or_train(Program& program, DigitDiffusion& model, const Dataset& digits) {
  const std::filesystem::path kept = kept_at(program, model, digits);
  with_cached(kept, [&] {
    if (!load_cached(kept, model.average.state())) fit_digits(program, model, digits);
  });
}

}  // namespace gradus::lecture
