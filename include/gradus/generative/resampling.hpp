#pragma once
// Adaptive resampling of a data set from histograms of its codes (DB-VAE).
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Histograms of every latent unit: equal bins from the smallest to the largest mean.
struct LatentHistograms {
  Tensor share{};             ///< [K, bins] share of the examples in the bin; every row sums to 1
  std::vector<Real> low{};    ///< [K] left end of the first bin
  std::vector<Real> width{};  ///< [K] width of a bin; 0 when all means of the unit are equal

  /// The bin of a value of unit k: 0 .. bins-1. Values outside the range, also infinite ones, belong to the
  /// first or last bin. Throws Error when the value is NaN or `low` or `width` has no unit k.
  Index bin(Index k, Real value) const;
};

/// latent_histograms: Q_k(bin), the distribution of every latent unit over the positive examples.
///
///   mu [N, K]   mean codes of the positive examples only (faces): the negatives are not resampled
///
/// 6.S191 L4, "Mitigating bias through learned latent structure", step 2: estimate distributions.
/// Throws Error when mu is not [N, K] with N, K >= 1, a value is not finite or its size is above half of the
/// largest Real, or bins < 1.
LatentHistograms latent_histograms(const Tensor& mu, Index bins = 10);

/// resampling_weights: the probability to draw each example in the next epoch.
///
///   w_n = max_k 1 / ( Q_k(bin of mu_nk) + alpha )          [N], normalised to sum 1
///
/// An example is drawn more often when any of its latent numbers is rare. alpha limits the factor between two
/// examples to (1 + alpha) / alpha: alpha = infinity gives equal weights, no debiasing.
/// Same slide, step 3: adaptively resample. Amini, Soleimany, Schwarting, Bhatia, Rus 2019 have a product
/// over the units. The code of 6.S191's lab 2 has a maximum too, of other numbers: per unit, it adds alpha to
/// the densities of the bins (share divided by width), divides them by their total over the bins, and divides
/// the inverse by its sum over the examples; the maximum over the units follows, again normalised.
/// Throws Error when the shapes do not fit, alpha < 0, or a weight is not finite, such as that of an example
/// in an empty bin with alpha = 0.
Tensor resampling_weights(const Tensor& mu, const LatentHistograms& histograms, Real alpha);

}  // namespace gradus
