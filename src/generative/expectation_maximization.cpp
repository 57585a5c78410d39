#include "gradus/generative/expectation_maximization.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/generative/k_means.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
#include "gradus/kernels/symmetric.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

void check_log_joint(const char* op, const Tensor& log_joint) {
  check_rank(op, "log_joint", log_joint, 2);
  GRADUS_CHECK(log_joint.dim(1) >= 1, op, ": log_joint ", log_joint.shape(), " has no component");
}

double average(const Tensor& x) {
  return total(x.size(), [&](Index i) { return double{x[i]}; }) / static_cast<double>(x.size());
}

}  // namespace

Tensor mixture_log_likelihood(const Tensor& log_joint) {
  check_log_joint("mixture_log_likelihood", log_joint);
  // [10.3]
  const Index N = log_joint.dim(0), K = log_joint.dim(1);
  Tensor out({N});
  for_rows(N, N * K, [&](Index n) {
    const Real* terms = log_joint.data() + n * K;
    std::vector<Real> shares(at(K));
    const auto [largest, sum] = row_weights(terms, K, shares.data());
    out[n] = largest + std::log(sum);
  });
  return out;
  // [end]
}

Tensor responsibilities(const Tensor& log_joint) {
  check_log_joint("responsibilities", log_joint);
  // [10.4]
  const Index N = log_joint.dim(0), K = log_joint.dim(1);
  Tensor r({N, K});
  for_rows(N, N * K, [&](Index n) {
    const Real* terms = log_joint.data() + n * K;
    Real* row = r.data() + n * K;
    row_weights(terms, K, row);  // exp(terms_k - largest), divided by the sum of the row
  });
  return r;
  // [end]
}

MixtureModel m_step(const Tensor& x, const Tensor& r, Real floor) {
  GRADUS_CHECK(x.rank() == 2 && r.rank() == 2 && x.dim(0) == r.dim(0) && x.size() > 0 && r.size() > 0,
               "m_step: x must be [N, D] and r [N, K] with N >= 1, got ", x.shape(), " and ", r.shape());
  GRADUS_CHECK(floor >= 0, "m_step: the floor of the variances must not be negative, got ", floor);
  const Index N = x.dim(0), D = x.dim(1), K = r.dim(1);
  for (Index k = 0; k < K; ++k) {
    Real most = 0;
    for (Index n = 0; n < N; ++n) {
      const Real share = r[n * K + k];
      GRADUS_CHECK(share >= 0 && std::isfinite(share), "m_step: responsibility ", share, " of component ", k,
                   " for point ", n, ", must be finite and not negative");
      most = std::max(most, share);
    }
    GRADUS_CHECK(most > 0, "m_step: component ", k, " is responsible for no point");
  }
  MixtureModel model{Tensor({K}), Tensor({K, D}), Tensor({K, D, D})};
  // [10.5]
  for (Index k = 0; k < K; ++k) {
    double R = 0;
    std::vector<double> mean(at(D)), covariance(at(D * D));
    for (Index n = 0; n < N; ++n) R += r[n * K + k];
    for (Index n = 0; n < N; ++n)
      for (Index d = 0; d < D; ++d) mean[at(d)] += double{r[n * K + k]} * x[n * D + d] / R;
    for (Index n = 0; n < N; ++n)
      for (Index i = 0; i < D; ++i)
        for (Index j = 0; j < D; ++j)
          covariance[at(i * D + j)] +=
              r[n * K + k] * (x[n * D + i] - mean[at(i)]) * (x[n * D + j] - mean[at(j)]) / R;
    model.weights[k] = static_cast<Real>(R / static_cast<double>(N));
    for (Index d = 0; d < D; ++d) {
      model.means[k * D + d] = static_cast<Real>(mean[at(d)]);
      covariance[at(d * D + d)] += floor;
    }
    for (Index i = 0; i < D * D; ++i) model.covariances[k * D * D + i] = static_cast<Real>(covariance[at(i)]);
  }
  return model;
  // [end]
}

namespace {

/// Bounds the eigenvalues of the covariances from below: for given responsibilities, the most likely
/// covariances within the bound have the axes of m_step's.
MixtureModel bounded(MixtureModel model, Real floor) {
  const Index K = model.means.dim(0), D = model.means.dim(1);
  for (Index k = 0; k < K; ++k) {
    Real* S = model.covariances.data() + k * D * D;
    const std::vector<double> least = symmetric_at_least({S, S + D * D}, D, floor);
    for (Index i = 0; i < D * D; ++i) S[i] = static_cast<Real>(least[at(i)]);
  }
  return model;
}

MixtureFit fit_once(const Tensor& x, Index K, Rng& rng, const EmOptions& options) {
  // Soft clusters: a hundredth of every point is shared, so a cluster without points is a component as well.
  const KMeans clustering = k_means(x, K, rng);
  Tensor r = Tensor::full({x.dim(0), K}, Real(0.01) / static_cast<Real>(K));
  for (Index n = 0; n < x.dim(0); ++n) r[n * K + clustering.clusters[at(n)]] += Real(0.99);
  MixtureFit fit;
  for (Index step = 0; step <= options.most; ++step) {
    MixtureModel model = bounded(m_step(x, r), options.floor);
    const Tensor log_joint = model.log_joint(x);
    const double likelihood = average(mixture_log_likelihood(log_joint));
    GRADUS_CHECK(std::isfinite(likelihood), "fit_mixture: the mean log likelihood is ", likelihood,
                 " after step ", step);
    const double before = step == 0 ? -std::numeric_limits<double>::infinity() : fit.history.back();
    if (likelihood < before) break;
    fit.model = std::move(model);
    fit.history.push_back(likelihood);
    if (likelihood - before <= options.tolerance * (1 + std::abs(likelihood))) break;
    r = responsibilities(log_joint);
  }
  return fit;
}

}  // namespace

MixtureFit fit_mixture(const Tensor& x, Index K, Rng& rng, const EmOptions& options) {
  GRADUS_CHECK(options.most >= 1 && options.starts >= 1 && options.tolerance >= 0 && options.floor >= 0,
               "fit_mixture: needs most >= 1, starts >= 1, tolerance >= 0 and floor >= 0, got ", options.most,
               ", ", options.starts, ", ", options.tolerance, " and ", options.floor);
  MixtureFit best;
  for (Index start = 0; start < options.starts; ++start) {
    try {
      MixtureFit fit = fit_once(x, K, rng, options);
      if (best.history.empty() || fit.history.back() > best.history.back()) best = std::move(fit);
    } catch (const Error&) {
      if (start == options.starts - 1 && best.history.empty()) throw;
    }
  }
  return best;
}

}  // namespace gradus
