#include "gradus/kernels/gemm.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gradus/base/runtime.hpp"

namespace gradus {
namespace {

constexpr Index lanes = vector_bytes / sizeof(Real);
typedef Real Vector __attribute__((vector_size(vector_bytes)));
typedef Real Unaligned __attribute__((vector_size(vector_bytes), aligned(alignof(Real)), may_alias));

constexpr Index tile_rows = 8;
constexpr Index tile_vectors = 2;
constexpr Index panel_width = tile_vectors * lanes;
constexpr Index panel_depth = 288;
constexpr Index block_rows = 512;
constexpr Index work_worth_threads = 500'000;

Vector load(const Real* p) { return *reinterpret_cast<const Unaligned*>(p); }
void store(Real* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
Vector broadcast(Real x) { return x - Vector{}; }

struct Matrix {
  const Real* data;
  Index row, column;  // strides
};

struct Output {
  Real* data;
  Index row;
  const Real* bias;
  bool accumulate;
};

template <int R, int V>
void tile(Matrix a, const Real* b, Index K, Output c, Index width) {
  Vector sum[R][V] = {};
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) __builtin_prefetch(c.data + i * c.row, 1);
  for (Index k = 0; k < K; ++k, a.data += a.column, b += V * lanes) {
    Vector bk[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) bk[v] = load(b + v * lanes);
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
      const Vector aik = broadcast(a.data[i * a.row]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[i][v] += aik * bk[v];
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      Real* out = c.data + i * c.row + v * lanes;
      const Real* bias = c.bias ? c.bias + v * lanes : nullptr;
      Vector y = sum[i][v];
      if (width >= (v + 1) * lanes) {
        if (bias) y += load(bias);
        if (c.accumulate) y += load(out);
        store(out, y);
      } else {
        for (Index j = 0; j < width - v * lanes; ++j) out[j] = y[j] + (bias ? bias[j] : 0) + (c.accumulate ? out[j] : 0);
      }
    }
}

using Tile = void (*)(Matrix, const Real*, Index, Output, Index);
template <int V, int... R>
constexpr std::array<Tile, sizeof...(R)> tiles_of(std::integer_sequence<int, R...>) {
  return {tile<R + 1, V>...};
}
constexpr auto narrow_tiles = tiles_of<1>(std::make_integer_sequence<int, tile_rows>{});
constexpr auto wide_tiles = tiles_of<2>(std::make_integer_sequence<int, tile_rows>{});

template <int... I>
void interleave(const Vector& x, const Vector& y, Vector& low, Vector& high, std::integer_sequence<int, I...>) {
  low = __builtin_shufflevector(x, y, (I / 2 + I % 2 * int{lanes})...);
  high = __builtin_shufflevector(x, y, (int{lanes} / 2 + I / 2 + I % 2 * int{lanes})...);
}

void transpose(const Real* from, Index from_row, Real* to, Index to_row) {
  Vector x[lanes], y[lanes];
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) x[i] = load(from + i * from_row);
#pragma GCC unroll 4
  for (int round = 1; round < lanes; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i) interleave(x[i], x[i + lanes / 2], y[2 * i], y[2 * i + 1], std::make_integer_sequence<int, lanes>{});
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) x[i] = y[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) store(to + i * to_row, x[i]);
}

void pack(Matrix b, Index K, Index width, Index packed_width, Real* panel) {
  for (Index j0 = 0; j0 < packed_width; j0 += lanes)
    for (Index k0 = 0; k0 < K; k0 += lanes) {
      const Real* from = b.data + k0 * b.row + j0 * b.column;
      Real* to = panel + k0 * packed_width + j0;
      const Index depth = std::min(lanes, K - k0), columns = std::min(lanes, width - j0);
      if (columns == lanes && b.column == 1) {
        for (Index k = 0; k < depth; ++k) store(to + k * packed_width, load(from + k * b.row));
      } else if (columns == lanes && depth == lanes && b.row == 1) {
        transpose(from, b.column, to, packed_width);
      } else {
        for (Index k = 0; k < depth; ++k)
          for (Index j = 0; j < lanes; ++j) to[k * packed_width + j] = j < columns ? from[k * b.row + j * b.column] : 0;
      }
    }
}

/// Row tiles [first, last) of the whole product.
void multiply(Matrix a, Matrix b, Index M, Index N, Index K, Output c, Index first, Index last) {
  alignas(64) Real panel[panel_depth * panel_width];
  const Index panels = (N + panel_width - 1) / panel_width;
  const Index block_tiles = block_rows / tile_rows, all_tiles = (M + tile_rows - 1) / tile_rows;
  const Index slices = std::max<Index>(1, (K + panel_depth - 1) / panel_depth), depth = (K + slices - 1) / slices;
  for (Index unit = first, count; unit < last; unit += count) {
    const Index block = unit / (block_tiles * panels), in_block = unit - block * block_tiles * panels;
    const Index tiles = std::min(block_tiles, all_tiles - block * block_tiles);
    const Index column = in_block / tiles * panel_width, row_tile = in_block % tiles;
    count = std::min(tiles - row_tile, last - unit);
    const Index width = std::min(panel_width, N - column), packed_width = width > lanes ? panel_width : lanes;
    const auto& kernels = width > lanes ? wide_tiles : narrow_tiles;
    const Index row0 = (block * block_tiles + row_tile) * tile_rows, row1 = std::min(M, row0 + count * tile_rows);
    for (Index k = 0; k == 0 || k < K; k += depth) {
      const Index this_depth = std::min(depth, K - k);
      pack({b.data + k * b.row + column * b.column, b.row, b.column}, this_depth, width, packed_width, panel);
      for (Index row = row0; row < row1; row += tile_rows) {
        const Index rows = std::min(tile_rows, row1 - row);
        kernels[rows - 1]({a.data + row * a.row + k * a.column, a.row, a.column}, panel, this_depth,
                          {c.data + row * c.row + column, c.row, c.bias && k == 0 ? c.bias + column : nullptr, c.accumulate || k > 0}, width);
      }
    }
  }
}

}  // namespace

void gemm(Transpose transpose_a, Transpose transpose_b, Index M, Index N, Index K, const Real* a, Index lda,
          const Real* b, Index ldb, Real* c, Index ldc, const GemmExtra& extra) {
  const Matrix left = transpose_a == Transpose::no ? Matrix{a, lda, 1} : Matrix{a, 1, lda};
  const Matrix right = transpose_b == Transpose::no ? Matrix{b, ldb, 1} : Matrix{b, 1, ldb};
  const Output out{c, ldc, extra.bias, extra.accumulate};
  const Index units = ((M + tile_rows - 1) / tile_rows) * ((N + panel_width - 1) / panel_width);
#pragma omp parallel if (M * N * K > work_worth_threads)
  {
    const Index part = omp_get_thread_num(), parts = omp_get_num_threads();
    multiply(left, right, M, N, K, out, units * part / parts, units * (part + 1) / parts);
  }
}

}  // namespace gradus
