#pragma once
// Unpaired translation between two sets of pictures: residual translators and the training loop of a
// CycleGAN. Zhu, Park, Isola, Efros 2017.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "6_translation/parameters.hpp"
#include "6_translation/pix2pix.hpp"

namespace gradus::lecture {

/// x + norm(conv(relu(norm(conv(x))))): 3 x 3 windows on reflected margins, so that the border of a picture
/// has no dark frame. The norm is per channel and picture. He et al. 2016; Johnson, Alahi, Fei-Fei 2016.
struct ResidualBlock : Module {
  ResidualBlock(Module& parent, const std::string& name, Index channels)
      : Module(parent, name),
        conv1(*this, "conv1", channels, channels, {.size = 3, .bias = false}),
        norm1(*this, "norm1", channels, {.affine = true}),
        conv2(*this, "conv2", channels, channels, {.size = 3, .bias = false}),
        norm2(*this, "norm2", channels, {.affine = true}) {}
  Var operator()(const Var& x) {
    const Var h = relu(norm1(conv1(reflection_pad2d(x, 1))));
    return x + norm2(conv2(reflection_pad2d(h, 1)));
  }

  Conv2d conv1;
  InstanceNorm norm1;
  Conv2d conv2;
  InstanceNorm norm2;
};

struct TranslatorOptions {
  Index channels = 3, width = 16;  ///< of the picture; of the first layer
  Index halvings = 1, blocks = 3;  ///< of the sides; residual blocks at the smallest size
};

/// Pictures [B, H, W, C] -> pictures of the same shape, about -1 .. 1:
///
///     x - 3x3 - 4x4/2 - residual blocks - 4x4/2 transposed - 3x3 - (+) - y
///     \___________________________________________________________/
///
/// The last layer computes a correction that is added to x. It starts near 0, so both translators start near
/// the identity and need to learn only what differs between the domains.
struct ResidualTranslator : Module {
  ResidualTranslator(Rng& random, const TranslatorOptions& options)
      : Module(random),
        first(*this, "first", options.channels, options.width, {.size = 3}),
        last(*this, "last", options.width, options.channels, {.size = 3}) {
    const ConvOptions half{.size = 4, .stride = 2, .padding = 1};
    Index width = options.width;
    for (Index i = 0; i < options.halvings; ++i, width *= 2)
      down.push_back(std::make_unique<Conv2d>(*this, text("down", i), width, 2 * width, half));
    for (Index i = 0; i < options.blocks; ++i)
      blocks.push_back(std::make_unique<ResidualBlock>(*this, text("block", i), width));
    for (Index i = 0; i < options.halvings; ++i, width /= 2)
      up.push_back(std::make_unique<ConvTranspose2d>(*this, text("up", i), width, width / 2, half));
    last.w.value.copy_from(Tensor::randn(last.w.value.shape(), random, 0, Real(0.01)));
    last.b.value.fill(0);
  }
  Var operator()(const Var& x) {
    Var h = relu(first(reflection_pad2d(x, 1)));
    for (const auto& layer : down) h = relu((*layer)(h));
    for (const auto& block : blocks) h = (*block)(h);
    for (const auto& layer : up) h = relu((*layer)(h));
    return x + last(reflection_pad2d(h, 1));
  }

  Conv2d first;
  std::vector<std::unique_ptr<Conv2d>> down;
  std::vector<std::unique_ptr<ResidualBlock>> blocks;
  std::vector<std::unique_ptr<ConvTranspose2d>> up;
  Conv2d last;
};

/// Patch logits without normalisation: a norm would hide the mean colour of a batch, which is half of the
/// difference between two domains. Each logit sees 18 x 18 pixels.
///
///     x [B, H, W, C]  ->  logits [B H/4 W/4]
struct DomainDiscriminator : Module {
  DomainDiscriminator(Rng& random, Index channels, Index width)
      : Module(random),
        first(*this, "first", channels, width, {.size = 4, .stride = 2, .padding = 1}),
        second(*this, "second", width, 2 * width, {.size = 4, .stride = 2, .padding = 1}),
        last(*this, "last", 2 * width, 1, {.size = 3, .padding = 1}) {}
  Var operator()(const Var& x) {
    const Var logits = last(leaky_relu(second(leaky_relu(first(x)))));
    return reshape(logits, {logits.size()});
  }

