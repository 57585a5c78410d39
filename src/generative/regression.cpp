#include "gradus/generative/regression.hpp"

#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/generative/moments.hpp"

namespace gradus {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The lists first <= a <= b <= ... of at most `degree` of `columns` numbers, each after its own prefixes.
void extend(std::vector<std::vector<Index>>& lists, const std::vector<Index>& list, Index first,
            Index columns, int degree) {
  if (degree == 0) return;
  for (Index a = first; a < columns; ++a) {
    std::vector<Index> longer = list;
    longer.push_back(a);
    lists.push_back(longer);
    extend(lists, longer, a, columns, degree - 1);
  }
}

/// Solves A w = b for a symmetric positive definite A [n, n] and b [n, m], in place, by Cholesky's A = L LT.
void solve_positive(std::vector<double>& a, std::vector<double>& b, Index n, Index m) {
  for (Index j = 0; j < n; ++j) {
    const double before = a[at(j * n + j)];
    for (Index i = j; i < n; ++i) {
      for (Index k = 0; k < j; ++k) a[at(i * n + j)] -= a[at(i * n + k)] * a[at(j * n + k)];
      if (i == j)
        GRADUS_CHECK(a[at(j * n + j)] > 1e-10 * before, "Regression: term ", j,
                     " is a linear combination of others, so the coefficients are not unique");
      a[at(i * n + j)] /= i == j ? std::sqrt(a[at(j * n + j)]) : a[at(j * n + j)];
    }
  }
  for (Index c = 0; c < m; ++c) {
    for (Index i = 0; i < n; ++i) {  // L v = b
      for (Index k = 0; k < i; ++k) b[at(i * m + c)] -= a[at(i * n + k)] * b[at(k * m + c)];
      b[at(i * m + c)] /= a[at(i * n + i)];
    }
    for (Index i = n - 1; i >= 0; --i) {  // LT w = v
      for (Index k = i + 1; k < n; ++k) b[at(i * m + c)] -= a[at(k * n + i)] * b[at(k * m + c)];
      b[at(i * m + c)] /= a[at(i * n + i)];
    }
  }
}

}  // namespace

Regression::Regression(const Tensor& x, const Tensor& y, int degree)
    : P_(x.rank() == 2 ? x.dim(1) : 0), Q_(y.rank() == 2 ? y.dim(1) : 0) {
  GRADUS_CHECK(x.rank() == 2 && y.rank() == 2 && x.dim(0) == y.dim(0) && degree >= 1,
               "Regression: x [N, P], y [N, Q] and a degree of at least 1, got ", x.shape(), ", ", y.shape(),
               " and ", degree);
  const Moments moments = moments_of(x);
  mean_ = moments.mean;
  for (Index p = 0; p < P_; ++p) {
    sd_.push_back(std::sqrt(moments.covariance[at(p * P_ + p)]));
    GRADUS_CHECK(sd_.back() > 0, "Regression: column ", p, " of x is constant");
  }
  extend(products_, {}, 0, P_, degree);
  const Index N = x.dim(0), T = terms();
  GRADUS_CHECK(N > T, "Regression: ", N, " examples for ", T, " terms and a constant");

  // With centred terms the means determine the constant, and the normal equations are well conditioned.
  centre_.assign(at(T), 0), constant_ = moments_of(y).mean;
  std::vector<double> centre(at(T));
  for (Index n = 0; n < N; ++n) {
    const auto phi = terms_of(x.data() + n * P_);
    for (Index t = 0; t < T; ++t) centre[at(t)] += phi[at(t)] / static_cast<double>(N);
  }
  centre_ = centre;
  std::vector<double> gram(at(T * T));
  w_.assign(at(T * Q_), 0);
  for (Index n = 0; n < N; ++n) {
    const auto phi = terms_of(x.data() + n * P_);
    for (Index t = 0; t < T; ++t) {
      for (Index s = 0; s <= t; ++s) gram[at(t * T + s)] += phi[at(t)] * phi[at(s)];
      for (Index q = 0; q < Q_; ++q) w_[at(t * Q_ + q)] += phi[at(t)] * (y[n * Q_ + q] - constant_[at(q)]);
    }
  }
  solve_positive(gram, w_, T, Q_);
}

std::vector<double> Regression::terms_of(const Real* x) const {
  std::vector<double> phi;
  phi.reserve(products_.size());
  for (std::size_t t = 0; t < products_.size(); ++t) {
    double product = 1;
    for (const Index a : products_[t]) product *= (x[a] - mean_[at(a)]) / sd_[at(a)];
    phi.push_back(product - centre_[t]);
  }
  return phi;
}

Tensor Regression::operator()(const Tensor& x) const {
  GRADUS_CHECK(x.rank() == 2 && x.dim(1) == P_, "Regression: x ", x.shape(), ", expected [B, ", P_, "]");
  Tensor y({x.dim(0), Q_});
  for (Index b = 0; b < x.dim(0); ++b) {
    const auto phi = terms_of(x.data() + b * P_);
    for (Index q = 0; q < Q_; ++q) {
      double sum = constant_[at(q)];
      for (Index t = 0; t < terms(); ++t) sum += w_[at(t * Q_ + q)] * phi[at(t)];
      y[b * Q_ + q] = static_cast<Real>(sum);
    }
  }
  return y;
}

Tensor change_factors(const Regression& code_of, const Tensor& z, const Tensor& from, const Tensor& to) {
  const Tensor before = code_of(from), after = code_of(to);
  GRADUS_CHECK(z.shape() == before.shape() && z.shape() == after.shape(), "change_factors: codes ", z.shape(),
               " and factors ", from.shape(), " -> ", to.shape(), " give ", before.shape(), " -> ",
               after.shape());
  Tensor out(z.shape());
  for (Index i = 0; i < z.size(); ++i) out[i] = z[i] + (after[i] - before[i]);
  return out;
}

std::vector<double> determination(const Tensor& yhat, const Tensor& y) {
  GRADUS_CHECK(y.rank() == 2 && y.shape() == yhat.shape(), "determination: yhat ", yhat.shape(), " and y ",
               y.shape(), ", both must be [N, Q]");
  const Index N = y.dim(0), Q = y.dim(1);
  const Moments moments = moments_of(y);
  std::vector<double> out;
  for (Index q = 0; q < Q; ++q) {
    const double variance = moments.covariance[at(q * Q + q)];
    GRADUS_CHECK(variance > 0, "determination: column ", q, " of y is constant");
    double residual = 0;
    for (Index n = 0; n < N; ++n)
      residual += std::pow(double(y[n * Q + q]) - yhat[n * Q + q], 2) / static_cast<double>(N);
    out.push_back(1 - residual / variance);
  }
  return out;
}

}  // namespace gradus
