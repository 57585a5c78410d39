#pragma once
// The parts of OpenBLAS that Gradus uses: large matrix products and the symmetric eigenvalue problem.
#include <span>

#include "gradus/base/real.hpp"

namespace gradus {

/// The row-major product of CBLAS. Null when there is no library, when its kernel is older than the processor
/// (then Gradus' own kernel is faster), or when a memory limit leaves no buffers for this many threads.
/// Arguments: (order, transpose_a, transpose_b, M, N, K, alpha, a, lda, b, ldb, beta, c, ldc).
using BlasGemm = void (*)(int, int, int, int, int, int, Real, const Real*, int, const Real*, int, Real, Real*,
                          int);
/// The library's product for Real, or null as described above.
BlasGemm blas_gemm();

/// Makes OpenBLAS work on the calling thread alone until the parallel region ends. Call it inside the region,
/// before OpenBLAS. In a team of several threads the library does so by itself. In a team of one
/// (OMP_THREAD_LIMIT, OMP_DYNAMIC) it would start its own team, receive fewer threads than requested, and
/// wait for the others forever.
void keep_blas_single();

/// symmetric_eigen: all eigenvalues and eigenvectors of a symmetric matrix A,
/// by divide and conquer (LAPACK's dsyevd).
///
///   matrix  [n, n]   in: A (its lower triangle is read);  out: row i is the unit eigenvector v_i
///   values  [n]      lambda_0 <= lambda_1 <= ...,  A v_i = lambda_i v_i
///
/// Always in double. The same bits for any number of threads. Throws Error when a size does not fit,
/// the library is missing or has no room under a memory limit, or A contains a NaN or an infinity.
void symmetric_eigen(std::span<double> matrix, std::span<double> values, Index n);

}  // namespace gradus
