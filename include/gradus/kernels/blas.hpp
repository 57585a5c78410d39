#pragma once
// What Gradus takes from OpenBLAS: large matrix products and the symmetric eigenvalue problem.
#include <span>

#include "gradus/base/real.hpp"

namespace gradus {

/// The row-major product of CBLAS, or null when there is no library, one whose kernel is older than the
/// processor (then our own is faster), or a memory limit leaves no buffers for this many threads. Its
/// arguments: (order, transpose_a, transpose_b, M, N, K, alpha, a, lda, b, ldb, beta, c, ldc).
using BlasGemm = void (*)(int, int, int, int, int, int, Real, const Real*, int, const Real*, int, Real, Real*,
                          int);
BlasGemm blas_gemm();

/// To be called inside a parallel region, before OpenBLAS: the library works on the calling thread alone,
/// until the region ends. In a team of several it does so by itself. In a team of one (OMP_THREAD_LIMIT,
/// OMP_DYNAMIC) it would start a team of its own, be granted fewer threads than it asked for, and wait for
/// the others for ever.
void keep_blas_single();

/// symmetric_eigen: all eigenvalues and eigenvectors of a symmetric matrix A, by divide and conquer (LAPACK's
/// dsyevd).
///
///   matrix  [n, n]   in: A (its lower triangle is read);  out: row i is the unit eigenvector v_i
///   values  [n]      lambda_0 <= lambda_1 <= ...,  A v_i = lambda_i v_i
///
/// Always in double. The same bits at any number of threads. Throws gradus::Error when a size does not fit,
/// the library is missing or has no room under a memory limit, or A holds a NaN or an infinity.
void symmetric_eigen(std::span<double> matrix, std::span<double> values, Index n);

}  // namespace gradus
