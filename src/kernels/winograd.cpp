// Winograd's convolution: 4 results of a window of 3 from 6 numbers with 6 multiplications instead of 12.
//
// Along one axis, y = At ((G g) * (Bt d)): six numbers d and three weights g are each transformed to six
// numbers by additions (and a few constants), multiplied elementwise, and transformed to four results. In
// two dimensions the matrices are applied on both sides, and 6 x 6 products replace 4 x 4 x 9: a quarter.
// Only numbers at the same one of 36 places are multiplied, so with many channels each place is a separate
// matrix product:
//
//     V [tiles, C] = Bt d B       of every tile of 6 x 6 pixels (tiles overlap by 2)
//     U [K, C]     = G g Gt       of every window
//     M [tiles, K] = V Ut         (V, U, M: 36 of each)
//     y            = At M A       4 x 4 pixels of every tile
//
// All steps are linear in d and in g, so the gradients are the same steps, each transposed:
//
//     dM = A dy At        dU = dMt V        dg = Gt dU G
//
// and the gradient of d is itself a convolution, with mirrored windows. Lavin, Gray 2016, "Fast
// algorithms for convolutional neural networks", F(4 x 4, 3 x 3). The errors are 1e-5 instead
// of 1e-6, because the constants differ in size.
//
// With few pixels (one picture at a time), U is most of the work: 36 numbers per 9 weights. Then tiles of
// 2 x 2 results are faster, F(2 x 2, 3 x 3): 16 numbers, 16 products instead of 36.
#include "gradus/kernels/winograd.hpp"

#include <algorithm>
#include <array>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/vector.hpp"

namespace gradus {
namespace {

constexpr Index fewest_channels = 64, tiles_at_once = 128, few_tiles = 32;

template <std::size_t Rows, std::size_t Columns>
using Matrix = std::array<std::array<Real, Columns>, Rows>;

template <std::size_t Rows, std::size_t Columns>
constexpr Matrix<Columns, Rows> transposed(const Matrix<Rows, Columns>& m) {
  Matrix<Columns, Rows> t{};
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Columns; ++j) t[j][i] = m[i][j];
  return t;
}

/// The matrices for m results along one axis from N = m + 2 numbers.
template <int m>
struct Line;
template <>
struct Line<4> {
  static constexpr Matrix<6, 6> Bt{{{4, 0, -5, 0, 1, 0},
                                    {0, -4, -4, 1, 1, 0},
                                    {0, 4, -4, -1, 1, 0},
                                    {0, -2, -1, 2, 1, 0},
                                    {0, 2, -1, -2, 1, 0},
                                    {0, 4, 0, -5, 0, 1}}};
  static constexpr Matrix<6, 3> G{{{Real(1) / 4, 0, 0},
                                   {-Real(1) / 6, -Real(1) / 6, -Real(1) / 6},
                                   {-Real(1) / 6, Real(1) / 6, -Real(1) / 6},
                                   {Real(1) / 24, Real(1) / 12, Real(1) / 6},
                                   {Real(1) / 24, -Real(1) / 12, Real(1) / 6},
                                   {0, 0, 1}}};
  static constexpr Matrix<4, 6> At{
      {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};
  static constexpr auto A = transposed(At);
  static constexpr auto Gt = transposed(G);
};
template <>
struct Line<2> {
  static constexpr Matrix<4, 4> Bt{{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}};
  static constexpr Matrix<4, 3> G{
      {{1, 0, 0}, {Real(0.5), Real(0.5), Real(0.5)}, {Real(0.5), -Real(0.5), Real(0.5)}, {0, 0, 1}}};
  static constexpr Matrix<2, 4> At{{{1, 1, 1, 0}, {0, 1, -1, -1}}};
  static constexpr auto A = transposed(At);
  static constexpr auto Gt = transposed(G);
};

/// out [R, R] = m in [N, N] mT, one vector of channels at a time. m is a compile-time constant, so its zeros
/// cost nothing.
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

/// The steps of one convolution with tiles of m x m results.
template <int m>
struct Winograd {
  static constexpr Index N = m + 2, places = N * N;
  const Window& w;
  Index I = w.out_height(), J = w.out_width(), down = (I + m - 1) / m, across = (J + m - 1) / m;
  Index tiles = w.B * down * across, most = std::min(tiles, tiles_at_once);