  Conv2d first, second, last;
};

/// All settings of a training.
struct CycleRecipe {
  Index steps = 400, batch = 4, pool = 50;
  TranslatorOptions translator{};
  Index discriminator_width = 32;  ///< channels of the discriminators' first layer
  Real lr_translators = Real(1e-3), lr_discriminators = Real(1e-3);
  /// The translators start near the identity, so the weights are smaller than the usual 10 and 5, which would
  /// keep them there. The identity weight is 0 in the second half.
  CycleWeights weights{.cycle = 3, .identity = Real(0.5)};
};

/// The unpaired sets: images [N, H, W, C] in [0, 1] of equal size.
struct Domains {
  Dataset a, b;
};

/// Both directions for pictures in [0, 1]; the networks work in -1 .. 1. Pictures are translated with
/// averages of the weights over about 50 steps: the last weights depend on which network moved last.
class Translators {
 public:
  Translators(Rng& random, const TranslatorOptions& options)
      : to_b(random, options),
        to_a(random, options),
        average_b(to_b, decay, true),
        average_a(to_a, decay, true) {}

  Tensor b_of(const Tensor& a) { return through(a, {&to_b}); }               ///< G(a)
  Tensor a_of(const Tensor& b) { return through(b, {&to_a}); }               ///< F(b)
  Tensor a_returned(const Tensor& a) { return through(a, {&to_b, &to_a}); }  ///< F(G(a))
  Tensor b_returned(const Tensor& b) { return through(b, {&to_a, &to_b}); }  ///< G(F(b))

  ResidualTranslator to_b, to_a;
  Ema average_b, average_a;

 private:
  static constexpr Real decay = Real(0.98);

  Tensor through(const Tensor& x, const std::vector<ResidualTranslator*>& chain) {
    const Ema::Applied averaged_b(average_b), averaged_a(average_a);
    return in_pieces(x, [&](const Var& piece) {
      Var y = affine(piece, 2, -1);
      for (ResidualTranslator* translator : chain) y = (*translator)(y);
      return clamp(affine(y, 0.5, 0.5), 0, 1);
    });
  }
};

/// Translations of the same pictures at chosen steps of a training; part of the checkpoint.
class TranslationFilm {
 public:
  TranslationFilm(std::vector<Index> steps, const Tensor& a, const Tensor& b)
      : steps_(std::move(steps)), a_(a), b_(b) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      b_of_a_.push_back(Tensor::zeros(a.shape()));
      a_of_b_.push_back(Tensor::zeros(b.shape()));
    }
  }
  State state() {
    State out;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      out.add(text("b_of_a", i), b_of_a_[i]);
      out.add(text("a_of_b", i), a_of_b_[i]);
    }
    return out;
  }
  void look(Index step, Translators& translators) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i] != step) continue;
      b_of_a_[i].copy_from(translators.b_of(a_));
      a_of_b_[i].copy_from(translators.a_of(b_));
    }
  }
  /// One picture per step: rows A, G(A), B, F(B).
  std::vector<Tensor> frames(Index scale) const {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      std::vector<Tensor> rows;
      for (const Tensor& row : {a_, b_of_a_[i], b_, a_of_b_[i]})
        rows.push_back(image_grid(row, {.columns = row.dim(0), .scale = scale}));
      Tensor title = Tensor::full({22, rows[0].dim(1), 3}, 1);
      draw_text(title, 3, 3, text("step ", steps_[i], ": A, G(A), B, F(B)"));
      rows.insert(rows.begin(), title);
      all.push_back(vstack(rows, 0));
    }
    return all;
  }

 private:
  std::vector<Index> steps_;
  Tensor a_, b_;
  std::vector<Tensor> b_of_a_, a_of_b_;
};

