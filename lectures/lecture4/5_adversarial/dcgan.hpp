#pragma once
// Convolutional generator and discriminator of digits, their training loop, and scores of their samples.
#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "5_adversarial/digit_film.hpp"
#include "gradus/base/runtime.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// All settings of a training. The same recipe, seed and data set give the same weights.
struct DcganRecipe {
  Index steps = 800, channels = 32, batch = 64, noise = 64;
  Index classes = 0;  ///< above 0: both networks are conditioned on the label
  Real lr_generator = Real(3e-3), lr_discriminator = Real(6e-4);
  Real penalty = Real(0.3);  ///< weight of difference_penalty at the real digits
  Real averaging = Real(0.99);

  std::string words() const {
    return text("DCGAN of ", channels, " channels, D of three convolutions, noise ", noise, ", classes ",
                classes, ", ", steps, " steps of ", batch, ", rates ", lr_generator, " and ",
                lr_discriminator, ", penalty ", penalty, ", averaging ", averaging);
  }
};

/// The recipe shared by the programs of this lecture.
inline DcganRecipe dcgan_recipe(const Program& program) {
  return {.steps = program.pick<Index>(800, 4000, 12),
          .channels = program.pick<Index>(32, 48, 8),
          .averaging = program.pick<Real>(Real(0.99), Real(0.999), Real(0.5))};
}

