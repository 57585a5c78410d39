#pragma once
// The linear Gaussian latent variable model, whose evidence has a closed form: the reference for every bound.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// z ~ N(0, I),   x | z ~ N(W z + b, c I).        Always in double; matrices row-major.
///
/// All distributions are Gaussian: x ~ N(b, W WT + c I) and z | x ~ N(m(x), S) with S = c (WT W + c I)^-1,
/// m(x) = (WT W + c I)^-1 WT (x - b). Bishop, "Pattern Recognition and Machine Learning", 12.2
/// (probabilistic PCA).
class LinearGaussian {
 public:
  /// W [D, K], b [D], c > 0. Throws Error when the sizes do not fit or c is not positive.
  LinearGaussian(Index D, Index K, std::vector<double> W, std::vector<double> b, double c);

  /// D, the size of x.
  Index data_size() const { return D_; }
  /// K, the size of z.
  Index code_size() const { return K_; }
  /// log p(x), x [D], in nats. The sizes of x, z, mean and variance are not checked.
  double log_evidence(const std::vector<double>& x) const;
  /// log p(x | z); z [K].
  double log_likelihood(const std::vector<double>& x, const std::vector<double>& z) const;
  /// log p(z); z [K].
  double log_prior(const std::vector<double>& z) const;

  /// A Gaussian over codes.
  struct Gaussian {
    std::vector<double> mean;        ///< [K]
    std::vector<double> covariance;  ///< [K, K]
  };
  /// The posterior p(z | x).
  Gaussian posterior(const std::vector<double>& x) const;

  /// E_q[ log p(x | z) ] for q = N(mean, diag(variance)), in closed form.
  double expected_log_likelihood(const std::vector<double>& x, const std::vector<double>& mean,
                                 const std::vector<double>& variance) const;
  /// KL( N(mean, diag(variance)) || p(z | x) ): the gap between the ELBO and log p(x).
  double kl_to_posterior(const std::vector<double>& x, const std::vector<double>& mean,
                         const std::vector<double>& variance) const;

 private:
  Index D_, K_;
  std::vector<double> W_, b_;
  double c_;
};

/// KL( N(mean, diag(variance)) || N(0, I) ) in double, in nats. Throws Error when the lengths differ.
double diagonal_kl_to_standard(const std::vector<double>& mean, const std::vector<double>& variance);

}  // namespace gradus
