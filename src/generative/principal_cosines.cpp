#include "gradus/generative/pca.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gradus/kernels/blas.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// An orthonormal basis of the rows' span, by Gram-Schmidt done twice (once loses digits, twice is enough).
std::vector<std::vector<double>> orthonormal_rows(const Tensor& a) {
  std::vector<std::vector<double>> basis;
  for (Index k = 0; k < a.dim(0); ++k) {
    const Tensor row = a.row(k);
    std::vector<double> v(row.values().begin(), row.values().end());
    const double before = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    for (int pass = 0; pass < 2; ++pass)
      for (const auto& u : basis) {
        const double dot = std::inner_product(u.begin(), u.end(), v.begin(), 0.0);
        for (std::size_t d = 0; d < v.size(); ++d) v[d] -= dot * u[d];
      }
    const double length = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    if (!(length > 1e-6 * before)) continue;  // inside the span of those before
    for (double& value : v) value /= length;
    basis.push_back(std::move(v));
  }
  return basis;
}

}  // namespace

// The cosines are the singular values of U VT for orthonormal rows U and V: roots of the eigenvalues of (U
// VT)(U VT)T.
std::vector<double> principal_cosines(const Tensor& a, const Tensor& b) {
  check_rank("principal_cosines", "a", a, 2);
  check_rank("principal_cosines", "b", b, 2);
  GRADUS_CHECK(a.dim(1) == b.dim(1), "principal_cosines: a ", a.shape(), " and b ", b.shape(),
               " must share D");
  auto U = orthonormal_rows(a), V = orthonormal_rows(b);
  if (U.size() > V.size()) std::swap(U, V);
  const std::size_t n = U.size();
  std::vector<double> gram(n * n), values(n);
  for (const auto& v : V) {
    std::vector<double> overlap;
    for (const auto& u : U) overlap.push_back(std::inner_product(u.begin(), u.end(), v.begin(), 0.0));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) gram[i * n + j] += overlap[i] * overlap[j];
  }
  symmetric_eigen(gram, values, static_cast<Index>(n));
  std::vector<double> cosines;
  for (std::size_t i = n; i-- > 0;) cosines.push_back(std::sqrt(std::clamp(values[i], 0.0, 1.0)));
  return cosines;
}

}  // namespace gradus
