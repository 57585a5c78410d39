// Winograd's convolution: 4 results of a window of 3 from 6 numbers with 6 multiplications instead of 12.
//
// Along a line, y = At ((G g) * (Bt d)): six numbers d and three weights g are turned into six numbers each by
// additions (and a few constants), multiplied one by one, and turned into four results. In two dimensions the
// matrices stand on both sides, and 6 x 6 products replace 4 x 4 x 9: a quarter. The products meet only numbers of
// the same one of 36 places, so with many channels each place is a matrix product of its own:
//
//     V [tiles, C] = Bt d B       of every tile of 6 x 6 pixels (tiles overlap by 2)
//     U [K, C]     = G g Gt       of every window
//     M [tiles, K] = V Ut         (V, U, M: 36 of each)
//     y            = At M A       4 x 4 pixels of every tile
//
// All of it is linear in d and in g, so the gradients are the same steps, each transposed:
//
//     dM = A dy At        dU = dMt V        dg = Gt dU G
//
// and the gradient of d is a convolution itself, with the windows turned round. Lavin, Gray 2016, "Fast algorithms
// for convolutional neural networks", F(4 x 4, 3 x 3). The price: errors of 1e-5 instead of 1e-6, from the
// constants' different sizes.
#include "gradus/kernels/winograd.hpp"

#include <algorithm>
#include <array>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/vector.hpp"

