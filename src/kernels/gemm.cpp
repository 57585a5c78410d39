// The matrix product: its definition as three loops, and the choice among the fast methods.
//
//   - The blocked loops of gemm_tiles.cpp compute most products.
//   - With a side of at most 4, the large matrix is read only once and blocks have no benefit: `dots` streams
//     it.
//   - A very large product goes to OpenBLAS, in fixed pieces.
//
// Threads share the results, not the sums: one thread computes each c_ij, in the order of k, by the same
// multiply-adds whichever thread it is. The result has the same bits at any number of threads.
#include "gradus/kernels/gemm.hpp"

#include <omp.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "gemm_tiles.hpp"
#include "gradus/base/check.hpp"
#include "gradus/base/runtime.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/vector.hpp"

namespace gradus {

void naive_gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a,
                Index lda, const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra) {
  for (Index i = 0; i < M; ++i)
    for (Index j = 0; j < N; ++j) {
      double sum = (extra.bias ? double{extra.bias[j]} : 0) + (extra.accumulate ? double{c[i * ldc + j]} : 0);
      for (Index k = 0; k < K; ++k)
        sum += double{a[transpose_a == Transpose::no ? i * lda + k : k * lda + i]} *
               double{b[transpose_b == Transpose::no ? k * ldb + j : j * ldb + k]};
      c[i * ldc + j] = static_cast<Real>(sum);
    }
}

namespace {

constexpr Index short_side = 4;              // up to this side `dots` is faster
constexpr Index work_for_threads = 1000000;  // multiply-adds, about 20 us: below this one thread is faster
constexpr Index work_for_blas = Index{1} << 27, blas_piece = 512;

/// sums [lanes] = rows [lanes, K] times x [K]. Each row has a vector of partial sums. These are
/// added while they are transposed (as in gemm_tiles.cpp): each round halves their number.
/// K >= lanes; the last vector may overlap the one before.
Vector dots(const Real* rows, Index stride, const Real* x, Index K) {
  constexpr auto each = std::make_integer_sequence<int, lanes>{};
  Vector sum[lanes] = {}, low, high;
  for (Index k = 0; k + lanes <= K; k += lanes) {
    const Vector x_k = load(x + k);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) sum[i] += load(rows + i * stride + k) * x_k;
  }
  if (const Index rest = K % lanes; rest > 0) {
    const Lanes seen = first_lanes(lanes - rest);
    const Vector x_k = load(x + K - lanes);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) sum[i] += keep(~seen, load(rows + i * stride + K - lanes) * x_k);
  }
#pragma GCC unroll 4
  for (int count = lanes / 2; count > 0; count /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < count; ++i) {
      interleave(sum[i], sum[i + count], low, high, each);
      sum[i] = low + high;
    }
  return sum[0];
}

/// c = a bT for few rows of a, or few rows of b: the groups first .. last-1 of rows of the longer matrix.
void stream(MatrixView a, MatrixView b, Index M, Index N, Index K, Target c, Index first, Index last) {
  const bool long_a = M > N;
  const Real *rows = long_a ? a(0, 0) : b(0, 0), *others = long_a ? b(0, 0) : a(0, 0);
  const Index stride = long_a ? a.row : b.column, other_stride = long_a ? b.column : a.row;
  for (Index group = first; group < last; ++group) {
    const Index fresh = group * lanes, i = std::min(fresh, std::max(M, N) - lanes);  // the last may overlap
    for (Index j = 0; j < std::min(M, N); ++j) {
      const Vector sums = dots(rows + i * stride, stride, others + j * other_stride, K);
      for (Index s = fresh - i; s < lanes; ++s) long_a ? c.put(i + s, j, sums[s]) : c.put(j, i + s, sums[s]);
    }
  }
}