  /// V, U and M are stored as [tiles or windows, N * N, channels]: a transformation writes one
  /// contiguous piece, and the rows of one place's matrix are this far apart. (The additional
  /// vector prevents the rows from sharing too few sets of the first-level cache.)
  static Index row_of(Index channels) { return places * channels + lanes; }

  struct Place {
    Index b, y, x;  // the picture and the first result
  };
  Place place_of(Index tile) const {
    return {tile / (down * across), tile / across % down * m, tile % across * m};
  }

  /// V of the tiles first .. first + count - 1 of framed pictures.
  void transform_pictures(const Tensor& x, Index first, Index count, Real* V) const {
    const Index C = x.dim(3), row = x.dim(2) * C;
    for_rows(count, count * places * C, [&, pictures = x.data(), height = x.dim(1)](Index t) {
      const auto [b, y, left] = place_of(first + t);
      const Real* corner = pictures + (b * height + y) * row + left * C;
      for (Index c = 0; c < C; c += lanes) {
        Vector d[N][N], v[N][N];
        for (Index i = 0; i < places; ++i) d[i / N][i % N] = load(corner + i / N * row + i % N * C + c);
        sandwich<Line<m>::Bt>(d, v);
        for (Index i = 0; i < places; ++i) store(V + t * row_of(C) + i * C + c, v[i / N][i % N]);
      }
    });
  }

  /// U of w [K, 3, 3, C], or of the mirrored windows.
  static Tensor transform_weights(const Tensor& weights, WindowTurned turned) {
    const Index K = weights.dim(0), C = weights.dim(3);
    Tensor U({K, row_of(C)});
    for_rows(K, U.size(), [=, from = weights.data(), to = U.data()](Index k) {
      for (Index c = 0; c < C; c += lanes) {
        Vector g[3][3], u[N][N];
        for (Index r = 0; r < 9; ++r)
          g[r / 3][r % 3] = load(from + (k * 9 + (turned == WindowTurned::yes ? 8 - r : r)) * C + c);
        sandwich<Line<m>::G>(g, u);
        for (Index i = 0; i < places; ++i) store(to + k * row_of(C) + i * C + c, u[i / N][i % N]);
      }
    });
    return U;
  }

  /// dw = Gt dU G
  static Tensor transform_weight_gradient(const Tensor& dU, Index K, Index C) {
    Tensor dw({K, 3, 3, C});
    for_rows(K, dU.size(), [=, from = dU.data(), to = dw.data()](Index k) {
      for (Index c = 0; c < C; c += lanes) {
        Vector u[N][N], g[3][3];
        for (Index i = 0; i < places; ++i) u[i / N][i % N] = load(from + k * row_of(C) + i * C + c);
        sandwich<Line<m>::Gt>(u, g);
        for (Index r = 0; r < 9; ++r) store(to + (k * 9 + r) * C + c, g[r / 3][r % 3]);
      }
    });
    return dw;
  }

  /// y = At M A (+ bias), as far as a tile lies inside the picture.
  void transform_results(const Real* M, Index first, Index count, const Real* bias, Tensor& y) const {
    const Index K = w.K;
    for_rows(count, count * places * K, [&, out = y.data()](Index t) {
      const auto [b, top, left] = place_of(first + t);
      for (Index k = 0; k < K; k += lanes) {
        Vector products[N][N], results[m][m];
        for (Index i = 0; i < places; ++i) products[i / N][i % N] = load(M + t * row_of(K) + i * K + k);
        sandwich<Line<m>::At>(products, results);
        const Vector start = bias ? load(bias + k) : Vector{};
        for (Index i = 0; i < std::min<Index>(m, I - top); ++i)
          for (Index j = 0; j < std::min<Index>(m, J - left); ++j)
            store(out + ((b * I + top + i) * J + left + j) * K + k, results[i][j] + start);
      }
    });
  }

