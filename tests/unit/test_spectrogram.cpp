// The short-time Fourier transform, spectrograms, Griffin-Lim and the pitch: known answers.
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "gradus/data/generated/voices.hpp"
#include "gradus/generative/griffin_lim.hpp"
#include "gradus/generative/pitch.hpp"
#include "gradus/generative/spectrogram.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

constexpr double pi = std::numbers::pi;

Tensor sine(Index length, double frequency, double rate = 8000, double amplitude = 1, double phase = 0) {
  Tensor x({length});
  for (Index t = 0; t < length; ++t)
    x[t] =
        static_cast<Real>(amplitude * std::sin(2 * pi * frequency * static_cast<double>(t) / rate + phase));
  return x;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double most = 0;
  for (Index i = 0; i < a.size(); ++i) most = std::max(most, std::abs(static_cast<double>(a[i] - b[i])));
  return most;
}

}  // namespace

TEST_CASE(
    "stft: a sine in the middle of a bin has the magnitude of the window's sum in it and half in its "
    "neighbours") {
  // Hann: sum N/2; its transform is N/4 [-1/2.. 1 ..-1/2] for half of the sine's amplitude
  const Tensor M = magnitude(stft(sine(2048, 20 * 8000 / 256.0)));
  CHECK(M.shape() == Shape{33, 129});
  for (Index f = 4; f < 28; ++f) {
    CHECK(M.at({f, 20}) == doctest::Approx(64).epsilon(1e-5));
    CHECK(M.at({f, 19}) == doctest::Approx(32).epsilon(1e-5));
    CHECK(M.at({f, 21}) == doctest::Approx(32).epsilon(1e-5));
    CHECK(M.at({f, 18}) < 1e-4);
    CHECK(M.at({f, 60}) < 1e-4);
  }
}

TEST_CASE("stft: an impulse has a flat magnitude of the window's value, and a linear phase") {
  Tensor x = Tensor::zeros({1024});
  x[512 + 10] = 1;
  const Spectrum X = stft(x);
  const Tensor M = magnitude(X);
  for (Index f = 0; f < M.dim(0); ++f) {
    const Index n = 512 + 10 - 64 * f + 128;  // its place in window f
    const double h = n >= 0 && n < 256 ? 0.5 - 0.5 * std::cos(2 * pi * static_cast<double>(n) / 256) : 0;
    for (Index k = 0; k < 129; k += 16) {
      const std::complex<double> wanted = std::polar(h, -2 * pi * static_cast<double>(k * n) / 256);
      CHECK(M.at({f, k}) == doctest::Approx(h).epsilon(1e-6));
      CHECK(X.real.at({f, k}) == doctest::Approx(wanted.real()).epsilon(1e-6));
      CHECK(X.imaginary.at({f, k}) == doctest::Approx(wanted.imag()).epsilon(1e-6));
    }
  }
}

TEST_CASE("stft: equals the sum of its definition, for even windows of any size") {
  Rng rng(4);
  for (const StftOptions& options : {StftOptions{16, 8}, StftOptions{22, 5}, StftOptions{2, 1}}) {
    const Tensor x = Tensor::randn({57}, rng);
    const Spectrum X = stft(x, options);
    const Index N = options.window, K = options.bins();
    REQUIRE(X.real.shape() == Shape{1 + (57 + options.hop - 1) / options.hop, K});
    double most = 0;
    for (Index f = 0; f < X.real.dim(0); ++f)
      for (Index k = 0; k < K; ++k) {
        std::complex<double> sum = 0;
        for (Index n = 0; n < N; ++n) {
          const Index t = options.hop * f + n - N / 2;
          if (t < 0 || t >= 57) continue;
          const double h = 0.5 - 0.5 * std::cos(2 * pi * static_cast<double>(n) / static_cast<double>(N));
          sum += h * static_cast<double>(x[t]) *
                 std::polar(1.0, -2 * pi * static_cast<double>(k * n) / static_cast<double>(N));
        }
        most = std::max<double>({most, std::abs(sum.real() - static_cast<double>(X.real.at({f, k}))),
                                 std::abs(sum.imag() - static_cast<double>(X.imaginary.at({f, k})))});
      }
    CHECK(most < 1e-5);
  }
}

