#pragma once
// Generated voices: ten syllables, spoken by synthetic speakers.
#include <array>
#include <cstdint>
#include <vector>

#include "gradus/io/sound.hpp"

namespace gradus {

/// The properties of a voice. They do not depend on what is spoken.
struct Speaker {
  Real pitch = 118;           ///< Hz, the rate of the glottal pulses
  Real formants = 1;          ///< factor of all formant frequencies: a shorter vocal tract has higher ones
  Real tilt = Real(0.72);     ///< in [0, 1): a larger value damps high frequencies of the pulses
  Real jitter = Real(0.004);  ///< relative standard deviation of the periods
  Real breath = Real(0.01);   ///< noise between the pulses

  /// A low, dark voice.
  static Speaker low() { return {}; }
  /// A high, bright voice.
  static Speaker high() {
    return {
        .pitch = 200, .formants = Real(1.16), .tilt = Real(0.4), .jitter = Real(0.008), .breath = Real(0.02)};
  }
};

/// A syllable: an onset, then a vowel whose two formants move from the first to the
/// second pair of frequencies.
struct Syllable {
  /// The kinds of onset.
  enum class Onset {
    none,      ///< as in "ai"
    plosive,   ///< a short noise, as in "ba"
    nasal,     ///< a murmur, as in "me"
    fricative  ///< a long noise, as in "sa"
  };
  const char* name;            ///< such as "ba"
  Onset onset;                 ///< before the vowel
  Real noise;                  ///< Hz: centre of the noise of a plosive or fricative
  std::array<Real, 2> first;   ///< Hz: start and end of the first formant
  std::array<Real, 2> second;  ///< Hz: start and end of the second formant
};
/// The ten syllables.
const std::array<Syllable, 10>& syllables();

/// The number of samples of an utterance, 8000 per second: 0.312 s, which give 40 windows of stft.
inline constexpr Index utterance_samples = 2496;

/// One utterance with a peak of about 0.8. `take` decides what syllable and speaker leave open: duration,
/// loudness, course of the pitch, and all noise. Two speakers who speak the same take differ only in their
/// properties, so one utterance is the true counterpart of the other.
/// Throws Error when the syllable is not 0 .. 9 or a property of the speaker is out of its range.
Sound speak(const Speaker& speaker, int syllable, std::uint64_t take);

/// `count` utterances: number i is syllable i modulo 10. Utterance i depends on (speaker, seed, i) only: the
/// same bits for any number of threads, and with the same seed the true counterpart of another speaker's
/// utterance i.
/// Throws Error when count < 1, and as speak.
std::vector<Sound> generated_voice(const Speaker& speaker, Index count, std::uint64_t seed = 1);

}  // namespace gradus
