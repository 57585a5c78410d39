#pragma once
// What gemm.cpp and gemm_tiles.cpp share.
#include <utility>

#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/vector.hpp"

namespace gradus {

inline Index pieces(Index whole, Index piece) { return (whole + piece - 1) / piece; }

/// A movable view. `row`, `column`: strides, 0 where the offsets are irregular.
struct MatrixView {
  const Real* data;
  const Offset *rows, *columns;
  Index row, column;
  MatrixView at(Index i, Index j) const { return {data, rows + i, columns + j, row, column}; }
  /// The same with regular strides, which need no lists.
  MatrixView even_at(Index i, Index j) const {
    return {data + i * row + j * column, nullptr, nullptr, row, column};
  }
  const Real* operator()(Index i, Index j) const { return data + rows[i] + columns[j]; }
};

/// The destination of the sums, and what is added to them.
struct Target {
  Real* data;
  const Offset* rows;
  const Real* bias;
  bool accumulate;
  void put(Index i, Index j, Real sum) const {
    Real& c = data[rows[i] + j];
    c = sum + (bias ? bias[j] : 0) + (accumulate ? c : 0);
  }
};

/// Interleaves x0 y0 x1 y1 ..., the first half in `low`, the rest in `high`.
template <int... I>
void interleave(const Vector& x, const Vector& y, Vector& low, Vector& high,
                std::integer_sequence<int, I...>) {
  constexpr int n = sizeof...(I);
  low = __builtin_shufflevector(x, y, (I / 2 + I % 2 * n)...);
  high = __builtin_shufflevector(x, y, (n / 2 + I / 2 + I % 2 * n)...);
}

/// The number of tiles of c [M, N].
Index tiles_in(Index M, Index N);

/// c = a b with the blocked loops: the tiles first .. last-1 of c, counted down the rows of a block, then
/// along its panels, then over blocks.
void multiply_tiles(MatrixView a, MatrixView b, Index M, Index N, Index K, Target c, Index first, Index last);

}  // namespace gradus
