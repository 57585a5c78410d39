// The blocked loops of the matrix product.
//
// In the textbook loop c_ij = sum_k a_ik b_kj, every multiply-add waits for two loads; the processor could do
// 32 (two vectors of 16) in that time. Therefore three blocks are nested:
//
//                         2 vectors     TILE   tile_rows x 2 vectors of c stay in registers while k runs: per
//                         .-------.            step 2 vectors of b are loaded, and one number of a per row is
//                       k | panel |            broadcast; 10 loads feed 16 multiply-adds.
//                         |  of b |     PANEL  a slice of b, panel_depth x 2 vectors, is copied ("packed")
//               k         '-------'            without gaps into 32 KB: it stays in the first-level cache
//          .---------.    .-------.            for all tiles of a column. The first tile copies what it
//   tile_  |    a    |    |  tile |            reads; a transposed b and ragged edges are packed beforehand,
//   rows   |---------|    |-------|            so the other tiles read one layout of b only.
//          |    a    |    |  tile |     BLOCK  block_tiles tiles, one below the other: their rows of a stay
//          |---------|    |-------|            in the second-level cache for all panels.
//          |   ...   |    |  ...  |
//
// A load from the second-level cache takes longer than a step of k. Therefore the tile prefetches both
// matrices: of each row of a, the cache line two lines ahead; of b, the row eight steps ahead.
//
// Threads share the tiles, not the sums (see gemm.cpp). Each thread packs the panels that it needs, so no
// thread waits for another.
//
// Vectors are GCC's and clang's vector extensions: one source for AVX-512, AVX2, SSE2 and NEON.
#include "gemm_tiles.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace gradus {
namespace {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr Index tile_rows = 8;  // 16 sums, of 32 registers
#elif defined(__wasm__)
constexpr Index tile_rows = 4;  // browsers compile 12 sums to code that is 15 to 25 % slower
#else
constexpr Index tile_rows = 6;  // 12 sums, of 16 registers
#endif
constexpr Index panel_width = 2 * lanes, panel_depth = 256, block_tiles = 512 / tile_rows;
constexpr Index line = 64 / sizeof(Real), rows_ahead = 8;  // numbers per cache line; prefetched rows

/// A panel [K, V vectors], and the part of b that the first tile packs into it.
struct Panel {
  Real* packed;
  const Real* b;
  const Offset* rows;
};

/// The register tile: c [R, width] = a [R, K] times a panel. Even: a has regular strides, so no list is read.
/// Packing: the tile packs the panel while it reads b.
template <int R, int V, bool Even, bool Packing>
void tile(MatrixView a, Panel panel, Index K, Target c, Index width) {
  Vector sum[R][V] = {};
  const Real* row[R];
  Real* out[R];
#pragma GCC unroll 8
  for (int i = 0; i < R; ++i) {
    row[i] = a.data + (Even ? i * a.row : a.rows[i]);
    out[i] = c.data + c.rows[i];
#pragma GCC unroll 4
    for (int v = 0; v <= V; ++v) __builtin_prefetch(out[i] + v * lanes - (v == V), 1);
  }
  for (Index k = 0; k < K; ++k, panel.packed += V * lanes) {
    const Index column = Even ? k * a.column : a.columns[k];
    if (k % line == 0) {
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) __builtin_prefetch(row[i] + column + 2 * line);
    }
    const Real* row_of_b = Packing ? panel.b + panel.rows[k] : panel.packed;
    Vector b_k[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) b_k[v] = load(row_of_b + v * lanes);
    if constexpr (Packing) {
      const Real* ahead = panel.b + panel.rows[std::min(k + rows_ahead, K - 1)];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        __builtin_prefetch(ahead + v * lanes);
        store(panel.packed + v * lanes, b_k[v]);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
      const Vector a_ik = broadcast(row[i][column]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[i][v] += a_ik * b_k[v];
    }
  }
  if (width == V * lanes) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const Vector bias = c.bias ? load(c.bias + v * lanes) : Vector{};
#pragma GCC unroll 8
      for (int i = 0; i < R; ++i) {
        const Vector y = sum[i][v] + bias;
        store(out[i] + v * lanes, c.accumulate ? y + load(out[i] + v * lanes) : y);
      }
    }
  } else {
    Real y[R][V * lanes];
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) store(&y[i][v * lanes], sum[i][v]);
    for (int i = 0; i < R; ++i)
      for (Index j = 0; j < width; ++j) c.put(i, j, y[i][j]);
  }
}

