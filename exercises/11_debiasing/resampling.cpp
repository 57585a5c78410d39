// Your file for exercise 11. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/resampling.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/todo.hpp"
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
  // TODO(11.3) Fill `histograms` and return it. For every unit k, `bins` equal bins lie between the smallest and the largest
  // mu_nk: low[k] is the smallest, width[k] the width of one bin (push_back them in the order of k), and
  // share[k * bins + b] is the number of examples in bin b, divided by N.
  // Given: histograms.bin(k, value), the bin of a value, once low[k] and width[k] are set.
  todo("11.3", N, histograms);
}

Tensor resampling_weights(const Tensor& mu, const LatentHistograms& histograms, Real alpha) {
  check_means("resampling_weights", mu);
  const Index N = mu.dim(0), K = mu.dim(1);
  GRADUS_CHECK(histograms.share.rank() == 2 && histograms.share.dim(0) == K, "resampling_weights: mu ",
               mu.shape(), " and histograms ", histograms.share.shape(), ", expected one row per unit");
  GRADUS_CHECK(alpha >= 0, "resampling_weights: alpha is ", alpha, ", must not be negative");
  // TODO(11.4) Return [N], with sum 1:
  //   w_n = max_k 1 / ( Q_k(bin of mu_nk) + alpha ),      then divided by the sum of all w
  // Q_k(b) is histograms.share[k * bins + b], and histograms.bin(k, mu_nk) is the bin. Compute in double.
  todo("11.4", N);
}

}  // namespace gradus
