#pragma once
// A generator and a discriminator that grow from 7 x 7 to 28 x 28 pixels during training.
// Karras, Aila, Laine, Lehtinen 2018, "Progressive growing of GANs".
#include <cmath>
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
///   K - 7x7x2c - 3x3: 7x7xc |- upsampled - 3x3: 14x14xc/2 |- upsampled - 3x3: 28x28xc/4
///                           |                             |                  |
///                          1x1                           1x1                1x1      a grey picture per size
///
/// Leaky relu and pixel norm after every layer. Upsampling repeats pixels, which fixes where a new layer
/// starts: from the old picture, enlarged.
struct GrowingGenerator : Module {
  GrowingGenerator(Rng& random, Index inputs, Index channels)
      : Module(random),
        start(*this, "start", inputs, 49 * 2 * channels),
        conv0(*this, "conv0", 2 * channels, channels, {.padding = 1}),
        conv1(*this, "conv1", channels, channels / 2, {.padding = 1}),
        conv2(*this, "conv2", channels / 2, channels / 4, {.padding = 1}),
        grey0(*this, "grey0", channels, 1, {.size = 1}),
        grey1(*this, "grey1", channels / 2, 1, {.size = 1}),
        grey2(*this, "grey2", channels / 4, 1, {.size = 1}) {}

  Var operator()(const Var& z, const Growth& now) {
    const Var h = active(reshape(start(pixel_norm(z)), {z.shape()[0], 7, 7, conv0.w.value.dim(3)}));
    Var x = active(conv0(h));
    Conv2d* const convs[] = {&conv1, &conv2};
    Conv2d* const greys[] = {&grey0, &grey1, &grey2};
    Var picture = (*greys[0])(x);
    for (Index s = 1; s <= now.stage; ++s) {
      x = active((*convs[s - 1])(upsample_nearest(x, 2)));
      const Var sharper = (*greys[s])(x);
      picture = s < now.stage || now.alpha >= 1 ? sharper
                                                : blended(upsample_nearest(picture, 2), sharper, now.alpha);
    }
    return tanh(picture);
  }
  static Var active(const Var& x) { return pixel_norm(leaky_relu(x)); }

  Linear start;
  Conv2d conv0, conv1, conv2, grey0, grey1, grey2;
};

/// Pictures [B, S, S, 1] -> logits [B, 1], the mirror image: halving convolutions down to 7 x 7, then
/// minibatch deviation, a last convolution and a linear layer. While a size fades in, the shrunk picture
/// enters one level lower, blended with the same alpha.
struct GrowingDiscriminator : Module {
  GrowingDiscriminator(Rng& random, Index channels)
      : Module(random),
        read0(*this, "read0", 1, 2 * channels, {.size = 1}),
        read1(*this, "read1", 1, channels, {.size = 1}),
        read2(*this, "read2", 1, channels / 4, {.size = 1}),
        down1(*this, "down1", channels, 2 * channels, {.size = 4, .stride = 2, .padding = 1}),
        down2(*this, "down2", channels / 4, channels, {.size = 4, .stride = 2, .padding = 1}),
        last(*this, "last", 2 * channels + 1, 4 * channels, {.size = 4, .stride = 2, .padding = 1}),
        out(*this, "out", 9 * 4 * channels, 1) {}

  Var operator()(const Var& x, const Growth& now) {
    Conv2d* const reads[] = {&read0, &read1, &read2};
    Conv2d* const downs[] = {nullptr, &down1, &down2};
    Var h = leaky_relu((*reads[now.stage])(x));
    for (Index s = now.stage; s > 0; --s) {
      h = leaky_relu((*downs[s])(h));
      if (s == now.stage && now.alpha < 1)
        h = blended(leaky_relu((*reads[s - 1])(average_pool2d(x, 2))), h, now.alpha);
    }
    h = leaky_relu(last(minibatch_deviation(h, 4)));
    return out(reshape(h, {x.shape()[0], out.w.value.dim(1)}));
  }

  Conv2d read0, read1, read2, down1, down2, last;
  Linear out;
};

/// All settings of a training.
struct ProgressiveRecipe {
  std::vector<Index> steps = {100, 100, 330};  ///< of each stage
  Index channels = 32, batch = 64, noise = 64;
  Real lr_generator = Real(2e-3), lr_discriminator = Real(1e-3);
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
        average(generator, recipe.averaging) {}

  /// z [N, K] -> [N, 28, 28, 1] in [0, 1] with the averaged weights: smaller sizes are enlarged.
  Tensor pictures(const Tensor& z, const Growth& now) {
    const Ema::Applied averaged(average);
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
};

/// The two alternating steps at the current size. `looks` records pictures and scores.
inline DcganTraining train_progressive(Program& program, Progressive& gan, const Dataset& digits,
                                       ScoreFilm& looks) {
  const ProgressiveRecipe& how = gan.recipe;
  Rng rng = program.rng.split("progressive");
  Loader loader(digits, {.batch = how.batch, .shuffle = true, .drop_last = true}, rng.split("order"));
  Adam g_adam(gan.generator.parameters(), {.beta1 = Real(0.5)}),
      d_adam(gan.discriminator.parameters(), {.beta1 = Real(0.5)});
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
