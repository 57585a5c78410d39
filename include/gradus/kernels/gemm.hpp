#pragma once
// gemm: the matrix product behind linear, matmul and (through windows) convolution.
#include <span>

#include "gradus/base/real.hpp"

namespace gradus {

/// Whether a matrix is transposed.
enum class Transpose { no, yes };

/// Additions to the product.
struct GemmExtra {
  const Real* bias = nullptr;  ///< [N], added to every row of c
  bool accumulate = false;     ///< c += product instead of c = product
};

/// An offset in elements.
using Offset = std::int32_t;

/// A matrix that need not be stored as such: element (i, j) is data[rows[i] + columns[j]], with one row and
/// one column per offset. The offsets of columns never decrease.
struct Indexed {
  const Real* data;
  std::span<const Offset> rows, columns;
  Index row = 0, column = 0;  ///< strides, where the offsets are evenly spaced; otherwise 0
};

/// c = op(a) op(b) (+ bias) (+ c), all row-major.
///
///   op(a)  [M, K]   a is [M, K], or [K, M] when transpose_a is yes; lda = its row stride
///   op(b)  [K, N]   b is [K, N], or [N, K] when transpose_b is yes; ldb = its row stride
///   c      [M, N]   ldc = its row stride
///
/// The same bits for any number of threads. K = 0 gives zeros (plus bias, plus c).
void gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a, Index lda,
          const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra = {});

/// The definition, as three loops that add in double: for reading and testing; slow.
void naive_gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a,
                Index lda, const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra = {});

/// c = a b (+ bias) (+ c) of Indexed matrices: a [M, K], b [K, N]; row i of c starts at c[c_rows[i]]. This
/// computes a convolution without storing its left matrix, which has one row per pixel: the pixel's window.
void gemm(const Indexed& a, const Indexed& b, Real* c, std::span<const Offset> c_rows,
          const GemmExtra& extra = {});

}  // namespace gradus
