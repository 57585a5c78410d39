#include "gradus/kernels/symmetric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

std::vector<double> symmetric_product(const std::vector<double>& a, const std::vector<double>& b, Index n) {
  std::vector<double> c(static_cast<std::size_t>(n * n));
  const double *left = a.data(), *right = b.data();
  double* out = c.data();
  for_rows(n, n * n * n, [=](Index i) {
    for (Index j = 0; j < n; ++j) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index k = 0; k < n; ++k) sum += left[i * n + k] * right[j * n + k];
      out[i * n + j] = sum;
    }
  });
  return c;
}

namespace {

/// V diag(values) VT for eigenvectors in the rows of `vectors`.
std::vector<double> from_eigenvectors(const std::vector<double>& vectors, const std::vector<double>& values,
                                      Index n) {
  std::vector<double> columns(vectors.size()), scaled(vectors.size());
  for (Index k = 0; k < n; ++k)
    for (Index i = 0; i < n; ++i) {
      const double element = vectors[static_cast<std::size_t>(k * n + i)];
      columns[static_cast<std::size_t>(i * n + k)] = element;
      scaled[static_cast<std::size_t>(i * n + k)] = values[static_cast<std::size_t>(k)] * element;
    }
  return symmetric_product(scaled, columns, n);
}

}  // namespace

// S^1/2 = V diag(sqrt(lambda)) VT
std::vector<double> symmetric_root(std::vector<double> s, Index n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  symmetric_eigen(s, values, n);  // the rows of s are now the eigenvectors
  for (double& value : values) value = std::sqrt(std::max(0.0, value));
  return from_eigenvectors(s, values, n);
}

// S' = V diag(max(lambda, least)) VT
std::vector<double> symmetric_at_least(const std::vector<double>& s, Index n, double least) {
  std::vector<double> vectors = s, values(static_cast<std::size_t>(n));
  symmetric_eigen(vectors, values, n);
  const double rounding =
      8 * std::sqrt(static_cast<double>(n)) * double{std::numeric_limits<Real>::epsilon()};
  least = std::max(least, rounding * values.back());
  if (values.front() >= least) return s;
  for (double& value : values) value = std::max(value, least);
  return from_eigenvectors(vectors, values, n);
}

}  // namespace gradus