/// z [B, K] -> pictures [B, 28, 28, 1] in (-1, 1):
///
///   K - 7x7x2c - convT 4x4/2: 14x14xc - convT 4x4/2: 28x28x1 - tanh        batch norm and relu between
///
/// Radford, Metz, Chintala 2016.
struct DigitGenerator : Module {
  DigitGenerator(Rng& random, Index inputs, Index channels)
      : Module(random),
        start(*this, "start", inputs, 49 * 2 * channels),
        norm1(*this, "norm1", 49 * 2 * channels),
        up1(*this, "up1", 2 * channels, channels, {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm2(*this, "norm2", channels),
        up2(*this, "up2", channels, 1, {.size = 4, .stride = 2, .padding = 1}) {}

  Var operator()(const Var& z) {
    const Var h = reshape(relu(norm1(start(z))), {z.shape()[0], 7, 7, norm1.gamma.value.size() / 49});
    return tanh(up2(relu(norm2(up1(h)))));
  }

  Linear start;
  BatchNorm norm1;
  ConvTranspose2d up1;
  BatchNorm norm2;
  ConvTranspose2d up2;
};

/// Pictures [B, 28, 28, C] -> logits [B, 1]:
///
///   conv 4x4/2: 14x14xc - conv 4x4/2: 7x7x2c - conv 4x4/2: 3x3x4c - 1
///
/// Leaky relu between the layers, batch norm before the last two.
/// The receptive fields of the three convolutions are 4 x 4, 10 x 10 and 22 x 22 pixels; without the third,
/// D knows strokes but not which of them belong together. A batch is all real or all generated:
/// in the step of G all digits are generated, so D must classify batches of one kind.
struct DigitDiscriminator : Module {
  DigitDiscriminator(Rng& random, Index inputs, Index channels)
      : Module(random),
        down1(*this, "down1", inputs, channels, {.size = 4, .stride = 2, .padding = 1}),
        down2(*this, "down2", channels, 2 * channels, {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm2(*this, "norm2", 2 * channels),
        down3(*this, "down3", 2 * channels, 4 * channels,
              {.size = 4, .stride = 2, .padding = 1, .bias = false}),
        norm3(*this, "norm3", 4 * channels),
        out(*this, "out", 9 * 4 * channels, 1) {}

  Var operator()(const Var& x) {
    const Var strokes = leaky_relu(norm2(down2(leaky_relu(down1(x)))));
    const Var h = leaky_relu(norm3(down3(strokes)));
    return out(reshape(h, {x.shape()[0], out.w.value.dim(1)}));
  }

  Conv2d down1, down2;
  BatchNorm norm2;
  Conv2d down3;
  BatchNorm norm3;
  Linear out;
};

/// Initial weights N(0, .02^2), biases 0, gamma 1. Radford et al. 2016.
inline void start_small(Module& net, Rng& rng) {
  for (const auto& [name, parameter] : net.named_parameters()) {
    if (parameter->value.rank() > 1)
      parameter->value.copy_from(Tensor::randn(parameter->value.shape(), rng, 0, Real(0.02)));
    else if (name.ends_with(".b"))
      parameter->value.fill(0);
  }
}

/// One constant plane per class: y [B, classes] -> [B, 28, 28, classes].
inline Tensor planes(const Tensor& y) {
  std::vector<Index> row_of_pixel;
  for (Index i = 0; i < 784 * y.dim(0); ++i) row_of_pixel.push_back(i / 784);
  return y.gather(row_of_pixel).reshape({y.dim(0), 28, 28, y.dim(1)});
}

/// Both networks and the average of G's weights.
struct Dcgan {
  /// `name` is also the name of the training. Initial weights, noise and the order of the digits
  /// depend on it and on the seed.
  Dcgan(Program& program, const std::string& name_in, const DcganRecipe& recipe_in)
      : name(name_in),
        recipe(recipe_in),
        rng(program.rng.split(name + " weights")),
        generator(rng, recipe.noise + recipe.classes, recipe.channels),
        discriminator(rng, 1 + recipe.classes, recipe.channels),
        average(started(), recipe.averaging) {}

  /// z [N, K] -> [N, 28, 28, 1] in [0, 1], with the averaged weights and batch norm's running statistics,
  /// so that a picture does not depend on the rest of its batch.
  Tensor pictures(const Tensor& z) {
    const Ema::Applied averaged(average);
    return draw(z);
  }
  /// The same with the current weights; early in a training the average lags behind.
  Tensor draw(const Tensor& z) {
    const EvalMode evaluation(generator);
    return in_pieces(z, [&](const Var& piece) { return affine(generator(piece), 0.5, 0.5); });
  }
  /// Noise followed by the one-hot label (y is empty without classes): [count, K].
  Tensor noise(Index count, const Tensor& y, Rng& source) const {
    const Tensor z = Tensor::randn({count, recipe.noise}, source);
    return recipe.classes > 0 ? concat({Var(z), Var(y)}, 1).value() : z;
  }

  std::string name;
  DcganRecipe recipe;
  Rng rng;
  DigitGenerator generator;
  DigitDiscriminator discriminator;
  Ema average;

 private:
  /// Initialises both networks and returns the generator, so that the average starts
  /// from its initial weights.
  DigitGenerator& started() {
    start_small(generator, rng);
    start_small(discriminator, rng);
    return generator;
  }
};

struct DcganTraining {
  Plot plot;
  double seconds, d_loss, g_loss;  ///< mean losses over the last tenth
};

/// x with its label planes as further channels; x unchanged for an empty y.
inline Var labelled(const Var& x, const Tensor& y) { return y ? concat({x, Var(planes(y))}, 3) : x; }

/// The losses of a step of D and a step of G.
struct DcganLosses {
  Real d, g;
};

/// The two alternating steps, for digits `real` in (-1, 1) and their one-hot labels y (empty without
/// classes), each shard by shard of the batch. With classes, a picture has its label as further channels. The
/// planes of a fake come from the label in its noise vector, so D and G get the same label.
inline DcganLosses dcgan_steps(Shards& shards, Dcgan& gan, const Tensor& real, const Tensor& y, Rng& rng,
                               Adam& d_adam, Adam& g_adam) {
  const DcganRecipe& how = gan.recipe;
  const Index rows = shards.per_shard(how.batch);
  const Network generator = [&](const Var& z) {
    const Tensor label =
        how.classes > 0 ? slice(z.value(), 1, how.noise, how.noise + how.classes).value() : Tensor();
    return labelled(gan.generator(z), label);
  };
  const Network discriminator = std::ref(gan.discriminator);
  const GanLosses losses = non_saturating_losses();
  const auto d_step = [&](Shard& shard, const Optimizer& optimizer) {
    const Tensor x = shard.rows(real), labels = y ? shard.rows(y) : y;
    const auto steepness = [&] {
      const Network given_label = [&](const Var& at) { return gan.discriminator(labelled(at, labels)); };
      return how.penalty * mean(difference_penalty(given_label, x, Tensor::randn(x.shape(), shard.rng)));
    };
    const Tensor z = gan.noise(rows, labels, shard.rng);
    return std::vector{discriminator_step(discriminator, generator, labelled(x, labels).value(), z, losses,
                                          optimizer, steepness)
                           .loss};
  };
  const auto g_step = [&](Shard& shard, const Optimizer& optimizer) {
    const Tensor z = gan.noise(rows, y ? shard.rows(y) : y, shard.rng);
    return std::vector{generator_step(discriminator, gan.discriminator, generator, z, losses, optimizer)};
  };
  const Real d = shards.step({d_adam, gan.discriminator, {&gan.generator}, rng}, d_step)[0];
  return {d, shards.step({g_adam, gan.generator, {&gan.discriminator}, rng}, g_step)[0]};
}

/// The loop over dcgan_steps. `scores`, if given, records the averaged generator; this time does not count.
inline DcganTraining train_dcgan(Program& program, Dcgan& gan, const Dataset& digits, DigitFilm& film,
                                 ScoreFilm* scores = nullptr) {
  const DcganRecipe& how = gan.recipe;
  Rng rng = program.rng.split(gan.name);
  Loader loader(digits, {.batch = how.batch, .shuffle = true, .drop_last = true}, rng.split("order"));
  program.shards().share(loader);
  Adam g_adam(gan.generator.parameters(), {.beta1 = Real(0.5)}),
      d_adam(gan.discriminator.parameters(), {.beta1 = Real(0.5)});
  Stopwatch watch;
  std::vector<Kept> kept = {{"generator", gan.generator},
                            {"discriminator", gan.discriminator},
                            {"average", gan.average},
                            {"g_adam", g_adam},
                            {"d_adam", d_adam},
                            {"film", film},
                            {"watch", watch},
                            {"rng", rng},
                            {"digits", loader}};
  if (scores) kept.emplace_back("scores", *scores);
  Trainer trainer(program.session(), gan.name, kept, Steps{how.steps});
  const auto score = [&](Index step) {
    return scores && scores->look(step, watch.microseconds, [&](const Tensor& z) { return gan.pictures(z); });
  };
  watch.last = std::chrono::steady_clock::now();
  while (trainer.next()) {
    if (score(trainer.step())) watch.last = std::chrono::steady_clock::now();
    film.look(trainer.step(), [&](const Tensor& z) { return gan.draw(z); });
    const Real factor = std::min(Real(1), static_cast<Real>(2.5 * (1 - trainer.progress()) + 0.02));
    g_adam.lr = how.lr_generator * factor, d_adam.lr = how.lr_discriminator * factor;
    const Batch& batch = loader.next();
    const Tensor real = affine(batch.images, 2, -1).value(),
                 y = how.classes > 0 ? one_hot(batch.labels, static_cast<int>(how.classes)) : Tensor();
    const DcganLosses losses = dcgan_steps(program.shards(), gan, real, y, rng, d_adam, g_adam);
    gan.average.update();
    trainer.report({{"D", losses.d}, {"G", losses.g}});
    watch.lap();
  }
  score(how.steps);
  film.look(how.steps, [&](const Tensor& z) { return gan.draw(z); });
  return {trainer.plot("Both losses"), static_cast<double>(watch.microseconds) / 1e6, trainer.last_tenth("D"),
          trainer.last_tenth("G")};
}

/// All that the weights depend on but the data.
inline std::string words_of(const Program& program, const Dcgan& gan) {
  const Index shards = program.options.shards;
  return text(gan.recipe.words(), ", seed ", program.options.seed,
              shards > 1 ? text(", shards ", shards) : "");
}

/// File in the cache for the averaged weights of a recipe, so that programs can reuse a trained generator.
inline std::filesystem::path kept_at(const Program& program, const Dcgan& gan, const Dataset& digits) {
  return cache_place(program, gan.name, words_of(program, gan), digits);
}

/// The same for its scores, whose seconds are those of this number of threads.
inline std::filesystem::path scores_kept_at(const Program& program, const Dcgan& gan, const Dataset& digits,
                                            const ScoreFilm& scores) {
  return cache_place(
      program, gan.name + "_scores",
      text(words_of(program, gan), ", threads ", threads(), ", ", scores.noise().dim(0), " pictures"),
      digits);
}

/// Trains, and keeps the averaged weights and the scores in the cache, on the process that leads.
inline DcganTraining train_and_keep(Program& program, Dcgan& gan, const Dataset& digits, DigitFilm& film,
                                    ScoreFilm* scores) {
  DcganTraining training = train_dcgan(program, gan, digits, film, scores);
  if (!program.leads()) return training;
  save_checkpoint(kept_at(program, gan, digits), gan.average.state(), {{"recipe", gan.recipe.words()}});
  if (scores) save_checkpoint(scores_kept_at(program, gan, digits, *scores), scores->state());
  return training;
}

/// Loads the weights, and the scores if wanted, that 25_dcgan saved with the same settings, or trains.
inline void load_or_train(Program& program, Dcgan& gan, const Dataset& digits, ScoreFilm* scores = nullptr) {
  const std::filesystem::path kept = kept_at(program, gan, digits);
  with_cached(kept, [&] {
    if ((!scores || load_cached(scores_kept_at(program, gan, digits, *scores), scores->state())) &&
        load_cached(kept, gan.average.state())) {
      program.say("The generator of 25_dcgan, from " + kept.string());
      return;
    }
    DigitFilm last({gan.recipe.steps}, Tensor::zeros({1, gan.recipe.noise + gan.recipe.classes}));
    train_and_keep(program, gan, digits, last, scores);
  });
}

/// Share of the rows of p [N, C] in which one class has more than 90 %.
inline double sure_share(const Tensor& p) {
  const Index N = p.dim(0), C = p.dim(1);
  Index sure = 0;
  for (Index n = 0; n < N; ++n) sure += *std::max_element(p.data() + n * C, p.data() + (n + 1) * C) > 0.9;
  return static_cast<double>(sure) / static_cast<double>(N);
}

/// A test set in two halves. Generated pictures and the second half are both compared with the first half,
/// so the scores of real digits also come from digits that the judge was not trained on.
struct Halves {
  Dataset reference, real;
};
/// Alternates between the halves, because later examples of a data set may be harder than earlier ones.
inline Halves halves(const Dataset& test) {
  std::vector<Index> even, odd;
  for (Index i = 0; i < test.size(); ++i) (i % 2 == 0 ? even : odd).push_back(i);
  return {test.select(even), test.select(odd)};
}

/// Scores of pictures against real digits, in the judge's features.
struct PictureScores {
  double fid, inception, sure;  ///< sure: share of pictures with a class above 90 %
  NeighbourScores neighbours;
  ModeCoverage modes;
};

/// `reference` [M, 64]: features of real digits.
/// Neighbour scores use the first 2000 of them and of the pictures, or fewer if fewer are given.
inline PictureScores score(Judge& judge, const Tensor& pictures, const Tensor& reference) {
  const Tensor features = judge.features(pictures), p = judge.probabilities(pictures);
  PictureScores out;
  out.fid = frechet_distance(moments_of(features), moments_of(reference));
  out.inception = inception_score(p);
  const Index some = std::min({Index(2000), features.dim(0), reference.dim(0)});
  out.neighbours = neighbour_scores(reference.rows(0, some), features.rows(0, some));
  out.modes = class_coverage(judge.classify(pictures), static_cast<int>(p.dim(1)));
  out.sure = sure_share(p);
  return out;
}

/// FID of pictures against these digits, in the judge's features.
inline std::function<double(const Tensor&)> fid_against(Judge& judge, const Dataset& digits) {
  return [&judge, real = moments_of(judge.features(digits.images))](const Tensor& pictures) {
    return frechet_distance(moments_of(judge.features(pictures)), real);
  };
}

/// Number of pictures that the programs score, at most as many as there are real ones.
inline Index scored_count(const Program& program, const Halves& test) {
  return std::min(program.pick<Index>(2000, 5000, 200), test.real.size());
}

/// The FID of 25_dcgan's generator after each sixth of its training.
inline ScoreFilm dcgan_scores(Program& program, Judge& judge, const Dcgan& gan, const Halves& test) {
  std::vector<Index> steps;
  for (Index k = 1; k <= 6; ++k) steps.push_back(gan.recipe.steps * k / 6);
  Rng rng = program.rng.split("scored samples");
  return {steps, gan.noise(scored_count(program, test), {}, rng), fid_against(judge, test.reference)};
}

}  // namespace gradus::lecture
