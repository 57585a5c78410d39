#include "gradus/kernels/symmetric.hpp"

#include <algorithm>
#include <cmath>

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

// S^1/2 = V diag(sqrt(lambda)) VT
std::vector<double> symmetric_root(std::vector<double> s, Index n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  symmetric_eigen(s, values, n);  // the rows of s are now the eigenvectors
  std::vector<double> vectors(s.size()), scaled(s.size());
  for (Index k = 0; k < n; ++k) {
    const double root = std::sqrt(std::max(0.0, values[static_cast<std::size_t>(k)]));
    for (Index i = 0; i < n; ++i) {
      vectors[static_cast<std::size_t>(i * n + k)] = s[static_cast<std::size_t>(k * n + i)];
      scaled[static_cast<std::size_t>(i * n + k)] = root * s[static_cast<std::size_t>(k * n + i)];
    }
  }
  return symmetric_product(scaled, vectors, n);
}

}  // namespace gradus