TEST_CASE("inverse_stft: reconstructs any sound to 1e-6") {
  Rng rng(7);
  for (const Index length : {1, 63, 64, 65, 255, 1000, 2496, 4001})
    for (const StftOptions& options : {StftOptions{}, StftOptions{256, 128}, StftOptions{30, 7}}) {
      const Tensor x = Tensor::uniform({length}, rng, -1, 1);
      CHECK(largest_difference(inverse_stft(stft(x, options), length, options), x) < 1e-6);
    }
}

TEST_CASE("inverse_stft: gives the nearest sound, so transforming again does not increase the distance") {
  Rng rng(8);
  const Spectrum Y{Tensor::randn({20, 129}, rng), Tensor::randn({20, 129}, rng)};
  const Tensor x = inverse_stft(Y, 19 * 64);
  const auto distance = [&](const Tensor& sound) {  // over all 256 bins: the inner ones count twice
    const Spectrum S = stft(sound);
    double sum = 0;
    for (Index i = 0; i < Y.real.size(); ++i) {
      const double a = static_cast<double>(S.real[i] - Y.real[i]),
                   b = static_cast<double>(S.imaginary[i] - Y.imaginary[i]);
      const Index k = i % 129;
      sum += k == 0 || k == 128 ? a * a : 2 * (a * a + b * b);
    }
    return sum;
  };
  const double least = distance(x);
  for (const Index t : {0, 5, 200, 600, 1215})
    for (const Real step : {Real(-0.05), Real(0.05)}) {
      Tensor moved = x.clone();
      moved[t] += step;
      CHECK(distance(moved) > least);
    }
}

TEST_CASE("decibels: known values, silence and the inverse") {
  const Tensor s =
      decibels(Tensor::of({5}, {0, 30, 300, Real(0.3), Real(3)}), {.range = 80, .full_scale = 30});
  CHECK(s[0] == 0);
  CHECK(s[1] == doctest::Approx(1));
  CHECK(s[2] == 1);
  CHECK(s[3] == doctest::Approx(0.5));   // -40 dB of 80
  CHECK(s[4] == doctest::Approx(0.75));  // -20 dB
  const Tensor M = from_decibels(Tensor::of({4}, {0, 1, Real(0.5), -2}), {.range = 80, .full_scale = 30});
  CHECK(M[0] == 0);
  CHECK(M[1] == doctest::Approx(30));
  CHECK(M[2] == doctest::Approx(0.3));
  CHECK(M[3] == 0);
  CHECK(std::isnan(decibels(Tensor::full({1}, std::numeric_limits<Real>::quiet_NaN()))[0]));
}

TEST_CASE("spectral_convergence: by hand") {
  const Tensor target = Tensor::of({1, 2}, {3, 4});
  CHECK(spectral_convergence(target, target) == 0);
  CHECK(spectral_convergence(Tensor::of({1, 2}, {3, 5}), target) == doctest::Approx(0.2));
  CHECK(spectral_convergence(Tensor::zeros({1, 2}), target) == doctest::Approx(1));
}

