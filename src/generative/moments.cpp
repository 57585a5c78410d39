#include "gradus/generative/moments.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

using Matrix = std::vector<double>;

/// c = a bT for square matrices; all of ours are symmetric, so the transpose costs nothing and rows run
/// straight.
Matrix times_transposed(const Matrix& a, const Matrix& b, Index n) {
  Matrix c(static_cast<std::size_t>(n * n));
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

/// S^1/2 = V diag(sqrt(lambda)) VT; rounding may make a zero eigenvalue negative, which is then zero.
Matrix square_root(Matrix s, Index n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  symmetric_eigen(s, values, n);  // rows of s are the eigenvectors now
  Matrix vectors(s.size()), scaled(s.size());
  for (Index k = 0; k < n; ++k) {
    const double root = std::sqrt(std::max(0.0, values[static_cast<std::size_t>(k)]));
    for (Index i = 0; i < n; ++i) {
      vectors[static_cast<std::size_t>(i * n + k)] = s[static_cast<std::size_t>(k * n + i)];
      scaled[static_cast<std::size_t>(i * n + k)] = root * s[static_cast<std::size_t>(k * n + i)];
    }
  }
  return times_transposed(scaled, vectors, n);
}

}  // namespace

Moments moments_of(const Tensor& x) {
  check_rank("moments_of", "x", x, 2);
  const Index N = x.dim(0), D = x.dim(1);
  GRADUS_CHECK(N >= 1, "moments_of: x ", x.shape(), " has no example");
  Moments moments{std::vector<double>(static_cast<std::size_t>(D)), Matrix(static_cast<std::size_t>(D * D))};
  for (Index n = 0; n < N; ++n)
    for (Index d = 0; d < D; ++d) moments.mean[static_cast<std::size_t>(d)] += x[n * D + d];
  for (double& mean : moments.mean) mean /= static_cast<double>(N);

  // The products of a few thousand examples at a time in Real, their sum in double.
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
  return moments;
}

double total_variance(const Moments& moments) {
  const std::size_t D = moments.mean.size();
  double trace = 0;
  for (std::size_t d = 0; d < D; ++d) trace += moments.covariance[d * D + d];
  return trace;
}

double frechet_distance(const Moments& a, const Moments& b) {
  GRADUS_CHECK(a.mean.size() == b.mean.size(), "frechet_distance: the sizes differ, ", a.mean.size(), " and ",
               b.mean.size());
  const Index n = static_cast<Index>(a.mean.size());
  double distance = total_variance(a) + total_variance(b);
  for (std::size_t d = 0; d < a.mean.size(); ++d)
    distance += (a.mean[d] - b.mean[d]) * (a.mean[d] - b.mean[d]);
  const Matrix root = square_root(a.covariance, n);
  Matrix inner = times_transposed(times_transposed(root, b.covariance, n), root, n);
  std::vector<double> values(a.mean.size());
  symmetric_eigen(inner, values, n);
  for (const double value : values) distance -= 2 * std::sqrt(std::max(0.0, value));
  return distance;
}

}  // namespace gradus
