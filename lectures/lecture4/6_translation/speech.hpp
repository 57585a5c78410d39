#pragma once
// Speech as pictures: spectrograms of utterances, the networks that translate them, and the judges.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

constexpr Index bins = 128;  // 31 Hz .. 4 kHz; the bin of 0 Hz holds no speech

/// The utterances of one speaker as spectrograms.
struct Voice {
  std::string name{};
  Dataset data{};  ///< images [N, T, 128] in [0, 1]; the label is what is said
};

/// A spectrogram over a range of 45 dB, with the loudest sample at 1: [T, 128]. A longer utterance loses its
/// ends, a shorter one is padded with silence. With a range of 70 dB the recordings' noise floor would be
/// visible, by which a network recognises a speaker without listening to the voice.
inline Tensor spectrogram_of(const Sound& sound, Index T) {
  Real peak = Real(1e-6);
  for (const Real value : sound.samples.values()) peak = std::max(peak, std::abs(value));
  const Tensor s = decibels(magnitude(stft(affine(sound.samples, 1 / peak, 0).value())));
  const Index F = s.dim(0), skipped = (F - T) / 2;  // negative: padding
  Tensor out = Tensor::zeros({T, bins});
  for (Index t = std::max<Index>(0, -skipped); t < std::min(T, F - skipped); ++t)
    std::copy_n(s.data() + (t + skipped) * (bins + 1) + 1, bins, out.data() + t * bins);
  return out;
}

/// The spectrograms [N, T, 128] of sounds.
inline Tensor spectrograms_of(const std::vector<Sound>& sounds, Index T) {
  const auto N = static_cast<Index>(sounds.size());
  Tensor out({N, T, bins});
  for (Index i = 0; i < N; ++i) out.row(i).copy_from(spectrogram_of(sounds[static_cast<std::size_t>(i)], T));
  return out;
}

/// The sound of a spectrogram s [T, 128], by Griffin-Lim, with its loudest sample at 0.8.
inline Sound sound_of(const Tensor& s, Rng& rng, Index iterations = 60) {
  const Index T = s.dim(0);
  Tensor levels = Tensor::zeros({T, bins + 1});
  for (Index t = 0; t < T; ++t)  // values of a translator below 1/100 are silence
    for (Index k = 0; k < bins; ++k)
      levels[t * (bins + 1) + k + 1] = s[t * bins + k] > Real(0.01) ? std::min(s[t * bins + k], Real(1)) : 0;
  Sound sound{griffin_lim(from_decibels(levels), rng, {.iterations = iterations}).samples, 8000};
  Real peak = Real(1e-6);
  for (const Real value : sound.samples.values()) peak = std::max(peak, std::abs(value));
  for (Real& value : sound.samples.values()) value *= Real(0.8) / peak;
  return sound;
}

/// SpeechTranslator: one-dimensional convolutions over time; the frequencies are the channels, because a
/// shift in frequency changes the sound, and a shift in time does not.
///
///   x [B, T, 128]  - 5, width - relu - 3 blocks h + (3, instance norm, relu, 3, instance norm) - 5, 128 -  c
///   y = x + gate(x) c, clipped to [-0.1, 1.1]          gate: 0 in silent windows, 1 in others
///
/// The last layer starts near 0, so the translator starts as the identity. Without the gate the constant part
/// of c would fill silence with stripes.
struct SpeechTranslator : Module {
  explicit SpeechTranslator(Rng& random, Index width = 64)
      : Module(random),
        in(*this, "in", bins, width, {.size = 5, .padding = 2}),
        out(*this, "out", width, bins, {.size = 5, .padding = 2}) {
    for (int i = 0; i < 3; ++i) {
      first.push_back(std::make_unique<Conv1d>(*this, text("first", i), width, width, window()));
      first_norm.push_back(
          std::make_unique<InstanceNorm>(*this, text("first_norm", i), width, affine_norm()));
      second.push_back(std::make_unique<Conv1d>(*this, text("second", i), width, width, window()));
      second_norm.push_back(
          std::make_unique<InstanceNorm>(*this, text("second_norm", i), width, affine_norm()));
    }
    rng().fill_normal(out.w.value.values(), 0, Real(0.01));
    out.b.value.fill(0);
  }

  Var operator()(const Var& x) {
    Var h = relu(in(x));
    for (std::size_t i = 0; i < first.size(); ++i)
      h = h + (*second_norm[i])((*second[i])(relu((*first_norm[i])((*first[i])(h)))));
    return clamp(x + out(h) * Var(gate(x.value())), Real(-0.1), Real(1.1));
  }

  /// 0 in windows whose loudest bin is below 0.05, rising to 1 at 0.15; the same for all bins of a window.
  static Tensor gate(const Tensor& x) {
    Tensor g(x.shape());
    for (Index row = 0; row < x.size() / bins; ++row) {
      const Real loudest = *std::max_element(x.data() + row * bins, x.data() + (row + 1) * bins);
      std::fill_n(g.data() + row * bins, bins, std::clamp(10 * loudest - Real(0.5), Real(0), Real(1)));
    }
    return g;
  }
  static Conv1dOptions window() { return {.size = 3, .padding = 1}; }
  static InstanceNormOptions affine_norm() { return {.affine = true}; }

  Conv1d in, out;
  std::vector<std::unique_ptr<Conv1d>> first, second;
  std::vector<std::unique_ptr<InstanceNorm>> first_norm, second_norm;
};