/// tiles[R - 1] is the tile of R rows.
using Tile = void (*)(MatrixView, Panel, Index, Target, Index);
template <int V, bool Even, bool Packing, int... R>
constexpr std::array<Tile, sizeof...(R)> tiles(std::integer_sequence<int, R...>) {
  return {tile<R + 1, V, Even, Packing>...};
}
template <int V, bool Even, bool Packing = false>
constexpr auto tiles_of = tiles<V, Even, Packing>(std::make_integer_sequence<int, tile_rows>{});

/// Transposes a square of lanes x lanes numbers with `rows` rows in memory (the others are
/// zeros). Interleaving row i with row i + lanes / 2 is a perfect shuffle of all numbers;
/// log2(lanes) shuffles exchange rows and columns.
void transpose(const Real* from, Index from_row, Index rows, Real* to, Index to_row) {
  constexpr auto each = std::make_integer_sequence<int, lanes>{};
  Vector x[lanes], y[lanes];
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) x[i] = i < rows ? load(from + i * from_row) : Vector{};
#pragma GCC unroll 4
  for (int round = 1; round < lanes; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i) interleave(x[i], x[i + lanes / 2], y[2 * i], y[2 * i + 1], each);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) x[i] = y[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) store(to + i * to_row, x[i]);
}

/// panel [K, packed_width] = b [K, width] and zeros. Contiguous columns are copied, contiguous rows are
/// transposed; the rest (edges, narrow windows) is copied number by number.
void pack(MatrixView b, Index K, Index width, Index packed_width, Real* panel) {
  if (K == 0) return;
  for (Index j = 0; j < packed_width; j += lanes, panel += lanes) {
    const Index columns = std::min(lanes, width - j);
    // the offsets never decrease, so a look at the last one is enough
    const bool side_by_side = columns > 0 && b.columns[j + columns - 1] - b.columns[j] == columns - 1;
    if (side_by_side) {
      const Real* from = b.data + b.columns[j];
      const Lanes there = first_lanes(columns);
      // up to here, whole vectors can be read
      const Offset safe = b.rows[K - 1] + static_cast<Offset>(columns - lanes);
      for (Index k = 0; k < K; ++k) {
        Real* to = panel + k * packed_width;
        if (b.rows[k] <= safe) {
          store(to, keep(there, load(from + b.rows[k])));
        } else {
          for (Index s = 0; s < lanes; ++s) to[s] = s < columns ? from[b.rows[k] + s] : 0;
        }
      }
      continue;
    }
    Index k = 0;
    if (b.row == 1 && b.column > 0)
      for (; k + lanes <= K; k += lanes)
        transpose(b(k, j), b.column, columns, panel + k * packed_width, packed_width);
    for (; k < K; ++k)
      for (Index s = 0; s < lanes; ++s) panel[k * packed_width + s] = s < columns ? *b(k, j + s) : 0;
  }
}

/// Packs the rows of a, tile by tile: out [tiles][K][tile_rows]. Used where the rows are adjacent in memory
/// (a is transposed): otherwise a tile would fetch a few numbers from each of K distant cache lines.
void pack_rows(MatrixView a, Index rows, Index K, Real* out) {
  for (Index i = 0; i < rows; i += tile_rows)
    for (Index count = std::min(tile_rows, rows - i), k = 0; k < K; ++k, out += tile_rows) {
      const Real* from = a.data + a.columns[k];
      if (count == tile_rows && a.rows[i + tile_rows - 1] - a.rows[i] == tile_rows - 1) {
        std::copy_n(from + a.rows[i], tile_rows, out);
      } else {
        for (Index s = 0; s < count; ++s) out[s] = from[a.rows[i + s]];
      }
    }
}

}  // namespace

