#include "gradus/generative/griffin_lim.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

void check_arguments(const Tensor& M, const GriffinLimOptions& options) {
  GRADUS_CHECK(options.iterations > 0, "griffin_lim: the number of iterations must be positive, got ",
               options.iterations);
  GRADUS_CHECK(options.momentum >= 0 && options.momentum < 1,
               "griffin_lim: the momentum must be in [0, 1), got ", options.momentum);
  GRADUS_CHECK(M.rank() == 2 && M.dim(0) > 1 && M.dim(1) == options.stft.bins(), "griffin_lim: magnitudes ",
               M.shape(), " must be [F, ", options.stft.bins(), "] with F > 1");
  for (Index i = 0; i < M.size(); ++i)
    GRADUS_CHECK(M[i] >= 0 && std::isfinite(M[i]), "griffin_lim: magnitude ", M[i], " at ", i,
                 ", expected finite numbers from 0");
}

Spectrum with_random_phases(const Tensor& M, Rng& rng) {
  const Tensor turns = Tensor::uniform(M.shape(), rng);
  Spectrum out{Tensor(M.shape()), Tensor(M.shape())};
  for (Index i = 0; i < M.size(); ++i) {
    const Real angle = 2 * std::numbers::pi_v<Real> * turns[i];
    out.real[i] = M[i] * std::cos(angle), out.imaginary[i] = M[i] * std::sin(angle);
  }
  return out;
}

// M with the phases of now + momentum (now - before), where `before` may be empty; phase 0 where that is 0.
Spectrum with_phases(const Tensor& M, const Spectrum& now, const Spectrum& before, Real momentum) {
  Spectrum out{Tensor(M.shape()), Tensor(M.shape())};
  for (Index i = 0; i < M.size(); ++i) {
    Real a = now.real[i], b = now.imaginary[i];
    if (before.real) a += momentum * (a - before.real[i]), b += momentum * (b - before.imaginary[i]);
    const Real size = std::sqrt(a * a + b * b);
    out.real[i] = size > 0 ? M[i] * a / size : M[i];
    out.imaginary[i] = size > 0 ? M[i] * b / size : 0;
  }
  return out;
}

}  // namespace

Reconstruction griffin_lim(const Tensor& magnitudes, Rng& rng, const GriffinLimOptions& options) {
  check_arguments(magnitudes, options);
  const Index length = (magnitudes.dim(0) - 1) * options.stft.hop;
  Spectrum wanted = with_random_phases(magnitudes, rng), before;
  const bool silent =
      std::all_of(magnitudes.values().begin(), magnitudes.values().end(), [](Real m) { return m == 0; });
  Reconstruction out;
  for (Index i = 0; i < options.iterations; ++i) {
    out.samples = inverse_stft(wanted, length, options.stft);
    const Spectrum now = stft(out.samples, options.stft);
    out.convergence.push_back(silent ? 0 : spectral_convergence(magnitude(now), magnitudes));
    wanted = with_phases(magnitudes, now, before, options.momentum);
    before = now;
  }
  return out;
}

}  // namespace gradus