/// SpeechDiscriminator: one logit per quarter of the windows. x [B, T, 128] -> logits [B T/4]
struct SpeechDiscriminator : Module {
  explicit SpeechDiscriminator(Rng& random, Index width = 64)
      : Module(random),
        first(*this, "first", bins, width, {.size = 5, .stride = 2, .padding = 2}),
        second(*this, "second", width, width, {.size = 5, .stride = 2, .padding = 2}),
        last(*this, "last", width, 1, {.size = 3, .padding = 1}) {}
  Var operator()(const Var& x) {
    const Var logits = last(leaky_relu(second(leaky_relu(first(x)))));
    return reshape(logits, {logits.size()});
  }

  Conv1d first, second, last;
};

/// SpeechJudge: classifies spectrograms, by who speaks or by what is said.
///
///   x [B, T, 128] - 5, 64 - halved - 5, 64 - halved - 3, 64 - logits          T a multiple of 4
///
/// What is said depends on the order in time: the last layer sees all T/4 places. Who speaks does not: it
/// sees the mean and the maximum over time.
class SpeechJudge : public Module {
 public:
  /// Loads the judge of this training set from the cache, or trains it and saves it there. The judge is
  /// trained on untranslated spectrograms only, and no translator sees it.
  SpeechJudge(Program& program, const std::string& kind, const Dataset& train, bool ordered)
      : SpeechJudge(program, kind, train, ordered, std::make_unique<Rng>(Rng(1).split(kind))) {}

  /// The share of x [N, T, 128] that is classified as labelled.
  double accuracy(const Tensor& x, const std::vector<int>& labels) {
    const std::vector<int> found = argmax(in_pieces(x, [&](const Var& piece) { return logits(piece); }), 1);
    return static_cast<double>(agreement(found, labels)) / static_cast<double>(labels.size());
  }
  /// The share that is classified as this label.
  double share(const Tensor& x, int label) {
    return accuracy(x, std::vector<int>(static_cast<std::size_t>(x.dim(0)), label));
  }

 private:
  SpeechJudge(Program& program, const std::string& kind, const Dataset& train, bool ordered,
              std::unique_ptr<Rng> rng)
      : Module(*rng),
        rng_(std::move(rng)),
        ordered_(ordered),
        last_(*this, "last", ordered ? 16 * train.images.dim(1) : 128, train.classes) {
    const Index steps = program.pick<Index>(200, 900, 10);
    const std::string recipe = text("conv 5 64, 5 64, 3 64, ", ordered ? "ordered" : "mean and maximum", ", ",
                                    train.classes, " classes, Adam .001 falling, batch 32, steps ", steps);
    const std::filesystem::path cached = cache_place(program, "speech_" + kind, recipe, train);
    with_cached(cached, [&] {
      if (load_cached(cached, state())) return;
      fit(train, kind, steps);
      save_checkpoint(cached, state(), {{"trained_on", train.name}, {"recipe", recipe}});
    });
  }

  Var logits(const Var& x) {
    Var h = max_pool1d(relu(first_(x)), 2);
    h = relu(third_(max_pool1d(relu(second_(h)), 2)));
    return last_(ordered_ ? reshape(h, {h.dim(0), -1}) : concat({mean(h, 1), max(h, 1)}, 1));
  }
  void fit(const Dataset& train, const std::string& kind, Index steps) {
    Loader loader(train, {.batch = std::min<Index>(32, train.size()), .shuffle = true}, rng().split("order"));
    Rng noise = rng().split("noise");
    Adam adam(parameters());
    Progress bar("judge: " + kind, steps);
    for (Index step = 0; step < steps; ++step) {
      const Batch& batch = loader.next();
      adam.lr = Real(1e-3) * linear_decay(static_cast<double>(step) / static_cast<double>(steps));
      const Tensor x = varied(batch.images, noise);
      bar.tick({{"loss", descend(adam, [&] { return mean(cross_entropy(logits(x), batch.labels)); })}});
    }
  }
  /// Moved in time by up to 3 windows, louder or softer, with noise: so that the judge listens to neither
  /// place nor loudness.
  static Tensor varied(const Tensor& x, Rng& rng);

  std::unique_ptr<Rng> rng_;
  bool ordered_;
  Conv1d first_{*this, "first", bins, 64, {.size = 5, .padding = 2}};
  Conv1d second_{*this, "second", 64, 64, {.size = 5, .padding = 2}};
  Conv1d third_{*this, "third", 64, 64, {.size = 3, .padding = 1}};
  Linear last_;
};

/// Each spectrogram of x [B, T, 128] is moved by up to `most` windows; silence moves in.
inline Tensor moved_in_time(const Tensor& x, Index most, Rng& rng) {
  const Index B = x.dim(0), T = x.dim(1);
  Tensor out = Tensor::zeros(x.shape());
  for (Index b = 0; b < B; ++b) {
    const Index shift = static_cast<Index>(rng.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
    const Index begin = std::max<Index>(0, -shift), count = T - std::abs(shift);
    std::copy_n(x.data() + (b * T + begin) * bins, count * bins, out.data() + (b * T + begin + shift) * bins);
  }
  return out;
}

inline Tensor SpeechJudge::varied(const Tensor& x, Rng& rng) {
  Tensor out = moved_in_time(x, 3, rng);
  const Index size = x.shape().row_size();
  const Tensor noise = Tensor::randn(x.shape(), rng, 0, Real(0.03));
  for (Index b = 0; b < x.dim(0); ++b) {
    const Real louder = rng.uniform(Real(-0.05), Real(0.05));
    for (Index i = b * size; i < (b + 1) * size; ++i)
      out[i] = std::clamp(out[i] + noise[i] + (out[i] > 0 ? louder : 0), Real(0), Real(1));
  }
  return out;
}

}  // namespace gradus::lecture
