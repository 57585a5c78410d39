#pragma once
// Paired image translation: a U-Net generator, a discriminator on patches of pairs, and their training loop.
// Isola, Zhu, Zhou, Efros 2017 ("pix2pix").
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

struct Pix2PixUnetOptions {
  Index inputs = 1, outputs = 1;         ///< channels
  std::vector<Index> widths = {32, 64};  ///< channels after each halving of the sides
  Real dropout = 0;                      ///< at the bottleneck, in training only
};

/// Pix2PixUnet: convolutions of 4 x 4 with stride 2 go down, transposed ones go up.
/// At every size a skip connection (concat) passes the features of the way down to the way up,
/// so that details need not pass through the bottleneck.
///
///   x [B, H, W, inputs]  ->  y [B, H, W, outputs] in (0, 1)        H and W: multiples of 2^levels
///
///       x --------------------------------------- + - 3 x 3 -> y        28 x 28, widths {32, 64}:
///        \ 4/2                               4/2 /
///         32 --------------------------------- +                        14 x 14
///          \ 4/2                         4/2 /
///           64 ------- 3 x 3, 64 --------- +                             7 x 7
struct Pix2PixUnet : Module {
  Pix2PixUnet(Rng& random, const Pix2PixUnetOptions& options = {}) : Module(random) {
    const ConvOptions half{.size = 4, .stride = 2, .padding = 1};
    const std::vector<Index>& widths = options.widths;
    const std::size_t levels = widths.size();
    for (std::size_t i = 0; i < levels; ++i) {
      down.push_back(std::make_unique<Conv2d>(*this, text("down", i), i == 0 ? options.inputs : widths[i - 1],
                                              widths[i], half));
      if (i > 0) down_norm.push_back(std::make_unique<BatchNorm>(*this, text("down_norm", i), widths[i]));
    }
    middle = std::make_unique<Conv2d>(*this, "middle", widths.back(), widths.back(),
                                      ConvOptions{.size = 3, .padding = 1});
    middle_norm = std::make_unique<BatchNorm>(*this, "middle_norm", widths.back());
    drop = std::make_unique<Dropout>(*this, "drop", options.dropout);
    for (std::size_t i = levels; i-- > 0;) {
      const Index narrower = i == 0 ? widths[0] / 2 : widths[i - 1];
      up.push_back(std::make_unique<ConvTranspose2d>(*this, text("up", i), 2 * widths[i], narrower, half));
      if (i > 0) up_norm.push_back(std::make_unique<BatchNorm>(*this, text("up_norm", i), narrower));
    }
    out = std::make_unique<Conv2d>(*this, "out", widths[0] / 2 + options.inputs, options.outputs,
                                   ConvOptions{.size = 3, .padding = 1});
  }

  Var operator()(const Var& x) {
    std::vector<Var> skips = {x};
    for (std::size_t i = 0; i < down.size(); ++i) {
      const Var h = (*down[i])(skips.back());
      skips.push_back(leaky_relu(i > 0 ? (*down_norm[i - 1])(h) : h));
    }
    Var h = (*drop)(relu((*middle_norm)((*middle)(skips.back()))));
    for (std::size_t i = 0; i < up.size(); ++i) {
      h = (*up[i])(concat({skips.back(), h}, 3));
      h = relu(i < up_norm.size() ? (*up_norm[i])(h) : h);
      skips.pop_back();
    }
    return sigmoid((*out)(concat({h, skips.back()}, 3)));
  }

  std::vector<std::unique_ptr<Conv2d>> down;
  std::vector<std::unique_ptr<ConvTranspose2d>> up;
  std::vector<std::unique_ptr<BatchNorm>> down_norm, up_norm;
  std::unique_ptr<Conv2d> middle, out;
  std::unique_ptr<BatchNorm> middle_norm;
  std::unique_ptr<Dropout> drop;
};

/// PatchDiscriminator (PatchGAN): one logit per cell of a grid with a quarter of the picture's sides.
/// Each logit sees 18 x 18 pixels, so it judges texture and edges; L1 controls the overall picture.
///
///   x [B, H, W, channels]  ->  logits [B H/4 W/4]        every patch counts as an example
struct PatchDiscriminator : Module {
  PatchDiscriminator(Rng& random, Index channels, Index width = 32)
      : Module(random),
        first(*this, "first", channels, width, {.size = 4, .stride = 2, .padding = 1}),
        second(*this, "second", width, 2 * width, {.size = 4, .stride = 2, .padding = 1}),
        norm(*this, "norm", 2 * width),
        last(*this, "last", 2 * width, 1, {.size = 3, .padding = 1}) {}
  Var operator()(const Var& x) {
    const Var logits = last(leaky_relu(norm(second(leaky_relu(first(x))))));
    return reshape(logits, {logits.size()});
  }

