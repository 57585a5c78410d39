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

  /// The bin of a value of unit k: 0 .. bins-1. Values outside the range belong to the first or last bin.
  Index bin(Index k, Real value) const;
};

/// latent_histograms: Q_k(bin), the distribution of every latent unit over the positive examples.
///
///   mu [N, K]   mean codes of the positive examples only (faces): the negatives are not resampled
///
/// 6.S191 L4, "Mitigating bias through learned latent structure", step 2: estimate distributions.
/// Throws Error when mu is not [N, K] with N, K >= 1, a value is not finite, or bins < 1.
LatentHistograms latent_histograms(const Tensor& mu, Index bins = 10);

/// resampling_weights: the probability to draw each example in the next epoch.
///
///   w_n = max_k 1 / ( Q_k(bin of mu_nk) + alpha )          [N], normalised to sum 1
///
/// An example is drawn more often when any of its latent numbers is rare. alpha limits the factor between two
/// examples to (1 + alpha) / alpha: alpha -> infinity gives equal weights, no debiasing.
/// Same slide, step 3: adaptively resample. Amini, Soleimany, Schwarting, Bhatia, Rus 2019 have a product over
/// the units in the text and this maximum in their code. Throws Error when the shapes do not fit or alpha < 0.
Tensor resampling_weights(const Tensor& mu, const LatentHistograms& histograms, Real alpha);

}  // namespace gradus
