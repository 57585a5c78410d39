#include "gradus/generative/spectrogram.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_options(const char* op, const StftOptions& options) {
  GRADUS_CHECK(options.window > 0 && options.window % 2 == 0, op,
               ": the window must be even and positive, got ", options.window);
  GRADUS_CHECK(options.hop > 0 && 2 * options.hop <= options.window, op,
               ": the hop must be in 1 .. window / 2 = ", options.window / 2, ", got ", options.hop);
}

std::vector<double> hann(Index N) {
  std::vector<double> h(static_cast<std::size_t>(N));
  for (Index n = 0; n < N; ++n)
    h[static_cast<std::size_t>(n)] =
        0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(N));
  return h;
}

// The transform of one window in double, from reals to the bins 0 .. N/2 and back.
// It keeps tables for N, so one object serves all windows of a sound.
struct Fourier {
  Fourier() { fft.SetFlag(Eigen::FFT<double>::HalfSpectrum); }
  void forward(std::vector<std::complex<double>>& bins, const std::vector<double>& values) {
    fft.fwd(bins.data(), values.data(), static_cast<Eigen::Index>(values.size()));
  }
  void inverse(std::vector<double>& values, const std::vector<std::complex<double>>& bins) {
    fft.inv(values.data(), bins.data(), static_cast<Eigen::Index>(values.size()));
  }
  Eigen::FFT<double> fft;
};

}  // namespace

Spectrum stft(const Tensor& x, const StftOptions& options) {
  check_options("stft", options);
  GRADUS_CHECK(x.rank() == 1 && x.size() > 0, "stft: x ", x.shape(), " must be [T] with T > 0");
  const Index T = x.size(), N = options.window, F = options.frames(T), K = options.bins();
  const std::vector<double> h = hann(N);
  Spectrum out{Tensor({F, K}), Tensor({F, K})};
  Fourier fourier;
  std::vector<double> values(static_cast<std::size_t>(N));
  std::vector<std::complex<double>> bins(static_cast<std::size_t>(K));
  for (Index f = 0; f < F; ++f) {
    for (Index n = 0; n < N; ++n) {
      const Index t = f * options.hop + n - N / 2;
      const auto i = static_cast<std::size_t>(n);
      values[i] = t >= 0 && t < T ? h[i] * static_cast<double>(x[t]) : 0;
    }
    fourier.forward(bins, values);
    for (Index k = 0; k < K; ++k) {
      out.real[f * K + k] = static_cast<Real>(bins[static_cast<std::size_t>(k)].real());
      out.imaginary[f * K + k] = static_cast<Real>(bins[static_cast<std::size_t>(k)].imag());
    }
  }
  return out;
}

Tensor inverse_stft(const Spectrum& spectrum, Index length, const StftOptions& options) {
  check_options("inverse_stft", options);
  const Index N = options.window, K = options.bins();
  check_same_shape("inverse_stft (real, imaginary)", spectrum.real, spectrum.imaginary);
  GRADUS_CHECK(spectrum.real.rank() == 2 && spectrum.real.dim(1) == K, "inverse_stft: the spectrum ",
               spectrum.real.shape(), " must be [F, ", K, "]");
  const Index F = spectrum.real.dim(0);
  GRADUS_CHECK(length > 0 && options.frames(length) == F, "inverse_stft: ", length, " samples give ",
               length > 0 ? options.frames(length) : 0, " windows, the spectrum has ", F);
  const std::vector<double> h = hann(N);
  std::vector<double> sums(static_cast<std::size_t>(length)), weights(sums.size()), values(h.size());
  std::vector<std::complex<double>> bins(static_cast<std::size_t>(K));
  Fourier fourier;
  for (Index f = 0; f < F; ++f) {
    for (Index k = 0; k < K; ++k)
      bins[static_cast<std::size_t>(k)] = {static_cast<double>(spectrum.real[f * K + k]),
                                           static_cast<double>(spectrum.imaginary[f * K + k])};
    fourier.inverse(values, bins);
    const Index first = f * options.hop - N / 2;
    for (Index n = std::max<Index>(0, -first); n < std::min(N, length - first); ++n) {
      const auto i = static_cast<std::size_t>(n), t = static_cast<std::size_t>(first + n);
      sums[t] += h[i] * values[i];
      weights[t] += h[i] * h[i];
    }
  }
  Tensor y({length});
  for (Index t = 0; t < length; ++t)
    y[t] = static_cast<Real>(sums[static_cast<std::size_t>(t)] / weights[static_cast<std::size_t>(t)]);
  return y;
}

Tensor magnitude(const Spectrum& spectrum) {
  check_same_shape("magnitude (real, imaginary)", spectrum.real, spectrum.imaginary);
  return zipped(spectrum.real, spectrum.imaginary, [](Real a, Real b) { return std::sqrt(a * a + b * b); });
}

double spectral_convergence(const Tensor& estimate, const Tensor& target) {
  check_same_shape("spectral_convergence (estimate, target)", estimate, target);
  double error = 0, size = 0;
  for (Index i = 0; i < target.size(); ++i) {
    const double difference = static_cast<double>(estimate[i]) - static_cast<double>(target[i]);
    error += difference * difference;
    size += static_cast<double>(target[i]) * static_cast<double>(target[i]);
  }
  GRADUS_CHECK(size > 0, "spectral_convergence: the target is zero");
  return std::sqrt(error / size);
}

namespace {
void check_scale(const char* op, const DecibelScale& scale) {
  GRADUS_CHECK(scale.range > 0 && scale.full_scale > 0, op, ": range and full_scale must be positive, got ",
               scale.range, " and ", scale.full_scale);
}
}  // namespace

Tensor decibels(const Tensor& magnitude, const DecibelScale& scale) {
  check_scale("decibels", scale);
  return mapped(magnitude, [scale](Real m) {
    const Real s = 1 + 20 * std::log10(m / scale.full_scale) / scale.range;  // -infinity for 0
    return std::min(std::max(s, Real(0)), Real(1));
  });
}

Tensor from_decibels(const Tensor& s, const DecibelScale& scale) {
  check_scale("from_decibels", scale);
  return mapped(s, [scale](Real value) {
    return value > 0 ? scale.full_scale * std::pow(Real(10), (value - 1) * scale.range / 20) : Real(0);
  });
}

}  // namespace gradus