/// Calls OpenBLAS for pieces of the longer side of c, which do not depend on the number of threads.
void multiply_large(BlasGemm blas, MatrixView a, MatrixView b, Index M, Index N, Index K, Target c,
                    Index c_row) {
  constexpr int row_major = 101, as_it_is = 111, transposed = 112;
  const Index piece_m = M >= N ? blas_piece : M, piece_n = M >= N ? N : blas_piece;
#pragma omp parallel
  {
    keep_blas_single();
#pragma omp for collapse(2) schedule(static) nowait
    for (Index i = 0; i < M; i += piece_m)
      for (Index j = 0; j < N; j += piece_n) {
        const Index m = std::min(piece_m, M - i), n = std::min(piece_n, N - j);
        if (c.bias)
          for (Index r = i; r < i + m; ++r)
            for (Index s = j; s < j + n; ++s) c.put(r, s, 0);
        blas(row_major, a.column == 1 ? as_it_is : transposed, b.column == 1 ? as_it_is : transposed,
             static_cast<int>(m), static_cast<int>(n), static_cast<int>(K), 1, a(i, 0),
             static_cast<int>(a.row * a.column), b(0, j), static_cast<int>(b.row * b.column),
             c.bias || c.accumulate ? Real{1} : Real{0}, c.data + c.rows[i] + j, static_cast<int>(c_row));
      }
  }
}

/// Distributes tiles or streamed groups over the threads.
void share_out(MatrixView a, MatrixView b, Index M, Index N, Index K, Target c) {
  if (M == 0 || N == 0) return;
  const bool streamed = a.column == 1 && b.row == 1 && a.row > 0 && b.column > 0 &&
                        std::min(M, N) <= short_side && std::max(M, N) >= lanes && K >= lanes;
  const Index units = streamed ? pieces(std::max(M, N), lanes) : tiles_in(M, N);
#pragma omp parallel if (M * N * K > work_for_threads)
  {
    const Index thread = omp_get_thread_num(), team = omp_get_num_threads();
    const Index first = units * thread / team, last = units * (thread + 1) / team;
    (streamed ? stream : multiply_tiles)(a, b, M, N, K, c, first, last);
  }
}

/// 0, step, 2 step, ...; later products reuse the buffer.
const Offset* evenly(std::vector<Offset>& buffer, Index count, Index step) {
  GRADUS_CHECK(count * step <= std::numeric_limits<Offset>::max(), "gemm: a matrix of ", count, " rows, ",
               step, " numbers apart, is too large: the limit is 2^31 numbers");
  if (buffer.size() < static_cast<std::size_t>(count)) buffer.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) buffer[static_cast<std::size_t>(i)] = static_cast<Offset>(i * step);
  return buffer.data();
}

}  // namespace

void gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a, Index lda,
          const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra) {
  static thread_local std::vector<Offset> buffers[5];
  const auto view = [&](Transpose transpose, const Real* data, Index ld, Index rows, Index columns,
                        int place) {
    const Index row = transpose == Transpose::no ? ld : 1, column = transpose == Transpose::no ? 1 : ld;
    return MatrixView{data, evenly(buffers[place], rows, row), evenly(buffers[place + 1], columns, column),
                      row, column};
  };
  const MatrixView left = view(transpose_a, a, lda, M, K, 0), right = view(transpose_b, b, ldb, K, N, 2);
  const Target to{c, evenly(buffers[4], M, ldc), extra.bias, extra.accumulate};
  if (M * N * K > work_for_blas && std::min({M, N, K}) > 1)  // views of one row or column have no orientation
    if (const BlasGemm blas = blas_gemm()) return multiply_large(blas, left, right, M, N, K, to, ldc);
  share_out(left, right, M, N, K, to);
}

void gemm(const Indexed& a, const Indexed& b, Real* c, std::span<const Offset> c_rows,
          const GemmExtra& extra) {
  const auto view = [](const Indexed& m) {
    return MatrixView{m.data, m.rows.data(), m.columns.data(), m.row, m.column};
  };
  share_out(view(a), view(b), static_cast<Index>(a.rows.size()), static_cast<Index>(b.columns.size()),
            static_cast<Index>(a.columns.size()), {c, c_rows.data(), extra.bias, extra.accumulate});
}

}  // namespace gradus
