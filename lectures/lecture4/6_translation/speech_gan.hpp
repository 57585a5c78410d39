#pragma once
// The CycleGAN of two voices: its training, and a film of it.
#include <algorithm>
#include <vector>

#include "6_translation/parameters.hpp"
#include "6_translation/speech.hpp"

namespace gradus::lecture {

/// Two voices to translate into each other, and utterances for testing.
struct VoicePair {
  std::string tag{};                        ///< in the names of figures and pictures: "voice", "fsdd"
  Voice a{}, b{};                           ///< for training; unpaired
  Dataset test_a{}, test_b{};               ///< their utterances for testing
  std::vector<Sound> heard_a{}, heard_b{};  ///< the same as sounds
};

struct SpeechTraining {
  Index steps = 400, batch = 16;
  Real lr = Real(1e-3);    ///< of the translators; half of it for the discriminators
  CycleWeights weights{};  ///< the identity loss is used in the first half
  Index looks = 10;        ///< frames of the film
};

/// The translations of the same utterances at several steps, kept in the checkpoint.
class SpeechFilm {
 public:
  /// Of `utterances` [N, T, 128], at `count` steps: most at the beginning, the last one at the end.
  SpeechFilm(const Tensor& utterances, Index steps, Index count) : utterances_(utterances) {
    count = std::min(count, steps);
    for (Index k = 1; k <= count; ++k) looks_.push_back(std::max(k, steps * k * k / (count * count)));
    translations_ = Tensor::zeros({count * utterances.dim(0), utterances.dim(1), bins});
  }
  /// Called after every step, with the number of completed steps.
  void look(Index step, SpeechTranslator& translator) {
    for (std::size_t i = 0; i < looks_.size(); ++i)
      if (looks_[i] == step) frame(i).copy_from(translator(utterances_).value());
  }
  std::size_t size() const { return looks_.size(); }
  Index step(std::size_t i) const { return looks_[i]; }
  /// The translations [N, T, 128] at look i.
  Tensor frame(std::size_t i) const {
    const Index N = utterances_.dim(0), first = static_cast<Index>(i) * N;
    return translations_.rows(first, first + N);
  }
  State state() {
    State state;
    state.tensors = {{"translations", translations_}};
    return state;
  }

 private:
  Tensor utterances_, translations_;
  std::vector<Index> looks_;
};

/// The four networks of a CycleGAN. 6.S191 L4, "CycleGAN: transforming speech".
struct SpeechGan {
  explicit SpeechGan(Rng rng) : init(rng), to_b(init), to_a(init), d_b(init), d_a(init) {}
  CycleGan networks() { return {std::ref(to_b), std::ref(to_a), std::ref(d_b), std::ref(d_a), d_b, d_a}; }

  Rng init;
  SpeechTranslator to_b, to_a;
  SpeechDiscriminator d_b, d_a;
};

/// Trains the networks with the least-squares game on spectrograms that are moved in time by up to 3 windows.
/// Returns the curves of the losses.
inline Plot train_speech(Program& program, const VoicePair& pair, SpeechGan& gan, SpeechFilm& film,
                         const SpeechTraining& how) {
  Rng rng = program.rng.split(pair.tag + " training");
  const Adam::Options options{.beta1 = Real(0.5)};
  Adam g_adam(parameters_of(gan.to_b, gan.to_a), options), d_adam(parameters_of(gan.d_b, gan.d_a), options);
  const LoaderOptions in_batches{.batch = how.batch, .shuffle = true, .drop_last = true};
  Loader loader_a(pair.a.data, in_batches, rng.split("a")), loader_b(pair.b.data, in_batches, rng.split("b"));
  const Shape example{pair.a.data.images.dim(1), bins};
  ImagePool pool_a(example, rng.split("pool a")), pool_b(example, rng.split("pool b"));
  Trainer trainer(program.session(), pair.tag,
                  {{"to_b", gan.to_b},
                   {"to_a", gan.to_a},
                   {"d_b", gan.d_b},
                   {"d_a", gan.d_a},
                   {"g_adam", g_adam},
                   {"d_adam", d_adam},
                   {"loader_a", loader_a},
                   {"loader_b", loader_b},
                   {"pool_a", pool_a},
                   {"pool_b", pool_b},
                   {"film", film},
                   {"rng", rng}},
                  Steps{how.steps});
  const CycleGan networks = gan.networks();
  const GanLosses losses = least_squares_losses();
  while (trainer.next()) {
    g_adam.lr = how.lr * decay_second_half(trainer.progress()), d_adam.lr = g_adam.lr / 2;
    const Tensor a = moved_in_time(loader_a.next().images, 3, rng),
                 b = moved_in_time(loader_b.next().images, 3, rng);
    CycleWeights weights = how.weights;
    if (trainer.progress() >= 0.5) weights.identity = 0;
    const CycleGeneratorLoss g = cycle_generator_step(networks, a, b, weights, losses, g_adam);
    const CycleDiscriminatorLoss d =
        cycle_discriminator_step(networks, a, b, g.fakes, {pool_b, pool_a}, losses, d_adam);
    film.look(trainer.step() + 1, gan.to_b);
    trainer.report({{"G", g.game_a + g.game_b}, {"cycle", g.cycle_a + g.cycle_b}, {"D", d.a + d.b}});
  }
  return trainer.plot("Training: " + pair.a.name + " and " + pair.b.name).x("step");
}

}  // namespace gradus::lecture