Index tiles_in(Index M, Index N) { return pieces(M, tile_rows) * pieces(N, panel_width); }

void multiply_tiles(MatrixView a, MatrixView b, Index M, Index N, Index K, Target c, Index first,
                    Index last) {
  alignas(64) Real panel[panel_depth * panel_width];
  static thread_local std::vector<Real> packed_rows(block_tiles * tile_rows * panel_depth);
  const bool side_by_side =
      M >= tile_rows && a.column != 1 && a.rows[tile_rows - 1] - a.rows[0] == tile_rows - 1;
  const Index panels = pieces(N, panel_width), slices = std::max<Index>(1, pieces(K, panel_depth));
  const Index depth = pieces(std::max<Index>(1, pieces(K, slices)), lanes) * lanes;
  for (Index block_begin = first, block_end; block_begin < last; block_begin = block_end) {
    const Index block = block_begin / (block_tiles * panels), block_first = block * block_tiles * panels;
    const Index tiles_here = std::min(block_tiles, pieces(M, tile_rows) - block * block_tiles);
    block_end = std::min(last, block_first + tiles_here * panels);
    const bool pack_a = side_by_side && block_end - block_begin > tiles_here;
    const bool even = pack_a || (a.row > 0 && a.column > 0);
    const Index block_row = block * block_tiles * tile_rows;
    for (Index k = 0; k == 0 || k < K; k += depth) {
      const Index K_here = std::min(depth, K - k);
      if (pack_a)
        pack_rows(a.at(block_row, k), std::min(M - block_row, tiles_here * tile_rows), K_here,
                  packed_rows.data());
      for (Index index = block_begin, count; index < block_end; index += count) {
        const Index in_block = index - block_first;
        count = std::min(tiles_here - in_block % tiles_here, block_end - index);
        const Index row_begin = block_row + in_block % tiles_here * tile_rows;
        const Index row_end = std::min(M, row_begin + count * tile_rows);
        const Index column = in_block / tiles_here * panel_width, width = std::min(panel_width, N - column);
        const bool wide = width > lanes;
        const Index packed_width = wide ? panel_width : lanes;
        const MatrixView from = b.at(k, column);
        const bool as_it_is = width == panel_width && from.columns[width - 1] - from.columns[0] == width - 1;
        const auto& tile_of = even   ? wide ? tiles_of<2, true> : tiles_of<1, true>
                                : wide ? tiles_of<2, false>
                                     : tiles_of<1, false>;
        const auto& packing_tile_of = even ? tiles_of<2, true, true> : tiles_of<2, false, true>;
        const Panel columns_of_b{panel, from.data + from.columns[0], from.rows};
        if (!as_it_is) pack(from, K_here, width, packed_width, panel);
        for (Index i = row_begin; i < row_end; i += tile_rows) {
          const auto rows = static_cast<std::size_t>(std::min(tile_rows, row_end - i));
          const Target to{c.data + column, c.rows + i, k == 0 && c.bias ? c.bias + column : nullptr,
                          k > 0 || c.accumulate};
          const MatrixView rows_of_a = pack_a ? MatrixView{packed_rows.data() + (i - block_row) * K_here,
                                                           nullptr, nullptr, 1, tile_rows}
                                       : even ? a.even_at(i, k)
                                              : a.at(i, k);
          const bool packing = as_it_is && i == row_begin;
          (packing ? packing_tile_of : tile_of)[rows - 1](rows_of_a, columns_of_b, K_here, to, width);
        }
      }
    }
  }
}

}  // namespace gradus
