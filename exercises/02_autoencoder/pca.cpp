// Your file for exercise 2. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/pca.hpp"

#include <algorithm>
#include <cmath>

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
  //   variances   [D]      all eigenvalues, the largest first; what rounding has put below 0 becomes 0
  //   components  [K, D]   the K = components unit eigenvectors of largest variance, the largest first
  // `values` has the eigenvalues, the smallest first, and moments.covariance now has the eigenvectors: v_i
  // of values[i] in its row i, element d at [i * D + d]. With v also -v is an eigenvector: take the one whose
  // entry of largest size is positive, so that everybody finds the same.
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

}  // namespace gradus
