#include "gradus/generative/linear_gaussian.hpp"

#include <cmath>
#include <numbers>

#include "gradus/base/check.hpp"
#include "gradus/kernels/blas.hpp"

namespace gradus {
namespace {

using Vector = std::vector<double>;
const double log_2pi = std::log(2 * std::numbers::pi);

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The eigendecomposition of a symmetric positive definite matrix, from which inverse, determinant and
/// quadratic forms take one line each.
struct Decomposition {
  Index n;
  Vector vectors, values;  // row i: unit eigenvector i

  Decomposition(Index size, Vector matrix) : n(size), vectors(std::move(matrix)), values(at(size)) {
    symmetric_eigen(vectors, values, n);
  }
  double log_determinant() const {
    double sum = 0;
    for (const double value : values) sum += std::log(value);
    return sum;
  }
  /// vT A^-1 v
  double inverse_form(const Vector& v) const {
    double sum = 0;
    for (Index i = 0; i < n; ++i) {
      double dot = 0;
      for (Index j = 0; j < n; ++j) dot += vectors[at(i * n + j)] * v[at(j)];
      sum += dot * dot / values[at(i)];
    }
    return sum;
  }
  Vector inverse() const {
    Vector out(at(n * n));
    for (Index k = 0; k < n; ++k)
      for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < n; ++j)
          out[at(i * n + j)] += vectors[at(k * n + i)] * vectors[at(k * n + j)] / values[at(k)];
    return out;
  }
};

}  // namespace

LinearGaussian::LinearGaussian(Index D, Index K, Vector W, Vector b, double c)
    : D_(D), K_(K), W_(std::move(W)), b_(std::move(b)), c_(c) {
  GRADUS_CHECK(D >= 1 && K >= 1 && W_.size() == at(D * K) && b_.size() == at(D),
               "LinearGaussian: W must be [", D, ", ", K, "] and b [", D, "], got ", W_.size(), " and ",
               b_.size(), " numbers");
  GRADUS_CHECK(c > 0, "LinearGaussian: the variance c must be positive, got ", c);
}

double LinearGaussian::log_evidence(const Vector& x) const {
  Vector covariance(at(D_ * D_)), difference(at(D_));
  for (Index i = 0; i < D_; ++i) {
    for (Index j = 0; j < D_; ++j)
      for (Index k = 0; k < K_; ++k) covariance[at(i * D_ + j)] += W_[at(i * K_ + k)] * W_[at(j * K_ + k)];
    covariance[at(i * D_ + i)] += c_;
    difference[at(i)] = x.at(at(i)) - b_[at(i)];
  }
  const Decomposition decomposition(D_, std::move(covariance));
  return -0.5 * (static_cast<double>(D_) * log_2pi + decomposition.log_determinant() +
                 decomposition.inverse_form(difference));
}

double LinearGaussian::log_likelihood(const Vector& x, const Vector& z) const {
  double squared = 0;
  for (Index i = 0; i < D_; ++i) {
    double mean = b_[at(i)];
    for (Index k = 0; k < K_; ++k) mean += W_[at(i * K_ + k)] * z.at(at(k));
    squared += (x.at(at(i)) - mean) * (x[at(i)] - mean);
  }
  return -0.5 * (static_cast<double>(D_) * (log_2pi + std::log(c_)) + squared / c_);
}

double LinearGaussian::log_prior(const Vector& z) const {
  double squared = 0;
  for (const double value : z) squared += value * value;
  return -0.5 * (static_cast<double>(K_) * log_2pi + squared);
}

LinearGaussian::Gaussian LinearGaussian::posterior(const Vector& x) const {
  Vector gram(at(K_ * K_)), projected(at(K_));
  for (Index i = 0; i < D_; ++i)
    for (Index k = 0; k < K_; ++k) {
      projected[at(k)] += W_[at(i * K_ + k)] * (x.at(at(i)) - b_[at(i)]);
      for (Index l = 0; l < K_; ++l) gram[at(k * K_ + l)] += W_[at(i * K_ + k)] * W_[at(i * K_ + l)];
    }
  for (Index k = 0; k < K_; ++k) gram[at(k * K_ + k)] += c_;
  Gaussian out{Vector(at(K_)), Decomposition(K_, std::move(gram)).inverse()};
  for (Index k = 0; k < K_; ++k)
    for (Index l = 0; l < K_; ++l) {
      out.mean[at(k)] += out.covariance[at(k * K_ + l)] * projected[at(l)];
    }
  for (double& value : out.covariance) value *= c_;
  return out;
}

// E ||x - W z - b||^2 = ||x - W mean - b||^2 + sum_k variance_k ||W column k||^2
double LinearGaussian::expected_log_likelihood(const Vector& x, const Vector& mean,
                                               const Vector& variance) const {
  double spread = 0;
  for (Index i = 0; i < D_; ++i)
    for (Index k = 0; k < K_; ++k) spread += W_[at(i * K_ + k)] * W_[at(i * K_ + k)] * variance.at(at(k));
  return log_likelihood(x, mean) - 0.5 * spread / c_;
}

// KL(N(m, V) || N(p, S)) = 1/2 ( tr S^-1 V + (p - m)T S^-1 (p - m) - K + log det S - log det V )
double LinearGaussian::kl_to_posterior(const Vector& x, const Vector& mean, const Vector& variance) const {
  const Gaussian exact = posterior(x);
  const Decomposition decomposition(K_, exact.covariance);
  const Vector precision = decomposition.inverse();
  Vector difference(at(K_));
  double kl = decomposition.log_determinant() - static_cast<double>(K_);
  for (Index k = 0; k < K_; ++k) {
    kl += precision[at(k * K_ + k)] * variance.at(at(k)) - std::log(variance[at(k)]);
    difference[at(k)] = exact.mean[at(k)] - mean.at(at(k));
  }
  return 0.5 * (kl + decomposition.inverse_form(difference));
}

double diagonal_kl_to_standard(const Vector& mean, const Vector& variance) {
  GRADUS_CHECK(mean.size() == variance.size(), "diagonal_kl_to_standard: ", mean.size(), " means, ",
               variance.size(), " variances");
  double kl = 0;
  for (std::size_t k = 0; k < mean.size(); ++k)
    kl += 0.5 * (variance[k] + mean[k] * mean[k] - 1 - std::log(variance[k]));
  return kl;
}

}  // namespace gradus
