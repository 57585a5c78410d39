#include "gradus/generative/expectation_maximization.hpp"

#include <cmath>
#include <limits>

#include "gradus/generative/k_means.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
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
    std::vector<Real> exps(at(K));
    const auto [largest, sum] = row_exps(terms, K, exps.data());
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
    const Real sum = row_exps(terms, K, row).sum;  // row_k = exp(terms_k - largest)
    for (Index k = 0; k < K; ++k) row[k] /= sum;
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
    for (Index n = 0; n < N; ++n) most = r[n * K + k] > most ? r[n * K + k] : most;
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

MixtureFit fit_mixture(const Tensor& x, Index K, Rng& rng, const EmOptions& options) {
  GRADUS_CHECK(options.most >= 1 && options.starts >= 1 && options.tolerance >= 0,
               "fit_mixture: needs most >= 1, starts >= 1 and tolerance >= 0, got ", options.most, ", ",
               options.starts, " and ", options.tolerance);
  const Index N = x.rank() == 2 ? x.dim(0) : 0;
  MixtureFit best;
  for (Index start = 0; start < options.starts; ++start) {
    // Soft clusters: a hundredth of every point is shared, so a cluster without points is a component as well.
    const KMeans clustering = k_means(x, K, rng);
    Tensor r = Tensor::full({N, K}, Real(0.01) / static_cast<Real>(K));
    for (Index n = 0; n < N; ++n) r[n * K + clustering.clusters[at(n)]] += Real(0.99);
    MixtureFit fit{m_step(x, r, options.floor), {}};
    for (Index step = 0;; ++step) {
      const Tensor log_joint = fit.model.log_joint(x);
      const double before =
          fit.history.empty() ? -std::numeric_limits<double>::infinity() : fit.history.back();
      fit.history.push_back(average(mixture_log_likelihood(log_joint)));
      if (step == options.most || fit.history.back() - before < options.tolerance) break;
      fit.model = m_step(x, responsibilities(log_joint), options.floor);
    }
    if (best.history.empty() || fit.history.back() > best.history.back()) best = std::move(fit);
  }
  return best;
}

}  // namespace gradus
