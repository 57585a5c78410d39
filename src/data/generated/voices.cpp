// A source-filter model: glottal pulses and noise pass through resonances, the formants of the vocal tract.
// Klatt 1980, "Software for a cascade/parallel formant synthesizer".
#include "gradus/data/generated/voices.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"

namespace gradus {
namespace {

constexpr int rate = 8000;
constexpr double pi = std::numbers::pi;
using Onset = Syllable::Onset;

// y[t] = a x[t] + b y[t-1] + c y[t-2]: a resonance at `frequency` whose gain at 0 Hz is 1.
struct Resonance {
  double y1 = 0, y2 = 0;
  double operator()(double x, double frequency, double bandwidth) {
    const double c = -std::exp(-2 * pi * bandwidth / rate);
    const double b = 2 * std::exp(-pi * bandwidth / rate) * std::cos(2 * pi * frequency / rate);
    const double y = (1 - b - c) * x + b * y1 + c * y2;
    y2 = y1, y1 = y;
    return y;
  }
};

// What the take decides. Times are in samples.
struct Take {
  double start, onset, vowel, pitch, slope, loudness;
  Take(Rng& rng, Onset kind)
      : start(between(rng, 60, 200)),
        onset(kind == Onset::none      ? 0
              : kind == Onset::plosive ? between(rng, 80, 130)
              : kind == Onset::nasal   ? between(rng, 400, 560)
                                       : between(rng, 480, 680)),
        vowel(between(rng, 1300, 1650)),
        pitch(between(rng, 0.985, 1.015)),
        slope(between(rng, -0.05, 0.0)),
        loudness(between(rng, 0.7, 0.9)) {}
  static double between(Rng& rng, double low, double high) {
    return low + (high - low) * static_cast<double>(rng.uniform());
  }
};

// Rises linearly over `rise` samples from `begin`, falls likewise before `end`.
double envelope(double t, double begin, double end, double rise, double fall) {
  return std::clamp(std::min((t - begin) / rise, (end - t) / fall), 0.0, 1.0);
}

// The pulses of the glottis: one per period, at fractional times, smoothed twice by a low-pass filter.
std::vector<double> glottis(const Speaker& speaker, const Take& take, Rng& rng) {
  std::vector<double> pulses(static_cast<std::size_t>(utterance_samples));
  const double voiced = take.onset + take.vowel;
  for (double t = 0; t + 1 < static_cast<double>(utterance_samples);) {
    const double share = std::clamp((t - take.start) / voiced, 0.0, 1.0);
    const double pitch = static_cast<double>(speaker.pitch) * take.pitch * (1 + take.slope * share);
    const auto whole = static_cast<std::size_t>(t);
    const double part = t - static_cast<double>(whole), size = rate / pitch;
    pulses[whole] += size * (1 - part), pulses[whole + 1] += size * part;
    t += size *
         std::clamp(1 + static_cast<double>(speaker.jitter) * static_cast<double>(rng.normal()), 0.5, 1.5);
  }
  const double a = static_cast<double>(speaker.tilt);
  double once = 0, twice = 0, before = 0;
  for (double& value : pulses) {
    once = (1 - a) * value + a * once, twice = (1 - a) * once + a * twice;
    value = twice - 0.9 * before, before = twice;  // radiation at the lips: a difference
  }
  return pulses;
}

void check(const Speaker& speaker, int syllable) {
  GRADUS_CHECK(syllable >= 0 && syllable <= 9, "speak: syllable ", syllable, ", expected 0 .. 9");
  GRADUS_CHECK(speaker.pitch >= 40 && speaker.pitch <= 500, "speak: the pitch must be 40 .. 500 Hz, got ",
               speaker.pitch);
  GRADUS_CHECK(speaker.formants >= Real(0.7) && speaker.formants <= Real(1.4),
               "speak: the factor of the formants must be 0.7 .. 1.4, got ", speaker.formants);
  GRADUS_CHECK(speaker.tilt >= 0 && speaker.tilt < 1, "speak: the tilt must be in [0, 1), got ",
               speaker.tilt);
  GRADUS_CHECK(
      speaker.jitter >= 0 && speaker.jitter <= Real(0.1) && speaker.breath >= 0 && speaker.breath <= 1,
      "speak: jitter must be 0 .. 0.1 and breath 0 .. 1, got ", speaker.jitter, " and ", speaker.breath);
}

// Utterances of one take share all random numbers: each use has a stream of its own.
Sound synthesize(const Speaker& speaker, const Syllable& syllable, const Rng& rng) {
  Rng course = rng.split("course"), periods = rng.split("periods"), hiss = rng.split("hiss");
  const Take take(course, syllable.onset);
  const std::vector<double> pulses = glottis(speaker, take, periods);
  const double vowel = take.start + take.onset, end = vowel + take.vowel,
               s = static_cast<double>(speaker.formants);
  Resonance first, second, third, murmur, noise_high;
  Tensor samples({utterance_samples});
  double peak = 0;
  for (Index i = 0; i < utterance_samples; ++i) {
    const double t = static_cast<double>(i), noise = static_cast<double>(hiss.normal());
    const double share = std::clamp((t - vowel) / (0.7 * take.vowel), 0.0, 1.0);
    const double f1 = syllable.first[0] + share * (syllable.first[1] - syllable.first[0]);
    const double f2 = syllable.second[0] + share * (syllable.second[1] - syllable.second[0]);
    const double voice = pulses[static_cast<std::size_t>(i)] + static_cast<double>(speaker.breath) * noise;
    const double open = envelope(t, vowel - 40, end, 120, 500) * voice;
    double y = third(second(first(open, s * f1, 70), s * f2, 90), s * 2650, 140);
    if (syllable.onset == Onset::nasal)
      y += 0.6 * murmur(envelope(t, take.start, vowel + 60, 120, 120) * voice, s * 260, 80);
    const double burst = envelope(t, take.start, vowel, syllable.onset == Onset::plosive ? 8 : 160, 60);
    if (syllable.noise > 0)
      y += 0.12 * noise_high(burst * noise, s * static_cast<double>(syllable.noise), 500);
    samples[i] = static_cast<Real>(y);
    peak = std::max(peak, std::abs(y));
  }
  const auto factor = static_cast<Real>(take.loudness / peak);
  for (Real& value : samples.values()) value *= factor;
  return {samples, rate};
}

}  // namespace

const std::array<Syllable, 10>& syllables() {
  static const std::array<Syllable, 10> all = {{
      {"ba", Onset::plosive, 700, {450, 750}, {850, 1200}},
      {"di", Onset::plosive, 3000, {280, 290}, {1800, 2250}},
      {"gu", Onset::plosive, 1600, {300, 320}, {1350, 780}},
      {"me", Onset::nasal, 0, {380, 480}, {1100, 1900}},
      {"no", Onset::nasal, 0, {400, 480}, {1500, 880}},
      {"sa", Onset::fricative, 3250, {600, 750}, {1500, 1200}},
      {"shi", Onset::fricative, 2200, {300, 290}, {1900, 2250}},
      {"su", Onset::fricative, 3250, {320, 320}, {1400, 780}},
      {"ai", Onset::none, 0, {760, 300}, {1150, 2200}},
      {"au", Onset::none, 0, {760, 340}, {1250, 780}},
  }};
  return all;
}

Sound speak(const Speaker& speaker, int syllable, std::uint64_t take) {
  check(speaker, syllable);
  return synthesize(speaker, syllables()[static_cast<std::size_t>(syllable)],
                    Rng(take).split("voice").split(static_cast<std::uint64_t>(syllable)));
}

std::vector<Sound> generated_voice(const Speaker& speaker, Index count, std::uint64_t seed) {
  GRADUS_CHECK(count >= 1, "generated_voice: the count must be positive, got ", count);
  check(speaker, 0);
  const Rng rng = Rng(seed).split("voices");
  std::vector<Sound> sounds(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i)
    sounds[static_cast<std::size_t>(i)] = synthesize(speaker, syllables()[static_cast<std::size_t>(i % 10)],
                                                     rng.split(static_cast<std::uint64_t>(i)));
  return sounds;
}

}  // namespace gradus