  Conv2d first, second;
  BatchNorm norm;
  Conv2d last;
};

/// Inputs and their targets.
struct Pairs {
  Tensor input, truth;  ///< [B, H, W, C] and [B, H, W, C']
};
/// Makes pairs from pictures of a data set, possibly at random (crops, mirroring).
using PairMaker = std::function<Pairs(const Tensor&, Rng&)>;

struct TranslatorTraining {
  Index steps = 350, batch = 48;
  Real lr_generator = Real(1e-3), lr_discriminator = Real(2e-3);
  Real pixel_weight = 100;   ///< weight of the mean over pixels of |y - truth|
  bool squares = false;      ///< (y - truth)^2 instead
  bool adversarial = false;  ///< adds the loss of a discriminator
};

struct TranslatorLoss {
  double pixels = 0, discriminator = 0;
};

/// One step of both networks on pairs (x, y). G minimises
///
///   weight mean |G(x) - y|  +  mean -log D(x, G(x))              mean over all pixels; over all patches
///
/// and then D minimises        mean -log D(x, y)  +  mean -log(1 - D(x, G(x)))
///
/// D sees the pair of input and output. With the output alone it would accept any sharp digit,
/// and G could ignore x. 6.S191 L4, "Conditional GANs and pix2pix: paired translation".
inline TranslatorLoss translator_step(Pix2PixUnet& generator, PatchDiscriminator& discriminator,
                                      const Pairs& pairs, const TranslatorTraining& how, Adam& g_adam,
                                      Adam& d_adam) {
  const GanLosses losses = non_saturating_losses();
  const Network pair = [&](const Var& y) { return concat({pairs.input, y}, 3); };
  TranslatorLoss out;
  Tensor fake;
  const auto pixels = [&](const Var& y) {
    const Var error = how.squares ? squared_error(y, pairs.truth) : l1_error(y, pairs.truth);
    const Var average = mean(error) / static_cast<Real>(pairs.truth.shape().row_size());
    fake = y.value(), out.pixels = average.item();
    return how.pixel_weight * average;
  };
  if (how.adversarial) {
    generator_step([&](const Var& y) { return discriminator(pair(y)); }, discriminator, std::ref(generator),
                   pairs.input, losses, g_adam, pixels);
    // reuses the fakes from before G's step instead of generating them again
    out.discriminator =
        discriminator_step(std::ref(discriminator), pair, pair(pairs.truth).value(), fake, losses, d_adam)
            .loss;
  } else {
    descend(g_adam, [&] { return pixels(generator(pairs.input)); });
  }
  return out;
}

inline Plot train_translator(Program& program, const std::string& name, Pix2PixUnet& generator,
                             const Dataset& data, const PairMaker& make_pairs,
                             const TranslatorTraining& how) {
  Rng rng = program.rng.split("translator");
  const Pairs sample = make_pairs(data.images.rows(0, 1), rng);
  PatchDiscriminator discriminator(rng, sample.input.dim(3) + sample.truth.dim(3));
  const Adam::Options options{.beta1 = Real(0.5)};
  Adam g_adam(generator.parameters(), options), d_adam(discriminator.parameters(), options);
  Loader loader(data, {.batch = std::min(how.batch, data.size()), .shuffle = true, .drop_last = true},
                rng.split("order"));
  Trainer trainer(program.session(), name,
                  {{"generator", generator},
                   {"discriminator", discriminator},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"loader", loader},
                   {"rng", rng}},
                  Steps{how.steps});
  while (trainer.next()) {
    const Real factor = decay_second_half(trainer.progress());
    g_adam.lr = how.lr_generator * factor, d_adam.lr = how.lr_discriminator * factor;
    const Pairs pairs = make_pairs(loader.next().images, rng);
    const TranslatorLoss loss = translator_step(generator, discriminator, pairs, how, g_adam, d_adam);
    if (how.adversarial)
      trainer.report({{"pixels", loss.pixels}, {"D", loss.discriminator}});
    else
      trainer.report({{"pixels", loss.pixels}});
  }
  return trainer.plot("Training: " + name).x("step");
}

/// G's outputs for the inputs in evaluation mode: batch norm uses its running statistics, so a picture does
/// not depend on its batch, and dropout is off, so the result is deterministic.
/// (pix2pix keeps dropout at this point, as its only source of randomness.)
inline Tensor translate(Pix2PixUnet& generator, const Tensor& inputs) {
  const EvalMode evaluation{generator};
  return in_pieces(inputs, std::ref(generator));
}

/// The mean over all pixels of |y - truth|.
inline double pixel_error(const Tensor& y, const Tensor& truth) {
  return double(mean(l1_error(y, truth)).item()) / static_cast<double>(y.shape().row_size());
}

}  // namespace gradus::lecture