TEST_CASE("griffin_lim: converges, faster with momentum, and repeats its bits") {
  double plain = 0, fast = 0, random = 0;
  for (int syllable = 0; syllable < 10; ++syllable) {
    const Tensor M = magnitude(stft(speak(Speaker::low(), syllable, 3).samples));
    Rng first(5), second(5), third(5);
    const Reconstruction slow = griffin_lim(M, first, {.iterations = 60, .momentum = 0});
    const Reconstruction quick = griffin_lim(M, second, {.iterations = 60});
    REQUIRE(quick.convergence.size() == 60);
    CHECK(quick.samples.shape() == Shape{39 * 64});
    CHECK(quick.convergence[0] == slow.convergence[0]);
    CHECK(spectral_convergence(magnitude(stft(quick.samples)), M) == quick.convergence.back());
    for (std::size_t i = 1; i < 60; ++i)  // the original algorithm never moves away
      CHECK(slow.convergence[i] <= slow.convergence[i - 1] * (1 + 1e-5));
    CHECK(same_bits(quick.samples, griffin_lim(M, third, {.iterations = 60}).samples));
    random += quick.convergence.front() / 10, plain += slow.convergence.back() / 10;
    fast += quick.convergence.back() / 10;
  }
  MESSAGE("spectral convergence: random phases " << random << ", 60 iterations " << plain
                                                 << ", with momentum " << fast);
  CHECK(plain < random / 2);
  CHECK(fast < 0.08);
  CHECK(fast < plain);
}

TEST_CASE("griffin_lim: a spectrogram of silence gives silence") {
  Rng rng(1);
  const Reconstruction silence = griffin_lim(Tensor::zeros({8, 129}), rng, {.iterations = 2});
  CHECK(same_bits(silence.samples, Tensor::zeros({7 * 64})));
  CHECK(silence.convergence == std::vector<double>{0, 0});
}

TEST_CASE("pitch_track: a sine, harmonics without their fundamental, silence and noise") {
  for (const double pitch : {80.0, 110.0, 163.7, 300.0})
    CHECK(median_pitch(pitch_track(sine(4000, pitch))) == doctest::Approx(pitch).epsilon(0.005));
  Tensor harmonics = sine(4000, 300);
  const Tensor other = sine(4000, 450, 8000, 0.7, 1);
  for (Index t = 0; t < 4000; ++t) harmonics[t] += other[t];  // of 150 Hz, which is not among them
  CHECK(median_pitch(pitch_track(harmonics)) == doctest::Approx(150).epsilon(0.005));
  const std::vector<double> silent = pitch_track(Tensor::zeros({1000}));
  CHECK(silent.size() == 16);
  CHECK(median_pitch(silent) == 0);
  Rng rng(2);
  CHECK(median_pitch(pitch_track(Tensor::randn({4000}, rng))) == 0);
  CHECK(median_pitch({0, 5, 0, 7, 6}) == 6);
  // a sine below the range has no maximum of r inside it, whatever counts as periodic
  const std::vector<double> below = pitch_track(sine(4000, 20), {.periodic = 0});
  CHECK(std::count(below.begin() + 10, below.end() - 10, 0) == std::ssize(below) - 20);
}

