#pragma once
// gemm: the matrix product behind linear, matmul and (through windows) convolution.
#include "gradus/base/real.hpp"

namespace gradus {

enum class Transpose { no, yes };

/// What is done with the product besides storing it.
struct GemmExtra {
  const Real* bias = nullptr;  ///< [N], added to every row of c
  bool accumulate = false;     ///< c += product instead of c = product
};

/// c = op(a) op(b) (+ bias) (+ c), all row-major.
///
///   op(a)  [M, K]   a is [M, K], or [K, M] when transpose_a is yes; lda = its row stride
///   op(b)  [K, N]   b is [K, N], or [N, K] when transpose_b is yes; ldb = its row stride
///   c      [M, N]   ldc = its row stride
///
/// The same bits at any number of threads. K = 0 gives zeros (plus bias, plus c).
void gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a, Index lda,
          const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra = {});

}  // namespace gradus
