#pragma once
// A generator and a discriminator that grow from 7 x 7 to 28 x 28 pixels during training.
// Karras, Aila, Laine, Lehtinen 2018, "Progressive growing of GANs".
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "5_adversarial/dcgan.hpp"

namespace gradus::lecture {

/// Where a training is: the size 7 * 2^stage, and the weight of the newest layers. In the first half of a
/// stage `alpha` grows from 0 to 1: the new size fades in.
struct Growth {
  Index stage = 0;  ///< 0, 1, 2
  Real alpha = 1;
};

/// a + alpha (b - a), the fade-in of generated, real and intermediate pictures.
inline Var blended(const Var& a, const Var& b, Real alpha) {
  if (alpha >= 1) return b;
  return (1 - alpha) * a + alpha * b;
}

/// z [B, K] -> pictures [B, S, S, 1] in (-1, 1), S = 7 * 2^stage:
///
///   K - 7x7x2c - convT 4x4/2: 14x14xc - convT 4x4/2: 28x28x1
///          |                     |
///      3x3: 7x7x1          3x3: 14x14x1          the grey picture of each smaller size
///
/// At 28 x 28 it is the generator of 25_dcgan: batch norm and relu between the layers, tanh at the end. Pixel
/// norm scales each noise vector to mean square 1.
struct GrowingGenerator : Module {
  GrowingGenerator(Rng& random, Index inputs, Index channels)
      : Module(random),
        start(*this, "start", inputs, 49 * 2 * channels),
        norm0(*this, "norm0", 49 * 2 * channels),
        up1(*this, "up1", 2 * channels, channels, {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm1(*this, "norm1", channels),
        up2(*this, "up2", channels, 1, {.size = 4, .stride = 2, .padding = 1}),
        grey0(*this, "grey0", 2 * channels, 1, {.padding = 1}),
        grey1(*this, "grey1", channels, 1, {.padding = 1}) {}

  Var operator()(const Var& z, const Growth& now) {
    const Var rows = relu(norm0(start(pixel_norm(z))));
    const Var coarse = reshape(rows, {z.shape()[0], 7, 7, grey0.w.value.dim(3)});
    if (now.stage == 0) return tanh(grey0(coarse));
    const Var fine = relu(norm1(up1(coarse)));
    if (now.stage == 1) return faded(grey0, coarse, tanh(grey1(fine)), now.alpha);
    return faded(grey1, fine, tanh(up2(fine)), now.alpha);
  }
  /// While the new size fades in, its picture blended with the enlarged picture of the size before.
  static Var faded(Conv2d& grey, const Var& before, const Var& picture, Real alpha) {
    if (alpha >= 1) return picture;
    return blended(upsample_nearest(tanh(grey(before)), 2), picture, alpha);
  }

  Linear start;
  BatchNorm norm0;
  ConvTranspose2d up1;
  BatchNorm norm1;
  ConvTranspose2d up2;
  Conv2d grey0, grey1;
};

/// Pictures [B, S, S, 1] -> logits [B, 1], the mirror image. At 28 x 28:
///
///   conv 4x4/2: 14x14xc - conv 4x4/2: 7x7x2c - minibatch deviation - conv 4x4/2: 3x3x4c - 1
///                |                      |
///   14x14x1: 3x3 (read1)      7x7x1: 3x3 (read0)          where a smaller picture enters
///
/// This is the discriminator of 25_dcgan with minibatch deviation. While a size fades in, the shrunk picture
/// enters one level lower, blended with the same alpha.
struct GrowingDiscriminator : Module {
  GrowingDiscriminator(Rng& random, Index channels)
      : Module(random),
        read0(*this, "read0", 1, 2 * channels, {.padding = 1}),
        read1(*this, "read1", 1, channels, {.padding = 1}),
        read2(*this, "read2", 1, channels, {.size = 4, .stride = 2, .padding = 1}),
        down1(*this, "down1", channels, 2 * channels, {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm1(*this, "norm1", 2 * channels),
        down0(*this, "down0", 2 * channels + 1, 4 * channels,
              {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm0(*this, "norm0", 4 * channels),
        out(*this, "out", 9 * 4 * channels, 1) {}

  Var operator()(const Var& x, const Growth& now) {
    Var h = leaky_relu(now.stage == 2 ? read2(x) : now.stage == 1 ? read1(x) : read0(x));
    if (now.stage == 2) h = faded(read1, x, h, now.alpha);
    if (now.stage > 0) h = leaky_relu(norm1(down1(h)));
    if (now.stage == 1) h = faded(read0, x, h, now.alpha);
    h = leaky_relu(norm0(down0(minibatch_deviation(h, 4))));
    return out(reshape(h, {x.shape()[0], out.w.value.dim(1)}));
  }
  /// While the new size fades in, its features blended with those of the shrunk picture x.
  static Var faded(Conv2d& read, const Var& x, const Var& features, Real alpha) {
    if (alpha >= 1) return features;
    return blended(leaky_relu(read(average_pool2d(x, 2))), features, alpha);
  }

  Conv2d read0, read1, read2, down1;
  BatchNorm norm1;
  Conv2d down0;
  BatchNorm norm0;
  Linear out;
};

/// All settings of a training.
struct ProgressiveRecipe {
  std::vector<Index> steps = {100, 100, 540};  ///< of each stage
  Index channels = 32, batch = 64, noise = 64;
  Real lr_generator = Real(3e-3), lr_discriminator = Real(6e-4);
  Real penalty = Real(0.3);  ///< weight of difference_penalty at the real digits
  Real averaging = Real(0.99);

  Index total() const { return steps[0] + steps[1] + steps[2]; }
  /// The growth before this step.
  Growth at(Index step) const {
    Index stage = 0;
    while (stage < 2 && step >= steps[static_cast<std::size_t>(stage)])
      step -= steps[static_cast<std::size_t>(stage++)];
    const Real part = static_cast<Real>(step) / static_cast<Real>(steps[static_cast<std::size_t>(stage)]);
    return {stage, stage == 0 ? Real(1) : std::min(Real(1), 2 * part)};
  }
};

/// Real digits x [B, 28, 28, 1] in -1 .. 1 at the current size. While it fades in, the same blend as G's
/// pictures: the digits at the smaller size, enlarged, and the digits themselves. Otherwise D would know real
/// digits by their detail.
inline Tensor shrunk(const Tensor& x, const Growth& now) {
  Var at_size = x;
  for (Index s = now.stage; s < 2; ++s) at_size = average_pool2d(at_size, 2);
  if (now.alpha >= 1) return at_size.value();
  return blended(upsample_nearest(average_pool2d(at_size, 2), 2), at_size, now.alpha).value();
}

/// Both networks and the average of G's weights.
struct Progressive {
  Progressive(Program& program, const ProgressiveRecipe& recipe_in)
      : recipe(recipe_in),
        rng(program.rng.split("progressive weights")),
        generator(rng, recipe.noise, recipe.channels),
        discriminator(rng, recipe.channels),
        average(started(), recipe.averaging) {}

  /// z [N, K] -> [N, 28, 28, 1] in [0, 1] with batch norm's running statistics. Smaller sizes are enlarged.
  /// The averaged weights are used when all layers are trained;
  /// those of a new layer are nearly random at first.
  Tensor pictures(const Tensor& z, const Growth& now) {
    std::optional<Ema::Applied> averaged;
    if (now.stage == 2 && now.alpha >= 1) averaged.emplace(average);
    const EvalMode evaluation(generator);
    return in_pieces(z, [&](const Var& piece) {
      Var x = affine(generator(piece, now), 0.5, 0.5);
      for (Index s = now.stage; s < 2; ++s) x = upsample_nearest(x, 2);
      return x;
    });
  }

  ProgressiveRecipe recipe;
  Rng rng;
  GrowingGenerator generator;
  GrowingDiscriminator discriminator;
  Ema average;

 private:
  /// Initialises both networks as in 25_dcgan and returns the generator.
  GrowingGenerator& started() {
    start_small(generator, rng);
    start_small(discriminator, rng);
    return generator;
  }
};

/// The two alternating steps at the current size. `looks` records pictures and scores.
inline DcganTraining train_progressive(Program& program, Progressive& gan, const Dataset& digits,
                                       ScoreFilm& looks) {
  const ProgressiveRecipe& how = gan.recipe;
  Rng rng = program.rng.split("progressive");
  Loader loader(digits, {.batch = how.batch, .shuffle = true, .drop_last = true}, rng.split("order"));
  // The layers of the next size begin with averages of 0.
  // With beta2 = 0.99 Adam forgets that within a hundred steps.
  const Adam::Options options = {.beta1 = Real(0.5), .beta2 = Real(0.99)};
  Adam g_adam(gan.generator.parameters(), options), d_adam(gan.discriminator.parameters(), options);
  Stopwatch watch;
  Trainer trainer(program.session(), "progressive",
                  {{"generator", gan.generator},
                   {"discriminator", gan.discriminator},
                   {"average", gan.average},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"looks", looks},
                   {"watch", watch},
                   {"rng", rng},
                   {"digits", loader}},
                  Steps{how.total()});
  const GanLosses losses = non_saturating_losses();
  watch.last = std::chrono::steady_clock::now();
  while (trainer.next()) {
    const Growth now = how.at(trainer.step());
    if (looks.look(trainer.step(), watch.microseconds, [&](const Tensor& z) { return gan.pictures(z, now); }))
      watch.last = std::chrono::steady_clock::now();
    const Real factor = std::min(Real(1), static_cast<Real>(2.5 * (1 - trainer.progress()) + 0.02));
    g_adam.lr = how.lr_generator * factor, d_adam.lr = how.lr_discriminator * factor;
    const Tensor real = shrunk(affine(loader.next().images, 2, -1).value(), now);
    const Network generator = [&](const Var& z) { return gan.generator(z, now); };
    const Network discriminator = [&](const Var& x) { return gan.discriminator(x, now); };
    const auto steepness = [&] {
      return how.penalty * mean(difference_penalty(discriminator, real, Tensor::randn(real.shape(), rng)));
    };
    const auto noise = [&] { return Tensor::randn({how.batch, how.noise}, rng); };
    const DiscriminatorLoss d =
        discriminator_step(discriminator, generator, real, noise(), losses, d_adam, steepness);
    const Real g = generator_step(discriminator, gan.discriminator, generator, noise(), losses, g_adam);
    gan.average.update();
    trainer.report({{"D", d.loss}, {"G", g}});
    watch.lap();
  }
  looks.look(how.total(), watch.microseconds,
             [&](const Tensor& z) { return gan.pictures(z, how.at(how.total())); });
  return {trainer.plot("Both losses: progressive"), static_cast<double>(watch.microseconds) / 1e6,
          trainer.last_tenth("D"), trainer.last_tenth("G")};
}

}  // namespace gradus::lecture
