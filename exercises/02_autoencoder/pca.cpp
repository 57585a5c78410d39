// Your file for exercise 2. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/pca.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gradus/base/todo.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Pca fit_pca(const Tensor& x, Index components) {
  check_rank("fit_pca", "x", x, 2);
  const Index D = x.dim(1);
  GRADUS_CHECK(components >= 1 && components <= D, "fit_pca: x ", x.shape(), " has 1 .. ", D,
               " components, asked for ", components);
  Moments moments = moments_of(x);
  std::vector<double> values(static_cast<std::size_t>(D));
  symmetric_eigen(moments.covariance, values, D);  // ascending; row i of the matrix is now eigenvector i

  Pca pca{Tensor({D}), Tensor({components, D}), Tensor({D})};
  // TODO(2.4) Fill pca:
  //   mean        [D]      moments.mean
  //   variances   [D]      all eigenvalues, the largest first; values that rounding made negative become 0
  //   components  [K, D]   the K = components unit eigenvectors of largest variance, the largest first
  // `values` has the eigenvalues, the smallest first, and moments.covariance now has the eigenvectors:
  // v_i of values[i] in its row i, element d at [i * D + d]. If v is an eigenvector, so is -v:
  // take the one whose entry of largest absolute value is positive, so that the result is unique.
  todo("2.4", moments, pca);
  return pca;
}

Tensor Pca::encode(const Tensor& x) const {
  check_rank("Pca::encode", "x", x, 2);
  const Index B = x.dim(0), D = x.dim(1), K = components.dim(0);
  GRADUS_CHECK(D == mean.size(), "Pca::encode: x ", x.shape(), " needs ", mean.size(), " columns");
  // TODO(2.5) Return z [B, K], the components' coordinates of x - mean:
  //   z_bk = sum_d components_kd (x_bd - mean_d)
  todo("2.5", B, K);
}

Tensor Pca::decode(const Tensor& z) const {
  check_rank("Pca::decode", "z", z, 2);
  const Index B = z.dim(0), K = components.dim(0), D = components.dim(1);
  GRADUS_CHECK(z.dim(1) == K, "Pca::decode: z ", z.shape(), " needs ", K, " columns");
  // TODO(2.6) Return x^ [B, D], the point of the subspace with the coordinates z:
  //   x^_bd = mean_d + sum_k z_bk components_kd
  todo("2.6", B, D);
}

Tensor Pca::reconstruct(const Tensor& x) const { return decode(encode(x)); }

Pca Pca::first(Index count) const {
  GRADUS_CHECK(count >= 1 && count <= components.dim(0), "Pca::first: there are 1 .. ", components.dim(0),
               " components, asked for ", count);
  return {mean, components.rows(0, count), variances};
}

namespace {

/// An orthonormal basis of the span of the rows, by Gram-Schmidt applied twice (one pass loses digits).
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
    if (!(length > 1e-6 * before)) continue;  // in the span of the rows before it
    for (double& value : v) value /= length;
    basis.push_back(std::move(v));
  }
  return basis;
}

}  // namespace

// The cosines are the singular values of U VT for orthonormal rows U and V: the square roots of the
// eigenvalues of (U VT)(U VT)T.
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