  /// dM = A dy At; outside the picture dy is zero.
  void transform_gradient(const Tensor& dy, Index first, Index count, Real* dM) const {
    const Index K = w.K;
    for_rows(count, count * places * K, [&, from = dy.data()](Index t) {
      const auto [b, top, left] = place_of(first + t);
      for (Index k = 0; k < K; k += lanes) {
        Vector d[m][m], products[N][N];
        for (Index i = 0; i < m; ++i)
          for (Index j = 0; j < m; ++j)
            d[i][j] = top + i < I && left + j < J ? load(from + ((b * I + top + i) * J + left + j) * K + k)
                                                  : Vector{};
        sandwich<Line<m>::A>(d, products);
        for (Index i = 0; i < places; ++i) store(dM + t * row_of(K) + i * K + k, products[i / N][i % N]);
      }
    });
  }

  Tensor forward(const Tensor& x, const Tensor& weights, WindowTurned turned, const Real* bias) const {
    const Index C = w.C, K = w.K;
    const Tensor U = transform_weights(weights, turned);
    Tensor y({w.B, I, J, K}), V({most, row_of(C)}), M({most, row_of(K)});
    const bool plain = turned == WindowTurned::no;
    const Index U_step = plain ? C : K;                             // contiguous in w
    for (Index first = 0; first < tiles; first += tiles_at_once) {  // fits into the second-level cache
      const Index count = std::min(tiles_at_once, tiles - first);
      transform_pictures(x, first, count, V.data());
#pragma omp parallel for schedule(static)
      for (Index i = 0; i < places; ++i)
        gemm(Transpose::no, plain ? Transpose::yes : Transpose::no, count, K, C, V.data() + i * C, row_of(C),
             U.data() + i * U_step, row_of(U_step), M.data() + i * K, row_of(K));
      transform_results(M.data(), first, count, bias, y);
    }
    return y;
  }

  Tensor weight_gradient(const Tensor& x, const Tensor& dy) const {
    const Index C = w.C, K = w.K;
    Tensor V({most, row_of(C)}), dM({most, row_of(K)}), dU({K, row_of(C)});
    for (Index first = 0; first < tiles; first += tiles_at_once) {
      const Index count = std::min(tiles_at_once, tiles - first);
      transform_pictures(x, first, count, V.data());
      transform_gradient(dy, first, count, dM.data());
#pragma omp parallel for schedule(static)
      for (Index i = 0; i < places; ++i)
        gemm(Transpose::yes, Transpose::no, K, C, count, dM.data() + i * K, row_of(K), V.data() + i * C,
             row_of(C), dU.data() + i * C, row_of(C), {.accumulate = first > 0});
    }
    return transform_weight_gradient(dU, K, C);
  }
};

bool small_tiles(const Window& w) { return Winograd<4>{w}.tiles < few_tiles; }

}  // namespace

bool winograd_fits(const Window& w) {
  return !w.direct && w.height == 3 && w.width == 3 && w.stride == 1 && w.padding.height <= 2 &&
         w.padding.width <= 2 && w.C % lanes == 0 && w.K % lanes == 0 &&
         std::min(w.C, w.K) >= fewest_channels && w.out_height() >= 4 && w.out_width() >= 4;
}

Index winograd_frame(const Window& w, Index out) {
  const Index m = small_tiles(w) ? 2 : 4;
  return (out + m - 1) / m * m + 2;
}

Tensor winograd(const Window& w, const Tensor& x, const Tensor& weights, WindowTurned turned,
                const Real* bias) {
  return small_tiles(w) ? Winograd<2>{w}.forward(x, weights, turned, bias)
                        : Winograd<4>{w}.forward(x, weights, turned, bias);
}

Tensor winograd_weights(const Window& w, const Tensor& x, const Tensor& dy) {
  return small_tiles(w) ? Winograd<2>{w}.weight_gradient(x, dy) : Winograd<4>{w}.weight_gradient(x, dy);
}

}  // namespace gradus