/// The loop of a CycleGAN: both steps per batch of each domain. 6.S191 L4, "CycleGAN: domain transformation".
inline Plot train_cyclegan(Program& program, const std::string& name, Translators& nets,
                           const Domains& domains, const CycleRecipe& how, TranslationFilm& film) {
  Rng rng = program.rng.split(name);
  DomainDiscriminator d_b(rng, how.translator.channels, how.discriminator_width),
      d_a(rng, how.translator.channels, how.discriminator_width);
  const Adam::Options options{.beta1 = Real(0.5)};
  Adam g_adam(parameters_of(nets.to_b, nets.to_a), options), d_adam(parameters_of(d_b, d_a), options);
  const LoaderOptions loading{.batch = how.batch, .shuffle = true, .drop_last = true};
  Loader of_a(domains.a, loading, rng.split("a")), of_b(domains.b, loading, rng.split("b"));
  const Tensor& one = domains.a.images;
  const Shape picture{one.dim(1), one.dim(2), one.dim(3)};
  ImagePool pool_b(picture, rng.split("pool b"), how.pool), pool_a(picture, rng.split("pool a"), how.pool);
  Trainer trainer(program.session(), name,
                  {{"to_b", nets.to_b},
                   {"to_a", nets.to_a},
                   {"average_b", nets.average_b},
                   {"average_a", nets.average_a},
                   {"d_b", d_b},
                   {"d_a", d_a},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"pool_b", pool_b},
                   {"pool_a", pool_a},
                   {"film", film},
                   {"of_a", of_a},
                   {"of_b", of_b}},
                  Steps{how.steps});
  const CycleGan gan{std::ref(nets.to_b), std::ref(nets.to_a), std::ref(d_b), std::ref(d_a), d_b, d_a};
  const GanLosses losses = least_squares_losses();
  while (trainer.next()) {
    film.look(trainer.step(), nets);
    const Real factor = decay_second_half(trainer.progress());
    g_adam.lr = how.lr_translators * factor, d_adam.lr = how.lr_discriminators * factor;
    CycleWeights weights = how.weights;
    if (trainer.progress() >= 0.5) weights.identity = 0;
    const Tensor a = affine(of_a.next().images, 2, -1).value(), b = affine(of_b.next().images, 2, -1).value();
    const CycleGeneratorLoss g = cycle_generator_step(gan, a, b, weights, losses, g_adam);
    const CycleDiscriminatorLoss d =
        cycle_discriminator_step(gan, a, b, g.fakes, {pool_b, pool_a}, losses, d_adam);
    nets.average_b.update(), nets.average_a.update();
    trainer.report(
        {{"cycle", (g.cycle_a + g.cycle_b) / 2}, {"G", (g.game_a + g.game_b) / 2}, {"D", (d.a + d.b) / 2}});
  }
  film.look(how.steps, nets);
  return trainer.plot("Losses: " + name).x("step");
}

/// The slide's six rows, one column per picture: A, G(A), F(G(A)), B, F(B), G(F(B)).
inline Tensor six_rows(Translators& nets, const Tensor& a, const Tensor& b, Index scale) {
  const Index N = a.dim(0);
  Tensor cells(a.shape().with_axis(0, 6 * N));
  Index row = 0;
  for (const Tensor& part : {a, nets.b_of(a), nets.a_returned(a), b, nets.a_of(b), nets.b_returned(b)}) {
    cells.rows(row * N, (row + 1) * N).copy_from(part);
    ++row;
  }
  return image_grid(
      cells, {.columns = N, .scale = scale, .row_labels = {"A", "G(A)", "F(G(A))", "B", "F(B)", "G(F(B))"}});
}

}  // namespace gradus::lecture
