#pragma once
// The pitch of a voice by autocorrelation.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Options of pitch_track.
struct PitchOptions {
  int rate = 8000;                    ///< samples per second
  double lowest = 70, highest = 350;  ///< Hz: range of the pitch
  Index hop = 64;                     ///< samples between two results
  double periodic = 0.6;              ///< smallest correlation of a voiced window, in [0, 1]
  double loud = 0.05;  ///< smallest root mean square of a voiced window, relative to the loudest
};

/// pitch_track: the pitch at the samples 0, hop, 2 hop ... in Hz; 0 where the sound is quiet or not periodic.
///
///   r(l) = sum_t x[t] x[t+l] / sqrt(sum_t x[t]^2 sum_t x[t+l]^2)      t in a window of two longest periods
///   pitch = rate / l for the shortest local maximum l with r(l) >= 0.85 max r, refined by a parabola
///
/// The longer maxima are multiples of the period.
/// Throws Error when x is not [T] with T > 0, or unless 0 < lowest < highest < rate / 2, hop > 0, periodic is
/// in [0, 1] and loud >= 0.
std::vector<double> pitch_track(const Tensor& x, const PitchOptions& options = {});

/// The median of the voiced results of pitch_track; 0 when there is none.
double median_pitch(const std::vector<double>& track);

}  // namespace gradus