namespace gradus {
namespace {

constexpr Index places = 36, fewest_channels = 64, tiles_at_once = 128;

/// V, U and M are kept as [tiles or windows, 36, channels]: a transformation writes one piece of memory, and the
/// matrix of one place has rows this far apart. (A vector more than needed, or the rows would share too few sets of
/// the first cache.)
Index row_of(Index channels) { return places * channels + lanes; }

template <std::size_t Rows, std::size_t Columns>
using Matrix = std::array<std::array<Real, Columns>, Rows>;

constexpr Matrix<6, 6> Bt{{{4, 0, -5, 0, 1, 0},
                           {0, -4, -4, 1, 1, 0},
                           {0, 4, -4, -1, 1, 0},
                           {0, -2, -1, 2, 1, 0},
                           {0, 2, -1, -2, 1, 0},
                           {0, 4, 0, -5, 0, 1}}};
constexpr Matrix<6, 3> G{{{Real(1) / 4, 0, 0},
                          {-Real(1) / 6, -Real(1) / 6, -Real(1) / 6},
                          {-Real(1) / 6, Real(1) / 6, -Real(1) / 6},
                          {Real(1) / 24, Real(1) / 12, Real(1) / 6},
                          {Real(1) / 24, -Real(1) / 12, Real(1) / 6},
                          {0, 0, 1}}};
constexpr Matrix<4, 6> At{{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};

template <std::size_t Rows, std::size_t Columns>
constexpr Matrix<Columns, Rows> transposed(const Matrix<Rows, Columns>& m) {
  Matrix<Columns, Rows> t{};
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Columns; ++j) t[j][i] = m[i][j];
  return t;
}
constexpr auto A = transposed(At);
constexpr auto Gt = transposed(G);

/// out [R, R] = m in [N, N] mT, a vector of channels at a time. m is known to the compiler: zeros cost nothing.
template <const auto& m, std::size_t R = m.size(), std::size_t N = m[0].size()>
[[gnu::always_inline]] inline void sandwich(const Vector (&in)[N][N], Vector (&out)[R][R]) {
  Vector half[R][N];
#pragma GCC unroll 6
  for (std::size_t i = 0; i < R; ++i)
#pragma GCC unroll 6
    for (std::size_t j = 0; j < N; ++j) {
      half[i][j] = Vector{};
#pragma GCC unroll 6
      for (std::size_t n = 0; n < N; ++n)
        if (m[i][n] != 0) half[i][j] += m[i][n] * in[n][j];
    }
#pragma GCC unroll 6
  for (std::size_t i = 0; i < R; ++i)
#pragma GCC unroll 6
    for (std::size_t j = 0; j < R; ++j) {
      out[i][j] = Vector{};
#pragma GCC unroll 6
      for (std::size_t n = 0; n < N; ++n)
        if (m[j][n] != 0) out[i][j] += m[j][n] * half[i][n];
    }
}

/// The pictures cut into tiles of 4 x 4 results.
struct Tiles {
  Index I, J, down, across;
  explicit Tiles(const Window& w) : I(w.out_height()), J(w.out_width()), down((I + 3) / 4), across((J + 3) / 4) {}
  Index count(Index pictures) const { return pictures * down * across; }
  struct Place {
    Index b, y, x;  // the picture and the first result
  };
  Place operator[](Index tile) const {
    return {tile / (down * across), tile / across % down * 4, tile % across * 4};
  }
};

/// V of the tiles first .. first + count - 1 of framed pictures.
void transform_pictures(const Tiles& tiles, const Tensor& x, Index first, Index count, Real* V) {
  const Index C = x.dim(3), row = x.dim(2) * C;
  for_rows(count, count * places * C, [=, &tiles, pictures = x.data(), height = x.dim(1)](Index t) {
    const auto [b, y, left] = tiles[first + t];
    const Real* corner = pictures + ((b * height + y) * row) + left * C;
    for (Index c = 0; c < C; c += lanes) {
      Vector d[6][6], v[6][6];
      for (Index i = 0; i < 6; ++i)
        for (Index j = 0; j < 6; ++j) d[i][j] = load(corner + i * row + j * C + c);
      sandwich<Bt>(d, v);
      for (Index place = 0; place < places; ++place)
        store(V + t * row_of(C) + place * C + c, v[place / 6][place % 6]);
    }
  });
}

/// U of w [K, 3, 3, C], or of the turned windows.
Tensor transform_weights(const Tensor& w, WindowTurned turned) {
  const Index K = w.dim(0), C = w.dim(3);
  Tensor U({K, row_of(C)});
  for_rows(K, U.size(), [=, from = w.data(), to = U.data()](Index k) {
    for (Index c = 0; c < C; c += lanes) {
      Vector g[3][3], u[6][6];
      for (Index r = 0; r < 9; ++r)
        g[r / 3][r % 3] = load(from + (k * 9 + (turned == WindowTurned::yes ? 8 - r : r)) * C + c);
      sandwich<G>(g, u);
      for (Index place = 0; place < places; ++place)
        store(to + k * row_of(C) + place * C + c, u[place / 6][place % 6]);
    }
  });
  return U;
}

/// dw = Gt dU G
Tensor transform_weight_gradient(const Tensor& dU, Index K, Index C) {
  Tensor dw({K, 3, 3, C});
  for_rows(K, dU.size(), [=, from = dU.data(), to = dw.data()](Index k) {
    for (Index c = 0; c < C; c += lanes) {
      Vector u[6][6], g[3][3];
      for (Index place = 0; place < places; ++place)
        u[place / 6][place % 6] = load(from + k * row_of(C) + place * C + c);
      sandwich<Gt>(u, g);
      for (Index r = 0; r < 9; ++r) store(to + (k * 9 + r) * C + c, g[r / 3][r % 3]);
    }
  });
  return dw;
}

/// y = At M A (+ bias), as far as a tile lies inside the picture.
void transform_results(const Tiles& tiles, const Real* M, Index first, Index count, const Real* bias, Tensor& y) {
  const Index K = y.dim(3);
  for_rows(count, count * places * K, [=, &tiles, out = y.data()](Index t) {
    const auto [b, top, left] = tiles[first + t];
    for (Index k = 0; k < K; k += lanes) {
      Vector m[6][6], results[4][4];
      for (Index place = 0; place < places; ++place) m[place / 6][place % 6] = load(M + t * row_of(K) + place * K + k);
      sandwich<At>(m, results);
      const Vector start = bias ? load(bias + k) : Vector{};
      for (Index i = 0; i < std::min<Index>(4, tiles.I - top); ++i)
        for (Index j = 0; j < std::min<Index>(4, tiles.J - left); ++j)
          store(out + ((b * tiles.I + top + i) * tiles.J + left + j) * K + k, results[i][j] + start);
    }
  });
}

/// dM = A dy At; outside the picture dy is zero.
void transform_gradient(const Tiles& tiles, const Tensor& dy, Index first, Index count, Real* dM) {
  const Index K = dy.dim(3);
  for_rows(count, count * places * K, [=, &tiles, from = dy.data()](Index t) {
    const auto [b, top, left] = tiles[first + t];
    for (Index k = 0; k < K; k += lanes) {
      Vector d[4][4], m[6][6];
      for (Index i = 0; i < 4; ++i)
        for (Index j = 0; j < 4; ++j)
          d[i][j] = top + i < tiles.I && left + j < tiles.J
                        ? load(from + ((b * tiles.I + top + i) * tiles.J + left + j) * K + k)
                        : Vector{};
      sandwich<A>(d, m);
      for (Index place = 0; place < places; ++place) store(dM + t * row_of(K) + place * K + k, m[place / 6][place % 6]);
    }
  });
}

/// body(first, count) for the tiles in portions whose numbers stay in the second cache.
template <class Body>
void in_portions(Index tiles, Body body) {
  for (Index first = 0; first < tiles; first += tiles_at_once) body(first, std::min(tiles_at_once, tiles - first));
}

}  // namespace

bool winograd_fits(const Window& w) {
  return w.height == 3 && w.width == 3 && w.stride == 1 && w.padding <= 2 && w.C % lanes == 0 && w.K % lanes == 0 &&
         std::min(w.C, w.K) >= fewest_channels && w.out_height() >= 4 && w.out_width() >= 4;
}

Tensor winograd(const Window& w, const Tensor& x, const Tensor& weights, WindowTurned turned, const Real* bias) {
  const Tiles tiles(w);
  const Index all = tiles.count(w.B), most = std::min(all, tiles_at_once), C = w.C, K = w.K;
  const Tensor U = transform_weights(weights, turned);
  Tensor y({w.B, tiles.I, tiles.J, K}), V({most, row_of(C)}), M({most, row_of(K)});
  const bool plain = turned == WindowTurned::no;
  const Index U_step = plain ? C : K;  // the channels that lie side by side in w
  in_portions(all, [&](Index first, Index count) {
    transform_pictures(tiles, x, first, count, V.data());
#pragma omp parallel for schedule(static)
    for (Index place = 0; place < places; ++place)
      gemm(Transpose::no, plain ? Transpose::yes : Transpose::no, count, K, C, V.data() + place * C, row_of(C),
           U.data() + place * U_step, row_of(U_step), M.data() + place * K, row_of(K));
    transform_results(tiles, M.data(), first, count, bias, y);
  });
  return y;
}

Tensor winograd_weights(const Window& w, const Tensor& x, const Tensor& dy) {
  const Tiles tiles(w);
  const Index all = tiles.count(w.B), most = std::min(all, tiles_at_once), C = w.C, K = w.K;
  Tensor V({most, row_of(C)}), dM({most, row_of(K)}), dU({K, row_of(C)});
  in_portions(all, [&](Index first, Index count) {
    transform_pictures(tiles, x, first, count, V.data());
    transform_gradient(tiles, dy, first, count, dM.data());
#pragma omp parallel for schedule(static)
    for (Index place = 0; place < places; ++place)
      gemm(Transpose::yes, Transpose::no, K, C, count, dM.data() + place * K, row_of(K), V.data() + place * C,
           row_of(C), dU.data() + place * C, row_of(C), {.accumulate = first > 0});
  });
  return transform_weight_gradient(dU, K, C);
}

}  // namespace gradus
