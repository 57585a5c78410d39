#pragma once
// A flow of digits: pixels become points of a space where a Gaussian fits, and couplings do the rest.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// All settings of a training. The same recipe, seed and data set give the same weights.
struct FlowRecipe {
  Index couplings = 4, hidden = 128, steps = 450, batch = 128;
  Real lr = Real(1e-3);

  std::string words() const {
    return text("flow of ", couplings, " couplings with ", hidden, " units, ", steps, " steps of ", batch,
                ", rate ", lr);
  }
};

inline FlowRecipe flow_recipe(const Program& program) {
  return {.couplings = program.pick<Index>(4, 6, 2),
          .hidden = program.pick<Index>(128, 256, 16),
          .steps = program.pick<Index>(450, 4200, 6)};
}

/// Warm-up over 100 steps, then constant, then linear to 2 % over the last two thirds.
inline Real flow_rate(Index step, double progress) {
  return std::min({Real(1), static_cast<Real>(step + 1) / 100,
                   std::max(Real(0.02), static_cast<Real>(1.5 * (1 - progress)))});
}

/// One step of maximum likelihood, with the gradients clipped:
/// single batches have gradients ten times the usual.
inline Real likelihood_step(Flow& flow, Adam& adam, const Tensor& x, Real longest) {
  Tape tape;
  const Var loss = -mean(flow.log_density(x));
  adam.zero_grad();
  tape.backward(loss);
  clip_gradient_norm(flow.parameters(), longest);
  adam.step();
  return loss.item();
}

/// Digits [N, 784] in [0, 1] and points of the flow's space:
///
///   u = dequantize(x)     v = logit(u)     w = (v - mean) / deviation, per pixel
///   log p(u) = log p(w) + log dets
struct PixelSpace {
  Tensor mean, deviation;     ///< [784] of v over the training set
  double log_deviations = 0;  ///< sum over pixels of log deviation

  explicit PixelSpace(const Tensor& train, Rng rng) {
    const Tensor v = logit_transform(dequantize(train, Tensor::uniform(train.shape(), rng)).values).values;
    const Index N = v.dim(0), D = v.dim(1);
    mean = column_means(v).value();
    const Tensor squares = column_means(square(add_row(v, -Var(mean)))).value();
    deviation = sqrt(squares).value();
    for (Index k = 0; k < D; ++k) log_deviations += std::log(double{deviation[k]});
    GRADUS_CHECK(N > 1, "PixelSpace: the training set needs two examples");
  }
  /// w, and log |det dw/du| per example.
  Transformed operator()(const Tensor& x, Rng& rng) const {
    const Transformed v = logit_transform(dequantize(x, Tensor::uniform(x.shape(), rng)).values);
    const Var inverse = 1 / Var(deviation);
    return {multiply_row(add_row(v.values, -Var(mean)), inverse).value(),
            affine(v.log_det, 1, static_cast<Real>(-log_deviations)).value()};
  }
  /// Pictures [N, 28, 28, 1] of points w.
  Tensor pictures(const Tensor& w) const {
    const Tensor v = add_row(multiply_row(w, deviation), mean).value();
    return inverse_logit(v).reshape({w.dim(0), 28, 28, 1});
  }
};

/// Bits per pixel of every example, from the log density of w and the log-determinant of w.
inline std::vector<double> bits_of(const Tensor& log_p, const Tensor& log_det) {
  std::vector<double> bits;
  for (Index n = 0; n < log_p.size(); ++n)
    bits.push_back(bits_per_dimension(double{log_p[n]} + log_det[n], 784));
  return bits;
}
inline double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// A flow of digits with its pixel space.
struct DigitFlow {
  DigitFlow(Program& program, const std::string& name_in, const FlowRecipe& recipe_in, const Dataset& train)
      : name(name_in),
        recipe(recipe_in),
        rng(program.rng.split(name + " weights")),
        space(train.flat().take(10000).images, rng.split("space")),
        flow(rng, masks(), recipe.hidden) {}

  /// Bits per pixel of every digit of x [N, 28, 28, 1] or [N, 784].
  std::vector<double> bits(const Tensor& x, Rng& noise) {
    const Transformed w = space(x.reshape({x.dim(0), 784}), noise);
    return bits_of(in_pieces(w.values, [&](const Var& piece) { return flow.log_density(piece); }), w.log_det);
  }
  /// Samples [count, 28, 28, 1]; `temperature` is the standard deviation of z.
  Tensor sample(Index count, Rng& noise, Real temperature = 1) {
    return pictures(Tensor::randn({count, 784}, noise, 0, temperature));
  }
  Tensor pictures(const Tensor& z) {
    return space.pictures(in_pieces(z, [&](const Var& piece) { return flow.decode(piece); }));
  }

  std::string name;
  FlowRecipe recipe;
  Rng rng;
  PixelSpace space;
  Flow flow;

 private:
  /// A checkerboard first, then random halves; each is followed by its opposite.
  std::vector<Tensor> masks() {
    std::vector<Tensor> all;
    Rng random = rng.split("masks");
    while (static_cast<Index>(all.size()) < recipe.couplings) {
      all.push_back(all.empty() ? checkerboard_mask(28, 28) : random_half_mask(784, random));
      all.push_back(opposite_mask(all.back()));
    }
    return all;
  }
};

inline std::filesystem::path kept_at(const Program& program, const DigitFlow& model, const Dataset& digits) {
  return cache_place(program, model.name, text(model.recipe.words(), ", seed ", program.options.seed),
                     digits);
}

/// Trains by maximum likelihood and keeps the weights in the cache; returns the curve in bits per pixel.
inline Curve fit_flow(Program& program, DigitFlow& model, const Dataset& digits) {
  const FlowRecipe& how = model.recipe;
  Rng rng = program.rng.split(model.name);
  Loader loader(digits.flat(), {.batch = how.batch, .shuffle = true, .drop_last = true}, rng.split("order"));
  Adam adam(model.flow.parameters());
  Trainer trainer(program.session(), model.name,
                  {{"flow", model.flow}, {"adam", adam}, {"rng", rng}, {"digits", loader}}, Steps{how.steps});
  while (trainer.next()) {
    adam.lr = how.lr * flow_rate(trainer.step(), trainer.progress());
    const Transformed w = model.space(loader.next().images, rng);
    const double nats = likelihood_step(model.flow, adam, w.values, 400);
    const double bits = bits_per_dimension(-nats + mean(w.log_det).item(), 784);
    trainer.report({{"bits", static_cast<Real>(bits)}});
  }
  save_checkpoint(kept_at(program, model, digits), model.flow.state(), {{"recipe", how.words()}});
  return trainer.history().front();
}

/// The same, while other programs that want the weights wait.
inline Curve train_flow(Program& program, DigitFlow& model, const Dataset& digits) {
  return with_cached(kept_at(program, model, digits), [&] { return fit_flow(program, model, digits); });
}

/// Loads the weights that 33_flow kept with the same settings, or trains them.
inline void load_or_train(Program& program, DigitFlow& model, const Dataset& digits) {
  const std::filesystem::path kept = kept_at(program, model, digits);
  with_cached(kept, [&] {
    if (!load_cached(kept, model.flow.state())) fit_flow(program, model, digits);
  });
}

}  // namespace gradus::lecture
