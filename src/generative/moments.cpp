#include "gradus/generative/moments.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Moments moments_of(const Tensor& x) {
  check_rank("moments_of", "x", x, 2);
  const Index N = x.dim(0), D = x.dim(1);
  GRADUS_CHECK(N >= 1, "moments_of: x ", x.shape(), " has no example");
  Moments moments{std::vector<double>(static_cast<std::size_t>(D)),
                  std::vector<double>(static_cast<std::size_t>(D * D))};  // zeros
  // [2.3]
  for (Index n = 0; n < N; ++n)
    for (Index d = 0; d < D; ++d) moments.mean[static_cast<std::size_t>(d)] += x[n * D + d];
  for (double& mean : moments.mean) mean /= static_cast<double>(N);

  // Sums the products of a few thousand examples at a time in Real, and adds these sums in double.
  constexpr Index chunk = 4096;
  Tensor centred({std::min(N, chunk), D}), product({D, D});
  for (Index first = 0; first < N; first += chunk) {
    const Index rows = std::min(chunk, N - first);
    const Real* in = x.data() + first * D;
    const double* mean = moments.mean.data();
    Real* out = centred.data();
    for_rows(rows, rows * D, [=](Index b) {
      for (Index d = 0; d < D; ++d) out[b * D + d] = static_cast<Real>(in[b * D + d] - mean[d]);
    });
    gemm(Transpose::yes, Transpose::no, D, D, rows, out, D, out, D, product.data(), D);
    for (Index i = 0; i < D * D; ++i)
      moments.covariance[static_cast<std::size_t>(i)] += product[i] / static_cast<double>(N);
  }
  // [end]
  return moments;
}

double total_variance(const Moments& moments) {
  const std::size_t D = moments.mean.size();
  double trace = 0;
  for (std::size_t d = 0; d < D; ++d) trace += moments.covariance[d * D + d];
  return trace;
}

}  // namespace gradus
