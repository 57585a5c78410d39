#pragma once
// Expectation maximization (EM): a Gaussian mixture is fitted to data by two steps in turn. Each step has a closed
// form, and together they never decrease the likelihood. Dempster, Laird, Rubin 1977.
#include <vector>

#include "gradus/generative/mixture_model.hpp"

namespace gradus {

/// mixture_log_likelihood: the log probability density of every point.
///
///   log_joint  [N, K]   log p(x_n, k), see MixtureModel::log_joint; -infinity for an impossible component
///   log p      [N]      log sum_k exp(log_joint_nk), computed from the largest term: no overflow, no log 0
///
/// DS542, "Probabilistic models": training maximises its sum over the training points; "Quantifying Performance -
/// Test Likelihood": its mean over test points compares models. Throws Error when the rank is not 2 or K = 0.
Tensor mixture_log_likelihood(const Tensor& log_joint);

/// responsibilities: the posterior probability of every component (the E step).
///
///   log_joint  [N, K]
///   r          [N, K]   r_nk = p(k | x_n) = exp(log_joint_nk) / sum_j exp(log_joint_nj); rows sum to 1
///
/// Where k-means decides for one cluster, r gives a probability per cluster. Throws Error as above.
Tensor responsibilities(const Tensor& log_joint);

/// m_step: the mixture of largest expected log likelihood for given responsibilities (the M step).
///
///   x [N, D]    r [N, K]           R_k = sum_n r_nk
///   w_k = R_k / N    m_k = 1/R_k sum_n r_nk x_n    S_k = 1/R_k sum_n r_nk (x_n - m_k)(x_n - m_k)T + floor I
///
/// `floor` bounds the variances from below: without it a component that shrinks to one point makes the likelihood
/// infinite. Summed in double. Throws Error when the shapes do not fit, N = 0, floor < 0, or a component has no
/// responsibility for any point.
MixtureModel m_step(const Tensor& x, const Tensor& r, Real floor = 0);

/// Options of fit_mixture.
struct EmOptions {
  Real floor = Real(1e-4);  ///< see m_step
  Index most = 500;         ///< steps per start
  double tolerance = 1e-6;  ///< nats per point: a smaller gain ends the fit
  Index starts = 3;         ///< fits from different initial means; the most likely one is kept
};

/// The result of fit_mixture.
struct MixtureFit {
  MixtureModel model;           ///< the last one of the most likely start
  std::vector<double> history;  ///< mean log likelihood of the points under every model; never decreases
};

/// fit_mixture: EM for K Gaussians, x [N, D]. The first responsibilities are those of k_means, softened.
/// Throws Error as k_means does, and when an option is out of range.
MixtureFit fit_mixture(const Tensor& x, Index K, Rng& rng, const EmOptions& options = {});

}  // namespace gradus
