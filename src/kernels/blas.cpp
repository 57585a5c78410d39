#include "gradus/kernels/blas.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gradus/base/blas_library.hpp"
#include "gradus/base/check.hpp"

namespace gradus {
namespace {

/// Fortran interface: every argument by address, and one hidden length per character argument at the end.
using Dsyevd = void (*)(const char* job, const char* triangle, const int* n, double* a, const int* lda,
                        double* values, double* work, const int* work_size, int* iwork, const int* iwork_size,
                        int* info, std::size_t job_length, std::size_t triangle_length);

}  // namespace

BlasGemm blas_gemm() {
  constexpr const char* name = sizeof(Real) == sizeof(float) ? "cblas_sgemm" : "cblas_dgemm";
  static const auto function = reinterpret_cast<BlasGemm>(blas_library().fast ? blas_symbol(name) : nullptr);
  return omp_get_max_threads() <= blas_library().callers ? function : nullptr;
}

void keep_blas_single() {
  if (!omp_in_parallel()) omp_set_num_threads(1);
}

void symmetric_eigen(std::span<double> matrix, std::span<double> values, Index n) {
  GRADUS_CHECK(n >= 0 && n <= 20'000, "symmetric_eigen: n = ", n, " must be within 0 .. 20000");
  GRADUS_CHECK(std::ssize(matrix) == n * n && std::ssize(values) == n, "symmetric_eigen: matrix of ",
               matrix.size(), " and values of ", values.size(), " numbers; n = ", n, " needs n*n and n");
  GRADUS_CHECK(std::ranges::all_of(matrix, [](double x) { return std::isfinite(x); }),
               "symmetric_eigen: the matrix [", n, ", ", n, "] holds a NaN or an infinity");
  static const auto dsyevd = reinterpret_cast<Dsyevd>(blas_symbol("dsyevd_"));
  GRADUS_CHECK(
      !blas_library().no_room,
      "symmetric_eigen: needs OpenBLAS, and the memory limit (ulimit -v) leaves no room for its buffers");
  GRADUS_CHECK(dsyevd,
               "symmetric_eigen: needs OpenBLAS, which was not found; install libopenblas-openmp-dev "
               "(Debian) or openblas (Homebrew)");
  if (n == 0) return;

  // LAPACK is column-major: its upper triangle is our lower one, its columns (the eigenvectors) are our rows.
  const int size = static_cast<int>(n);
  const int work_size = 1 + 6 * size + 2 * size * size, iwork_size = 3 + 5 * size;
  std::vector<double> work(static_cast<std::size_t>(work_size));
  std::vector<int> iwork(static_cast<std::size_t>(iwork_size));
  int info = 0;
  // Inside a parallel region OpenBLAS uses one thread: the order of its sums must not depend on the number
  // of threads.
#pragma omp parallel
#pragma omp single
  {
    keep_blas_single();
    dsyevd("V", "U", &size, matrix.data(), &size, values.data(), work.data(), &work_size, iwork.data(),
           &iwork_size, &info, 1, 1);
  }
  GRADUS_CHECK(info == 0, "symmetric_eigen: LAPACK's dsyevd failed on the matrix [", n, ", ", n, "], code ",
               info);
}

}  // namespace gradus
