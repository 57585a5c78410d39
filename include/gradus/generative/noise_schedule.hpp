#pragma once
// How much of the data is left after t of T steps of noise.
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// The noise of a diffusion with T steps. t = 0 is the data and t = T nearly pure noise;
/// step t leads from t - 1 to t:
///
///   x_t = sqrt(alpha_t) x_{t-1} + sqrt(beta_t) noise
///   alpha_t = 1 - beta_t = alpha_bar_t / alpha_bar_{t-1}
///   x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise
///
/// Ho, Jain, Abbeel 2020, "Denoising diffusion probabilistic models".
struct NoiseSchedule {
  std::vector<double> alpha_bar;  ///< [T + 1] from 1 at t = 0 down to nearly 0

  /// Number of steps T.
  Index steps() const { return static_cast<Index>(alpha_bar.size()) - 1; }
  // The quantity at a time. Throw Error unless 0 <= t <= T,
  // for beta and posterior_variance unless 1 <= t <= T.
  double signal(Index t) const;  ///< sqrt(alpha_bar_t), the factor of the data
  double noise(Index t) const;   ///< sqrt(1 - alpha_bar_t), the standard deviation of the noise
  double beta(Index t) const;    ///< variance of the noise that step t adds
  /// Variance of x_{t-1} given x_t and x_0: beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t); 0 at t = 1.
  double posterior_variance(Index t) const;
};

/// beta rises linearly from `first` to `last`. The default values are for T = 1000; with fewer steps, both
/// must be larger by 1000 / T for the end to be noise, which is possible for T > 20 only. Ho et al. 2020.
/// Throws Error unless T >= 1 and 0 < first <= last < 1, or when in double 1 - first is 1 or
/// alpha_bar_T is 0.
NoiseSchedule linear_schedule(Index T, double first = 1e-4, double last = 0.02);
/// alpha_bar_t = f(t) / f(0), f(t) = cos^2( (t / T + offset) / (1 + offset) pi / 2 ), with
/// beta at most 0.999: noise that grows evenly, for every T. Nichol, Dhariwal 2021. Throws Error unless
/// T >= 1 and offset >= 0, or when the offset is so large that no noise remains.
NoiseSchedule cosine_schedule(Index T, double offset = 0.008);

}  // namespace gradus
