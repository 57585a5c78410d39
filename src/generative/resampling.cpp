#include "gradus/generative/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_means(const char* name, const Tensor& mu) {
  check_rank(name, "mu", mu, 2);
  GRADUS_CHECK(mu.size() >= 1, name, ": mu ", mu.shape(), ", expected [N, K] with N, K >= 1");
  constexpr Real largest = std::numeric_limits<Real>::max() / 2;  // differences are finite
  for (Index i = 0; i < mu.size(); ++i)
    GRADUS_CHECK(std::abs(mu[i]) <= largest, name, ": mu of example ", i / mu.dim(1), ", unit ",
                 i % mu.dim(1), " is ", mu[i], ", expected a finite number of size at most ", largest);
}

/// Throws Error unless every row of mu has a finite weight, and the weights have a finite sum.
void check_weights(const Tensor& mu, const LatentHistograms& histograms, Real alpha) {
  const Index N = mu.dim(0), K = mu.dim(1), bins = histograms.share.dim(1);
  for (Index i = 0; i < N * K; ++i) {
    const double Q = histograms.share[i % K * bins + histograms.bin(i % K, mu[i])];
    GRADUS_CHECK(Q >= 0 && std::isfinite(static_cast<double>(N) / (Q + alpha)),
                 "resampling_weights: example ", i / K, " is in a bin of unit ", i % K, " of share ", Q,
                 ", and alpha is ", alpha, ": the weight 1 / (share + alpha) is not a finite number");
  }
}

}  // namespace

Index LatentHistograms::bin(Index k, Real value) const {
  GRADUS_CHECK(0 <= k && k < std::ssize(low) && k < std::ssize(width), "LatentHistograms: unit ", k, " of ",
               low.size(), " left ends and ", width.size(), " widths");
  const auto unit = static_cast<std::size_t>(k);
  const Real place = std::floor((value - low[unit]) / (width[unit] == 0 ? 1 : width[unit]));
  GRADUS_CHECK(!std::isnan(place), "LatentHistograms: bin of ", value, ", unit ", k, ": the bins begin at ",
               low[unit], " and are ", width[unit], " wide");
  if (width[unit] == 0) return 0;
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
  GRADUS_CHECK(histograms.share.rank() == 2 && histograms.share.dim(0) == K && histograms.share.size() > 0 &&
                   std::ssize(histograms.low) == K && std::ssize(histograms.width) == K,
               "resampling_weights: mu ", mu.shape(), " and histograms ", histograms.share.shape(), " with ",
               histograms.low.size(), " left ends and ", histograms.width.size(),
               " widths, expected one row per unit");
  GRADUS_CHECK(alpha >= 0, "resampling_weights: alpha is ", alpha, ", must not be negative");
  if (std::isinf(alpha)) return Tensor::full({N}, 1 / static_cast<Real>(N));
  check_weights(mu, histograms, alpha);
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
