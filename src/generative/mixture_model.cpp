#include "gradus/generative/mixture_model.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The axes of a covariance S [D, D]: eigenvalues, and unit eigenvectors as rows.
struct Axes {
  std::vector<double> vectors, values;
};

std::vector<Axes> axes_of(const MixtureModel& model) {
  const Tensor& S = model.covariances;
  const Index K = model.weights.size(), D = model.means.rank() == 2 ? model.means.dim(1) : 0;
  GRADUS_CHECK(K >= 1 && D >= 1 && model.weights.shape() == Shape{K} && model.means.dim(0) == K &&
                   S.shape() == Shape({K, D, D}),
               "MixtureModel: weights must be [K], means [K, D] and covariances [K, D, D], got ",
               model.weights.shape(), ", ", model.means.shape(), " and ", S.shape());
  double sum = 0;
  for (const Real weight : model.weights.values()) {
    GRADUS_CHECK(weight >= 0, "MixtureModel: a weight is ", weight, ", must not be negative");
    sum += weight;
  }
  GRADUS_CHECK(std::abs(sum - 1) <= 1e-3, "MixtureModel: the weights sum to ", sum, ", expected 1");
  std::vector<Axes> all;
  for (Index k = 0; k < K; ++k) {
    const auto matrix = S.row(k).values();
    Axes axes{{matrix.begin(), matrix.end()}, std::vector<double>(at(D))};
    symmetric_eigen(axes.vectors, axes.values, D);
    GRADUS_CHECK(axes.values.front() > 0, "MixtureModel: covariance ", k,
                 " must be positive definite; its least eigenvalue is ", axes.values.front());
    all.push_back(std::move(axes));
  }
  return all;
}

}  // namespace

Tensor MixtureModel::log_joint(const Tensor& x) const {
  const std::vector<Axes> axes = axes_of(*this);
  const Index K = weights.size(), D = means.dim(1);
  GRADUS_CHECK(x.rank() == 2 && x.dim(1) == D, "MixtureModel: x must be [N, ", D, "], got ", x.shape());
  const Index N = x.dim(0);
  Tensor out({N, K});
  for (Index k = 0; k < K; ++k) {
    double constant =
        std::log(double{weights[k]}) - 0.5 * static_cast<double>(D) * std::log(2 * std::numbers::pi);
    for (const double variance : axes[at(k)].values) constant -= 0.5 * std::log(variance);
    const double *vectors = axes[at(k)].vectors.data(), *values = axes[at(k)].values.data();
    for_rows(N, N * D * D, [&](Index n) {
      double squared = 0;  // (x - m)T S^-1 (x - m) = sum_i (v_iT (x - m))^2 / lambda_i
      for (Index i = 0; i < D; ++i) {
        double along = 0;
        for (Index d = 0; d < D; ++d) along += vectors[i * D + d] * (double{x[n * D + d]} - means[k * D + d]);
        squared += along * along / values[i];
      }
      out[n * K + k] = static_cast<Real>(constant - 0.5 * squared);
    });
  }
  return out;
}

Tensor MixtureModel::sample(Index count, Rng& rng) const {
  const std::vector<Axes> axes = axes_of(*this);
  GRADUS_CHECK(count >= 1, "MixtureModel: cannot draw ", count, " samples");
  const Index K = weights.size(), D = means.dim(1);
  const Tensor noise = Tensor::randn({count, D}, rng), pick = Tensor::uniform({count}, rng);
  Tensor x({count, D});
  for (Index n = 0; n < count; ++n) {
    Index k = 0;
    for (double rest = double{pick[n]} - weights[0]; rest > 0 && k < K - 1; rest -= weights[k]) ++k;
    for (Index d = 0; d < D; ++d) {
      double value = means[k * D + d];
      for (Index i = 0; i < D; ++i)
        value += std::sqrt(axes[at(k)].values[at(i)]) * noise[n * D + i] * axes[at(k)].vectors[at(i * D + d)];
      x[n * D + d] = static_cast<Real>(value);
    }
  }
  return x;
}

MixtureModel five_gaussians() {
  return {Tensor::of({5}, {Real(0.3), Real(0.25), Real(0.2), Real(0.15), Real(0.1)}),
          Tensor::of({5, 2}, {Real(-2.2), Real(1.6), Real(1.9), Real(2), Real(0.2), Real(-0.4), Real(2.4),
                              Real(-2), Real(-2), Real(-2.1)}),
          Tensor::of({5, 2, 2},
                     {Real(0.5),  Real(0.3),  Real(0.3),   Real(0.35),  Real(0.25), Real(0),    Real(0),
                      Real(0.25), Real(0.6),  Real(-0.35), Real(-0.35), Real(0.3),  Real(0.12), Real(0.05),
                      Real(0.05), Real(0.45), Real(0.4),   Real(0),     Real(0),    Real(0.05)})};
}

}  // namespace gradus
