#pragma once
// Expectation maximization (EM): a Gaussian mixture is fitted to data by two steps in turn. Each step has a
// closed form, and together they never decrease the likelihood. Dempster, Laird, Rubin 1977.
#include <vector>

#include "gradus/generative/mixture_model.hpp"

namespace gradus {

/// mixture_log_likelihood: the log probability density of every point.
///
///   log_joint  [N, K]   log p(x_n, k), see MixtureModel::log_joint; -infinity for an impossible component
///   log p      [N]      log sum_k exp(log_joint_nk), computed from the largest term: no overflow;
///                       -infinity where all terms are
///
/// DS542, "Probabilistic models": training maximises its sum over the training points; "Quantifying
/// Performance - Test Likelihood": its mean over test points compares models.
/// Throws Error when the rank is not 2 or K = 0.
Tensor mixture_log_likelihood(const Tensor& log_joint);

/// responsibilities: the posterior probability of every component (the E step).
///
///   log_joint  [N, K]
///   r          [N, K]   r_nk = p(k | x_n) = exp(log_joint_nk) / sum_j exp(log_joint_nj); rows sum to 1, also
///                       where all terms are -infinity: 1 / K each
///
/// Where k-means decides for one cluster, r gives a probability per cluster. Throws Error as above.
Tensor responsibilities(const Tensor& log_joint);

/// m_step: the mixture of largest expected log likelihood for given responsibilities (the M step).
///
///   x [N, D]    r [N, K]           R_k = sum_n r_nk
///   w_k = R_k / N    m_k = 1/R_k sum_n r_nk x_n    S_k = 1/R_k sum_n r_nk (x_n - m_k)(x_n - m_k)T + floor I
///
/// The expected likelihood is largest for floor = 0. A `floor` above 0 keeps S_k positive definite where all
/// points of a component are equal or on a line, but the likelihood may then fall. Summed in double. Throws
/// Error when the shapes do not fit, N = 0, floor < 0, a responsibility is negative or not finite, or
/// a component has no responsibility for any point.
MixtureModel m_step(const Tensor& x, const Tensor& r, Real floor = 0);

/// Options of fit_mixture.
struct EmOptions {
  Real floor = Real(1e-4);  ///< least variance of a component in any direction, in squared units of x
  Index most = 500;         ///< steps per start
  double tolerance = 1e-6;  ///< a gain of at most tolerance (1 + |mean log likelihood|) ends the fit
  Index starts = 3;         ///< fits from different initial means; the most likely one is kept
};

/// The result of fit_mixture.
struct MixtureFit {
  MixtureModel model;           ///< the last and most likely one of the most likely start
  std::vector<double> history;  ///< mean log likelihood of the points under every model; never decreases
};

/// fit_mixture: EM for K Gaussians, x [N, D]. The first responsibilities are those of k_means, softened.
///
/// The M step maximises the likelihood among all S_k without an eigenvalue below `floor`: it replaces smaller
/// eigenvalues of m_step's S_k by `floor`. Without this bound a component that shrinks to one point makes the
/// likelihood infinite; with floor I added, the likelihood could fall. Where Real cannot hold so small an
/// eigenvalue beside the largest one, the bound is larger (symmetric_at_least).
/// A step that loses by rounding is not taken.
///
/// A start that fails is skipped. Throws the last one's Error when all fail (as k_means, m_step and log_joint
/// do, or for a likelihood that is not finite), and when an option is out of range.
MixtureFit fit_mixture(const Tensor& x, Index K, Rng& rng, const EmOptions& options = {});

}  // namespace gradus
