#pragma once
// Networks that turn noise into data: points, codes and digits,
// with the losses of diffusion and of flow matching.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "7_models/point_denoiser.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// What the network predicts: the noise (diffusion),
/// or the velocity of the line from noise to data (flow matching).
enum class Objective { noise, velocity };
inline const char* name_of(Objective objective) {
  return objective == Objective::noise ? "diffusion" : "flow matching";
}

/// Examples with their labels (empty: none).
struct Labelled {
  Tensor x;
  std::vector<int> labels{};
};
using Draw = std::function<Labelled(Index count, Rng& rng)>;
/// A TimedNetwork that also takes labels; an empty list: no label.
using LabelledNetwork = std::function<Var(const Var& x, const Tensor& t, const std::vector<int>& labels)>;

struct DenoiserTraining {
  Objective objective = Objective::noise;
  Index steps = 2000, batch = 256;
  Real lr = Real(2e-3);
};

/// Times 1 .. T, one per example, and the same as parts of T.
inline std::vector<Index> random_times(Index count, Index T, Rng& rng) {
  std::vector<Index> times;
  for (Index b = 0; b < count; ++b)
    times.push_back(1 + static_cast<Index>(rng.below(static_cast<std::uint64_t>(T))));
  return times;
}
inline Tensor as_parts(const std::vector<Index>& times, Index T) {
  Tensor parts({static_cast<Index>(times.size())});
  for (Index b = 0; b < parts.size(); ++b)
    parts[b] = static_cast<Real>(times[static_cast<std::size_t>(b)]) / static_cast<Real>(T);
  return parts;
}
inline std::vector<Index> as_times(const Tensor& parts, Index T) {
  std::vector<Index> times;
  for (const Real part : parts.values()) times.push_back(std::lround(part * static_cast<Real>(T)));
  return times;
}

/// The loss of one batch, [B]: that of the noise at a random time,
/// or of the velocity at a random place of the line.
inline Var denoiser_loss(const LabelledNetwork& network, const Labelled& data, Objective objective,
                         const NoiseSchedule& schedule, Rng& rng) {
  const Tensor noise = Tensor::randn(data.x.shape(), rng);
  const Index B = data.x.dim(0), T = schedule.steps();
  if (objective == Objective::velocity) {
    const Tensor t = Tensor::uniform({B}, rng);
    const LinePoint point = line_point(noise, data.x, t);
    return prediction_loss(network(point.x, t, data.labels), point.velocity);
  }
  const std::vector<Index> times = random_times(B, T, rng);
  return prediction_loss(network(diffuse(data.x, noise, times, schedule), as_parts(times, T), data.labels),
                         noise);
}

/// The same loop for points, codes and digits. `average` is an Ema of the module, with a warm-up.
/// Returns the curve.
inline Curve train_denoiser(Program& program, const std::string& name, Module& module, Ema& average,
                            const LabelledNetwork& network, const Draw& data, const NoiseSchedule& schedule,
                            const DenoiserTraining& how) {
  Rng rng = program.rng.split(name);
  Adam adam(module.parameters());
  Trainer trainer(program.session(), name,
                  {{"network", module}, {"average", average}, {"adam", adam}, {"rng", rng}},
                  Steps{how.steps});
  while (trainer.next()) {
    const Real late = static_cast<Real>(1.5 * (1 - trainer.progress()));
    adam.lr =
        how.lr * std::min({Real(1), static_cast<Real>(trainer.step() + 1) / 100, std::max(Real(0.02), late)});
    const Labelled batch = data(how.batch, rng);
    Var loss;
    descend(adam, [&] { return loss = mean(denoiser_loss(network, batch, how.objective, schedule, rng)); });
    average.update();
    trainer.report({{"loss", loss}});
  }
  return trainer.history().front();
}

/// Samples from noise [N, ..] in `count` steps: DDIM, or Euler steps along the velocity.
inline Tensor generate(const TimedNetwork& network, const Tensor& noise, Objective objective,
                       const NoiseSchedule& schedule, Index count, Real clip = 0,
                       const SamplingView& view = {}) {
  if (objective == Objective::noise) return ddim_sample(network, noise, schedule, count, {clip, view});
  return flow_sample(network, noise, count, Solver::euler, {0, view});
}

/// Examples drawn at random rows of x [N, ..], without labels.
inline Draw rows_of(const Tensor& x) {
  return [x](Index count, Rng& rng) -> Labelled {
    std::vector<Index> rows;
    for (Index b = 0; b < count; ++b)
      rows.push_back(static_cast<Index>(rng.below(static_cast<std::uint64_t>(x.dim(0)))));
    return {x.gather(rows)};
  };
}

/// A PointDenoiser with its average, for rows of numbers [N, D].
struct PointDiffusion {
  PointDiffusion(Rng& random, std::string name_in, Index D, Index hidden, Index T,
                 Objective objective_in = Objective::noise)
      : name(std::move(name_in)),
        objective(objective_in),
        net(random, D, hidden),
        average(net, Real(0.995), true),
        schedule(cosine_schedule(T)) {}

  TimedNetwork network() {
    return [this](const Var& x, const Tensor& t) { return net(x, t); };
  }
  /// Returns the curve of the loss.
  Curve train(Program& program, const Draw& data, Index steps) {
    const LabelledNetwork without_labels = [this](const Var& x, const Tensor& t, const std::vector<int>&) {
      return net(x, t);
    };
    return train_denoiser(program, name, net, average, without_labels, data, schedule, {objective, steps});
  }
  /// Samples from noise [N, D] in `count` steps, with the averaged weights.
  Tensor sample(const Tensor& noise, Index count, Real clip = 0, const SamplingView& view = {}) {
    const Ema::Applied averaged(average);
    return generate(network(), noise, objective, schedule, count, clip, view);
  }
  /// Samples from noise [N, D] in T ancestral steps, with the averaged weights.
  Tensor ancestral(const Tensor& noise, Rng& rng) {
    const Ema::Applied averaged(average);
    return ancestral_sample(network(), noise, schedule, rng);
  }

  std::string name;
  Objective objective;
  PointDenoiser net;
  Ema average;
  NoiseSchedule schedule;
};

}  // namespace gradus::lecture
