#pragma once
// The short-time Fourier transform and its inverse, and spectrograms on a logarithmic scale.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Options of stft and its inverse. The defaults are for 8000 samples per second: windows of 32 ms, 8 ms
/// apart, and bins of 31 Hz.
struct StftOptions {
  Index window = 256;  ///< samples per window, even
  Index hop = 64;      ///< samples between two windows, at most half a window

  /// Number of frequencies from 0 to half the sampling rate: window / 2 + 1.
  Index bins() const { return window / 2 + 1; }
  /// Number of windows for `samples` samples: every sample lies between the centres of two windows.
  Index frames(Index samples) const { return 1 + (samples + hop - 1) / hop; }
};

/// The complex numbers of a short-time Fourier transform.
struct Spectrum {
  Tensor real, imaginary;  ///< [frames, bins]
};

/// stft: the Fourier transforms of overlapping windows of a sound.
///
///   x [T]    X [F, K]    X[f,k] = sum_n h[n] x[s f + n - N/2] e^(-2 pi i k n / N)
///   N window, s hop, F = 1 + T / s rounded up, K = N/2 + 1
///   h[n] = 1/2 - 1/2 cos(2 pi n / N)      Hann; x is zero outside 0 .. T-1
///
/// Window f is centred at sample s f. Bin k is the frequency k rate / N.
/// Throws Error when x is not [T] with T > 0, or unless 0 < hop <= window / 2 and the window is even.
Spectrum stft(const Tensor& x, const StftOptions& options = {});

/// inverse_stft: the sound with the spectrum nearest to X. It is x where X = stft(x), and the least-squares
/// solution where no sound has the spectrum X. Griffin, Lim 1984, formula 6.
///
///   y[t] = sum_f h[t'] X^[f, t'] / sum_f h[t']^2      t' = t - s f + N/2
///   X^[f, .] the inverse transform of window f
///
/// Throws Error when the two parts are not [F, K], or `length` is not a number of samples
/// that gives F windows.
Tensor inverse_stft(const Spectrum& spectrum, Index length, const StftOptions& options = {});

/// |X|, [F, K].
Tensor magnitude(const Spectrum& spectrum);

/// spectral_convergence: the relative distance of two magnitudes, || estimate - target || / || target ||.
/// Throws Error when the shapes differ or the target is zero.
double spectral_convergence(const Tensor& estimate, const Tensor& target);

/// The logarithmic scale of a spectrogram.
struct DecibelScale {
  Real range = 45;       ///< dB between 0 and 1
  Real full_scale = 30;  ///< the magnitude that becomes 1
};

/// decibels: magnitudes on a logarithmic scale.
///
///   s = 1 + 20 log10(magnitude / full_scale) / range, clipped to [0, 1]
///
/// Quiet values become 0, and remain 0 in `from_decibels`, so that the noise floor of a
/// recording is not shown.
/// Throws Error unless range and full_scale are positive.
Tensor decibels(const Tensor& magnitude, const DecibelScale& scale = {});
/// The inverse for s in (0, 1]; 0 for s <= 0. Throws Error likewise.
Tensor from_decibels(const Tensor& s, const DecibelScale& scale = {});

}  // namespace gradus
