#pragma once
// Griffin-Lim: a sound with given magnitudes of its short-time Fourier transform.
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/generative/spectrogram.hpp"

namespace gradus {

/// Options of griffin_lim.
struct GriffinLimOptions {
  Index iterations = 60;       ///< at least 1
  Real momentum = Real(0.99);  ///< in [0, 1); 0: the original algorithm
  StftOptions stft{};          ///< of the magnitudes
};

/// The result of griffin_lim.
struct Reconstruction {
  Tensor samples{};                   ///< [T]
  std::vector<double> convergence{};  ///< the spectral convergence of each iterate, from the random phases on
};

/// griffin_lim: a spectrogram has no phases; this estimates them. Alternates between the spectra of sounds
/// and the spectra with the given magnitudes M, starting at random phases:
///
///   M [F, K]           Y = M e^(i phase)
///   x = inverse_stft(Y)          the nearest sound
///   S = stft(x)                  its spectrum: consistent, but |S| is not M
///   phase = angle(S + momentum (S - S of the iteration before))
///
/// The momentum reaches a smaller distance in fewer iterations. The result is the sound of the last
/// iteration. convergence[i] = || |S| - M || / || M || of iteration i, 0 for silence. The sound has (F - 1)
/// hop samples. Griffin, Lim 1984; with momentum Perraudin, Balazs, Sondergaard 2013.
/// 6.S191 L4, "CycleGAN: transforming speech".
/// Throws Error when M is not [F, K] with F > 1, an element is negative or not finite, or an option
/// is out of range.
Reconstruction griffin_lim(const Tensor& magnitudes, Rng& rng, const GriffinLimOptions& options = {});

}  // namespace gradus
