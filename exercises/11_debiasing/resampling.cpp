// Your file for exercise 11. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/todo.hpp"
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
  // TODO(11.3) Fill `histograms` and return it. For every unit k, `bins` equal bins lie between the smallest and the largest
  // mu_nk: low[k] is the smallest, width[k] the width of one bin (push_back them in the order of k), and
  // share[k * bins + b] is the number of examples in bin b, divided by N.
  // Given: histograms.bin(k, value), the bin of a value, once low[k] and width[k] are set.
  todo("11.3", N, histograms);
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
  // TODO(11.4) Return [N], with sum 1:
  //   w_n = max_k 1 / ( Q_k(bin of mu_nk) + alpha ),      then divided by the sum of all w
  // Q_k(b) is histograms.share[k * bins + b], and histograms.bin(k, mu_nk) is the bin. Compute in double.
  todo("11.4", N);
}

}  // namespace gradus