TEST_CASE("spectrogram and pitch: misuse") {
  const Tensor x = Tensor::zeros({100});
  CHECK(contains(message([&] { stft(x.reshape({10, 10})); }), {"stft", "[10, 10]"}));
  CHECK(contains(message([] { stft(Tensor()); }), "stft"));
  CHECK(contains(message([&] { stft(x, {.window = 15, .hop = 5}); }), {"even", "15"}));
  CHECK(contains(message([&] { stft(x, {.window = 16, .hop = 9}); }), {"hop", "9"}));
  CHECK(contains(message([&] { stft(x, {.window = 16, .hop = 0}); }), {"hop", "0"}));
  const Spectrum X = stft(x);
  CHECK(contains(message([&] { inverse_stft(X, 64 * 3); }), {"192 samples give 4", "has 3"}));
  CHECK(contains(message([&] { inverse_stft(X, 0); }), "inverse_stft"));
  CHECK(contains(message([&] { inverse_stft(X, 100, {.window = 64, .hop = 32}); }), "[F, 33]"));
  CHECK(contains(message([&] { inverse_stft({X.real, Tensor::zeros({2, 3})}, 100); }), "imaginary"));
  CHECK(contains(message([&] { spectral_convergence(x, x); }), "zero"));
  CHECK(contains(message([&] { decibels(x, {.range = 0}); }), "range"));
  CHECK(contains(message([&] { from_decibels(x, {.full_scale = -1}); }), "full_scale"));
  Rng rng(1);
  const Tensor M = Tensor::full({4, 129}, 1);
  CHECK(contains(message([&] { griffin_lim(M, rng, {.iterations = 0}); }), "iterations"));
  CHECK(contains(message([&] { griffin_lim(M, rng, {.momentum = 1}); }), "momentum"));
  CHECK(contains(message([&] { griffin_lim(Tensor::zeros({1, 129}), rng); }), "F > 1"));
  CHECK(contains(message([&] { griffin_lim(Tensor::zeros({4, 128}), rng); }), "[4, 128]"));
  CHECK(contains(message([&] { griffin_lim(Tensor::full({4, 129}, -1), rng); }), "magnitude -1 at 0"));
  CHECK(contains(message([&] { pitch_track(x.reshape({10, 10})); }), "pitch_track"));
  CHECK(contains(message([&] { pitch_track(x, {.lowest = 400}); }), "range"));
  CHECK(contains(message([&] { pitch_track(x, {.highest = 4000}); }), "range"));
  CHECK(contains(message([&] { pitch_track(x, {.hop = 0}); }), "hop"));
  CHECK(contains(message([&] { pitch_track(x, {.periodic = 1.5}); }), {"pitch_track", "periodic", "1.5"}));
  CHECK(contains(message([&] { pitch_track(x, {.loud = -1}); }), {"pitch_track", "loud"}));
}

TEST_CASE("voices: reproducible, with the same takes for two speakers") {
  const std::vector<Sound> low = generated_voice(Speaker::low(), 40, 3),
                           high = generated_voice(Speaker::high(), 40, 3);
  CHECK(same_bits(low[7].samples, generated_voice(Speaker::low(), 8, 3)[7].samples));
  CHECK_FALSE(same_bits(low[7].samples, generated_voice(Speaker::low(), 8, 4)[7].samples));
  CHECK_FALSE(same_bits(low[7].samples, low[17].samples));
  CHECK(same_bits(speak(Speaker::low(), 2, 9).samples, speak(Speaker::low(), 2, 9).samples));
  for (std::size_t i = 0; i < 40; ++i) {
    CHECK(low[i].samples.size() == utterance_samples);
    double a = 0, b = 0;
    for (Index t = 0; t < utterance_samples; ++t) {
      a = std::max(a, std::abs(static_cast<double>(low[i].samples[t])));
      b = std::max(b, std::abs(static_cast<double>(high[i].samples[t])));
    }
    CHECK(a == doctest::Approx(b));  // the loudness is the take's
    CHECK(a >= 0.69);
    CHECK(a <= 0.91);
    const double p = median_pitch(pitch_track(low[i].samples)),
                 q = median_pitch(pitch_track(high[i].samples));
    CHECK(p == doctest::Approx(115).epsilon(0.1));
    CHECK(q / p == doctest::Approx(200 / 118.0).epsilon(0.06));
  }
}

TEST_CASE("voices: misuse") {
  CHECK(contains(message([] { speak(Speaker::low(), 10, 1); }), "syllable 10"));
  CHECK(contains(message([] { speak(Speaker::low(), -1, 1); }), "syllable -1"));
  CHECK(contains(message([] { speak({.pitch = 20}, 1, 1); }), "pitch"));
  CHECK(contains(message([] { speak({.formants = 2}, 1, 1); }), "formants"));
  CHECK(contains(message([] { speak({.tilt = 1}, 1, 1); }), "tilt"));
  CHECK(contains(message([] { speak({.jitter = Real(0.5)}, 1, 1); }), "jitter"));
  CHECK(contains(message([] { generated_voice(Speaker::low(), 0); }), "count"));
}
