#pragma once
// The figures of translated speech: two judges, the distance to the true counterpart, the average spectrum
// and the pitch.
#include <cmath>
#include <string>
#include <vector>

#include "6_translation/speech_gan.hpp"

namespace gradus::lecture {

/// All spectrograms of both voices, labelled by speaker or by what is said.
inline Dataset both_voices(const VoicePair& pair, bool by_speaker) {
  const Tensor &a = pair.a.data.images, &b = pair.b.data.images;
  Dataset all{pair.tag, Tensor({a.dim(0) + b.dim(0), a.dim(1), bins}), {}, by_speaker ? 2 : 10, {}};
  all.images.rows(0, a.dim(0)).copy_from(a);
  all.images.rows(a.dim(0), all.size()).copy_from(b);
  all.labels = by_speaker ? std::vector<int>(static_cast<std::size_t>(a.dim(0)), 0) : pair.a.data.labels;
  for (const int label : pair.b.data.labels) all.labels.push_back(by_speaker ? 1 : label);
  return all;
}

/// The mean spectrum over all utterances and windows, [128].
inline Tensor average_spectrum(const Tensor& x) { return mean(mean(x, 0), 0).value(); }

inline double distance(const Tensor& a, const Tensor& b) {
  return std::sqrt(double(squared_error(a.reshape({1, bins}), b.reshape({1, bins})).value()[0]));
}

/// Mean over windows of the root mean square difference in dB.
inline double log_spectral_distance(const Tensor& x, const Tensor& y) {
  const Index rows = x.size() / bins;
  const Var squares = row_means(square(x.reshape({rows, bins}) - Var(y.reshape({rows, bins}))));
  return double(DecibelScale().range) * double(mean(sqrt(squares)).item());
}

/// The sounds of spectrograms.
inline std::vector<Sound> sounds_of(const Tensor& x, const Rng& rng) {
  std::vector<Sound> sounds(static_cast<std::size_t>(x.dim(0)));
  for (Index i = 0; i < x.dim(0); ++i) {
    Rng phases = rng.split(static_cast<std::uint64_t>(i));
    sounds[static_cast<std::size_t>(i)] = sound_of(x.row(i), phases);
  }
  return sounds;
}

inline double median_pitch_of(const std::vector<Sound>& sounds) {
  std::vector<double> all;
  for (const Sound& sound : sounds) all.push_back(median_pitch(pitch_track(sound.samples)));
  return median_pitch(all);
}

/// The result of a training, for the figures and pictures.
struct Translation {
  Tensor ab, ba;             ///< test utterances of A as B, and of B as A
  std::vector<Sound> heard;  ///< ab as sounds
};

inline void report_scores(Program& program, const VoicePair& pair, const Translation& result,
                          SpeechGan& gan) {
  SpeechJudge speaker(program, pair.tag + "_speaker", both_voices(pair, true), false);
  SpeechJudge content(program, pair.tag + "_content", both_voices(pair, false), true);
  const std::string what = pair.tag == "fsdd" ? "digit" : "syllable";
  const auto figure = [&](const std::string& name, double value) {
    program.figure(pair.tag + "_" + name, value);
  };
  const Tensor heard = spectrograms_of(result.heard, pair.test_a.images.dim(1));
  const std::vector<int>&labels_a = pair.test_a.labels, &labels_b = pair.test_b.labels;
  figure("speaker", speaker.share(result.ab, 1));
  figure(what, content.accuracy(result.ab, labels_a));
  figure("speaker_back", speaker.share(result.ba, 0));
  figure(what + "_back", content.accuracy(result.ba, labels_b));
  figure("speaker_heard", speaker.share(heard, 1));
  figure(what + "_heard", content.accuracy(heard, labels_a));
  figure("speaker_before", speaker.share(pair.test_a.images, 1));
  figure(what + "_before", content.accuracy(pair.test_a.images, labels_a));
  figure("speaker_real", speaker.share(pair.test_b.images, 1));
  const Tensor back = in_pieces(result.ab, std::ref(gan.to_a));
  figure("cycle_l1", double(mean(cycle_loss(back, pair.test_a.images)).item()));
  const Tensor target = average_spectrum(pair.b.data.images);
  figure("spectrum_ratio", distance(average_spectrum(result.ab), target) /
                               distance(average_spectrum(pair.test_a.images), target));
  figure("pitch_a", median_pitch_of(pair.heard_a));
  figure("pitch_translated", median_pitch_of(result.heard));
  figure("pitch_b", median_pitch_of(pair.heard_b));
  if (pair.tag != "voice") return;  // no true counterpart
  const double before = log_spectral_distance(pair.test_a.images, pair.test_b.images),
               after = log_spectral_distance(result.ab, pair.test_b.images);
  figure("distance_before", before);
  figure("distance_after", after);
  figure("distance_ratio", after / before);
}

}  // namespace gradus::lecture
