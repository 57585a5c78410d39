#include "gradus/generative/resampling.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_means(const char* name, const Tensor& mu) {
  check_rank(name, "mu", mu, 2);
  GRADUS_CHECK(mu.size() >= 1, name, ": mu ", mu.shape(), ", expected [N, K] with N, K >= 1");
  for (Index i = 0; i < mu.size(); ++i)
    GRADUS_CHECK(std::isfinite(mu[i]), name, ": mu of example ", i / mu.dim(1), ", unit ", i % mu.dim(1),
                 " is ", mu[i], ", expected a finite number");
}

}  // namespace

Index LatentHistograms::bin(Index k, Real value) const {
  const auto unit = static_cast<std::size_t>(k);
  if (width[unit] == 0) return 0;
  const Real place = std::floor((value - low[unit]) / width[unit]);
  return static_cast<Index>(std::clamp(place, Real(0), static_cast<Real>(share.dim(1) - 1)));
}

LatentHistograms latent_histograms(const Tensor& mu, Index bins) {
  check_means("latent_histograms", mu);
  GRADUS_CHECK(bins >= 1, "latent_histograms: ", bins, " bins, needs at least 1");
  const Index N = mu.dim(0), K = mu.dim(1);
  LatentHistograms histograms{Tensor::zeros({K, bins})};
  // [11.3]
  for (Index k = 0; k < K; ++k) {
    Real low = mu[k], high = mu[k];
    for (Index n = 0; n < N; ++n) low = std::min(low, mu[n * K + k]), high = std::max(high, mu[n * K + k]);
    histograms.low.push_back(low);
    histograms.width.push_back((high - low) / static_cast<Real>(bins));
    std::vector<Index> counts(static_cast<std::size_t>(bins));
    for (Index n = 0; n < N; ++n) ++counts[static_cast<std::size_t>(histograms.bin(k, mu[n * K + k]))];
    for (Index b = 0; b < bins; ++b)
      histograms.share[k * bins + b] =
          static_cast<Real>(counts[static_cast<std::size_t>(b)]) / static_cast<Real>(N);
  }
  return histograms;
  // [end]
}

Tensor resampling_weights(const Tensor& mu, const LatentHistograms& histograms, Real alpha) {
  check_means("resampling_weights", mu);
  const Index N = mu.dim(0), K = mu.dim(1);
  GRADUS_CHECK(histograms.share.rank() == 2 && histograms.share.dim(0) == K, "resampling_weights: mu ",
               mu.shape(), " and histograms ", histograms.share.shape(), ", expected one row per unit");
  GRADUS_CHECK(alpha >= 0, "resampling_weights: alpha is ", alpha, ", must not be negative");
  // [11.4]
  const Index bins = histograms.share.dim(1);
  std::vector<double> weights(static_cast<std::size_t>(N));
  double sum = 0;
  for (Index n = 0; n < N; ++n) {
    double& w = weights[static_cast<std::size_t>(n)];
    for (Index k = 0; k < K; ++k) {
      const double Q = histograms.share[k * bins + histograms.bin(k, mu[n * K + k])];
      w = std::max(w, 1 / (Q + alpha));
    }
    sum += w;
  }
  Tensor out({N});
  for (Index n = 0; n < N; ++n) out[n] = static_cast<Real>(weights[static_cast<std::size_t>(n)] / sum);
  return out;
  // [end]
}

}  // namespace gradus
