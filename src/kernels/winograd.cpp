// Winograd's convolution: m results of a window of r from N = m + r - 1 numbers with N multiplications
// instead of m r.
//
// Along one axis, y = At ((G g) * (Bt d)): N numbers d and r weights g are each transformed to N numbers by
// additions (and a few constants), multiplied elementwise, and transformed to m results. In two dimensions
// the matrices are applied on both sides, and N x N products replace m x m x r x r:
//
//     F(4 x 4, 3 x 3)   36 instead of 144        F(4 x 4, 2 x 2)   25 instead of 64
//     F(2 x 2, 3 x 3)   16 instead of  36        F(2 x 2, 2 x 2)    9 instead of 16
//
// Only numbers at the same one of N x N places are multiplied, so with many channels each place is a separate
// matrix product:
//
//     V [tiles, C] = Bt d B       of every tile of N x N pixels (tiles overlap by r - 1)
//     U [K, C]     = G g Gt       of every window
//     M [tiles, K] = V Ut         (V, U, M: N x N of each)
//     y            = At M A       m x m pixels of every tile
//
// A window of 4 with stride 2 is a window of 2 with stride 1 over the four phases of the picture, its pixels
// with even or odd row and column:
//
//     y[i] = sum_u x[2i + u] w[u] = sum_f sum_a x_f[i + a] w_f[a]     x_f[i] = x[2i + f], w_f[a] = w[2a + f]
//
// The phases are further channels of V and U, [tiles, 4 C] and [K, 4 C]: their products are added.
//
// All steps are linear in d and in g, so the gradient of g is the same steps, each transposed:
//
//     dM = A dy At        dU = dMt V        dg = Gt dU G
//
// and the gradient of d is itself a convolution of dy with mirrored windows: one for every class of pixels
// that meet the same weights (see convolution.cpp). With stride 2 these are again the four phases.
//
// Lavin, Gray 2016, "Fast algorithms for convolutional neural networks". With m = 4 the errors are 1e-5
// instead of 1e-6, because the constants differ in size. With few tiles (one picture at a time), U is most of
// the work: 36 numbers per 9 weights. Then m = 2 is faster.
#include "gradus/kernels/winograd.hpp"

#include <algorithm>
#include <array>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/vector.hpp"

namespace gradus {
namespace {

constexpr Index fewest_channels = 64;

template <std::size_t Rows, std::size_t Columns>
using Matrix = std::array<std::array<Real, Columns>, Rows>;

template <std::size_t Rows, std::size_t Columns>
constexpr Matrix<Columns, Rows> transposed(const Matrix<Rows, Columns>& m) {
  Matrix<Columns, Rows> t{};
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Columns; ++j) t[j][i] = m[i][j];
  return t;
}

/// The matrices for m results of a window of r along one axis.
template <int m, int r>
struct Line;
template <>
struct Line<4, 3> {
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
struct Line<2, 3> {
  static constexpr Matrix<4, 4> Bt{{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}};
  static constexpr Matrix<4, 3> G{
      {{1, 0, 0}, {Real(0.5), Real(0.5), Real(0.5)}, {Real(0.5), -Real(0.5), Real(0.5)}, {0, 0, 1}}};
  static constexpr Matrix<2, 4> At{{{1, 1, 1, 0}, {0, 1, -1, -1}}};
  static constexpr auto A = transposed(At);
  static constexpr auto Gt = transposed(G);
};
template <>
struct Line<4, 2> {
  static constexpr Matrix<5, 5> Bt{{{2, -1, -2, 1, 0},  //
                                    {0, -2, -1, 1, 0},
                                    {0, 2, -3, 1, 0},
                                    {0, -1, 0, 1, 0},
                                    {0, 2, -1, -2, 1}}};
  static constexpr Matrix<5, 2> G{{{Real(1) / 2, 0},
                                   {-Real(1) / 2, -Real(1) / 2},
                                   {-Real(1) / 6, Real(1) / 6},
                                   {Real(1) / 6, Real(1) / 3},
                                   {0, 1}}};
  static constexpr Matrix<4, 5> At{{{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 0}, {0, 1, -1, 8, 1}}};
  static constexpr auto A = transposed(At);
  static constexpr auto Gt = transposed(G);
};
template <>
struct Line<2, 2> {
  static constexpr Matrix<3, 3> Bt{{{1, -1, 0}, {0, 1, 0}, {0, -1, 1}}};
  static constexpr Matrix<3, 2> G{{{1, 0}, {1, 1}, {0, 1}}};
  static constexpr Matrix<2, 3> At{{{1, 1, 0}, {0, 1, 1}}};
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

/// Every step-th pixel of an image, or place of a window: (i, j) is at (top + step i, left + step j). A step
/// below 0 mirrors.
struct Sparse {
  Index top = 0, left = 0, step = 1;
  Index at(Index i, Index j, Index width) const { return (top + step * i) * width + left + step * j; }
};

/// The steps of a convolution with I x J results per image, in tiles of m x m, and windows of r x r.
template <int m, int r>
struct Winograd {
  static constexpr Index N = m + r - 1, places = N * N;
  static constexpr Index parts =
      places == 9 ? 2 : 1;  // of a place's matrix: 9 are hard to share among threads
  static constexpr Index tiles_at_once = parts * 128;  // transformed and multiplied before the next
  Index B, I, J, down = (I + m - 1) / m, across = (J + m - 1) / m, tiles = B * down * across,
                 most = std::min(tiles, tiles_at_once);

  /// V, U and M are stored as [tiles or windows, N * N, channels]: a transformation writes one
  /// contiguous piece, and the rows of one place's matrix are this far apart. (The additional
  /// vector prevents the rows from sharing too few sets of the first-level cache.)
  static Index row_of(Index channels) { return places * channels + lanes; }

  struct Place {
    Index b, y, x;  // the image and the first result
  };
  Place place_of(Index tile) const {
    return {tile / (down * across), tile / across % down * m, tile % across * m};
  }

  /// V of the tiles first .. first + count - 1 of framed images x [B, H, W, C]; all step^2 phases.
  void transform_images(const Tensor& x, const Sparse& from, Index first, Index count, Real* V) const {
    const Index C = x.dim(3), W = x.dim(2), s = from.step, all = s * s * C;
    for_rows(count, count * places * all, [&, images = x.data(), area = x.dim(1) * W](Index t) {
      const auto [b, y, left] = place_of(first + t);
      for (Index phase = 0; phase < s * s; ++phase) {
        const Real* corner = images + (b * area + from.at(y, left, W) + phase / s * W + phase % s) * C;
        Real* to = V + t * row_of(all) + phase * C;
        for (Index c = 0; c < C; c += lanes) {
          Vector d[N][N], v[N][N];
          for (Index i = 0; i < places; ++i) d[i / N][i % N] = load(corner + (i / N * W + i % N) * s * C + c);
          sandwich<Line<m, r>::Bt>(d, v);
          for (Index i = 0; i < places; ++i) store(to + i * all + c, v[i / N][i % N]);
        }
      }
    });
  }

  /// U of r x r places of w [K, height, width, C], in channels first .. first + C - 1 of `all`.
  static void transform_weights(const Tensor& w, const Sparse& from, Index first, Index all, Tensor& U) {
    const Index C = w.dim(3), width = w.dim(2), window = w.dim(1) * width;
    for_rows(w.dim(0), U.size(), [=, weights = w.data(), to = U.data()](Index k) {
      for (Index c = 0; c < C; c += lanes) {
        Vector g[r][r], u[N][N];
        for (Index i = 0; i < r * r; ++i)
          g[i / r][i % r] = load(weights + (k * window + from.at(i / r, i % r, width)) * C + c);
        sandwich<Line<m, r>::G>(g, u);
        for (Index i = 0; i < places; ++i) store(to + k * row_of(all) + i * all + first + c, u[i / N][i % N]);
      }
    });
  }

  /// dw = Gt dU G, at the places from which transform_weights reads.
  static void transform_weight_gradient(const Tensor& dU, Index first, Index all, const Sparse& to,
                                        Tensor& dw) {
    const Index C = dw.dim(3), width = dw.dim(2), window = dw.dim(1) * width;
    for_rows(dw.dim(0), dU.size(), [=, from = dU.data(), weights = dw.data()](Index k) {
      for (Index c = 0; c < C; c += lanes) {
        Vector u[N][N], g[r][r];
        for (Index i = 0; i < places; ++i)
          u[i / N][i % N] = load(from + k * row_of(all) + i * all + first + c);
        sandwich<Line<m, r>::Gt>(u, g);
        for (Index i = 0; i < r * r; ++i)
          store(weights + (k * window + to.at(i / r, i % r, width)) * C + c, g[i / r][i % r]);
      }
    });
  }

  /// y = At M A (+ bias), as far as a tile lies inside the image.
  void transform_results(const Real* M, Index first, Index count, const Real* bias, const Sparse& to,
                         Tensor& y) const {
    const Index K = y.dim(3), W = y.dim(2);
    for_rows(count, count * places * K, [&, out = y.data(), area = y.dim(1) * W](Index t) {
      const auto [b, top, left] = place_of(first + t);
      for (Index k = 0; k < K; k += lanes) {
        Vector products[N][N], results[m][m];
        for (Index i = 0; i < places; ++i) products[i / N][i % N] = load(M + t * row_of(K) + i * K + k);
        sandwich<Line<m, r>::At>(products, results);
        const Vector start = bias ? load(bias + k) : Vector{};
        for (Index i = 0; i < std::min<Index>(m, I - top); ++i)
          for (Index j = 0; j < std::min<Index>(m, J - left); ++j)
            store(out + (b * area + to.at(top + i, left + j, W)) * K + k, results[i][j] + start);
      }
    });
  }

  /// dM = A dy At; outside the image dy is zero.
  void transform_gradient(const Tensor& dy, Index first, Index count, Real* dM) const {
    const Index K = dy.dim(3);
    for_rows(count, count * places * K, [&, from = dy.data()](Index t) {
      const auto [b, top, left] = place_of(first + t);
      for (Index k = 0; k < K; k += lanes) {
        Vector d[m][m], products[N][N];
        for (Index i = 0; i < m; ++i)
          for (Index j = 0; j < m; ++j)
            d[i][j] = top + i < I && left + j < J ? load(from + ((b * I + top + i) * J + left + j) * K + k)
                                                  : Vector{};
        sandwich<Line<m, r>::A>(d, products);
        for (Index i = 0; i < places; ++i) store(dM + t * row_of(K) + i * K + k, products[i / N][i % N]);
      }
    });
  }

  /// body(place, first, count) for the parts of every place's matrix: `count` of its rows.
  template <class Body>
  static void for_places(Index rows, Body body) {
    const Index most = (rows + parts - 1) / parts;
#pragma omp parallel for schedule(static)
    for (Index i = 0; i < places * parts; ++i) {
      const Index first = i % parts * most;
      if (first < rows) body(i / parts, first, std::min(most, rows - first));
    }
  }

  /// y at `to` = windows of x at `from`, plus bias. U is [K, row_of(C)], or [C, row_of(K)] without
  /// `transposed`: U of the gradient's mirrored windows.
  void convolve(const Tensor& x, const Sparse& from, const Tensor& U, Transpose transposed, const Real* bias,
                const Sparse& to, Tensor& y) const {
    const Index C = from.step * from.step * x.dim(3), K = y.dim(3);
    const Index contiguous = transposed == Transpose::yes ? C : K;
    Tensor V({most, row_of(C)}), M({most, row_of(K)});
    for (Index first = 0; first < tiles; first += tiles_at_once) {
      const Index count = std::min(tiles_at_once, tiles - first);
      transform_images(x, from, first, count, V.data());
      for_places(count, [&](Index i, Index row, Index rows) {
        gemm(Transpose::no, transposed, rows, K, C, V.data() + row * row_of(C) + i * C, row_of(C),
             U.data() + i * contiguous, row_of(contiguous), M.data() + row * row_of(K) + i * K, row_of(K));
      });
      transform_results(M.data(), first, count, bias, to, y);
    }
  }

  Tensor forward(const Tensor& x, const Tensor& weights, Index stride, const Real* bias) const {
    const Index phases = stride * stride, C = weights.dim(3), K = weights.dim(0);
    Tensor U({K, row_of(phases * C)}), y({B, I, J, K});
    for (Index f = 0; f < phases; ++f)
      transform_weights(weights, {f / stride, f % stride, stride}, f * C, phases * C, U);
    convolve(x, {0, 0, stride}, U, Transpose::yes, bias, {}, y);
    return y;
  }

  Tensor weight_gradient(const Window& w, const Tensor& x, const Tensor& dy) const {
    const Index s = w.stride.height, C = s * s * w.C, K = w.K;
    Tensor V({most, row_of(C)}), dM({most, row_of(K)}), dU({K, row_of(C)}), dw({K, w.height, w.width, w.C});
    for (Index first = 0; first < tiles; first += tiles_at_once) {
      const Index count = std::min(tiles_at_once, tiles - first);
      transform_images(x, {0, 0, s}, first, count, V.data());
      transform_gradient(dy, first, count, dM.data());
      for_places(K, [&](Index i, Index row, Index rows) {
        gemm(Transpose::yes, Transpose::no, rows, C, count, dM.data() + i * K + row, row_of(K),
             V.data() + i * C, row_of(C), dU.data() + row * row_of(C) + i * C, row_of(C),
             {.accumulate = first > 0});
      });
    }
    for (Index f = 0; f < s * s; ++f) transform_weight_gradient(dU, f * w.C, C, {f / s, f % s, s}, dw);
    return dw;
  }

  /// dx of one class of pixels.
  void back(const Tensor& dy, const Tensor& weights, Index stride, const PixelClass& v, const PixelClass& h,
            const Real* bias, Tensor& dx) const {
    const Index C = weights.dim(3);
    Tensor U({weights.dim(0), row_of(C)});
    const Index last = (r - 1) * stride;
    transform_weights(weights, {v.place + last, h.place + last, -stride}, 0, C, U);
    convolve(dy, {v.lowest, h.lowest, 1}, U, Transpose::no, bias, {v.first, h.first, stride}, dx);
  }
};

/// body(Winograd<m, r>) for the window's r and tiles of m x m.
template <class Body>
auto with_tiles(Index m, Index window, Index B, Index I, Index J, Body body) {
  if (window == 3) return m == 2 ? body(Winograd<2, 3>{B, I, J}) : body(Winograd<4, 3>{B, I, J});
  return m == 2 ? body(Winograd<2, 2>{B, I, J}) : body(Winograd<4, 2>{B, I, J});
}

}  // namespace

Index winograd_tile(const Window& w, WinogradPass pass) {
  const bool back = pass == WinogradPass::back, three = w.height == 3 && w.stride == 1,
             four = w.height == 4 && w.stride == 2;
  const Index I = back ? w.H / w.stride.height : w.out_height(),
              J = back ? w.W / w.stride.width : w.out_width();
  if (w.direct || w.height != w.width || !(three || four) || w.padding.height >= w.height ||
      w.padding.width >= w.width || w.C % lanes != 0 || w.K % lanes != 0 ||
      std::min(w.C, w.K) < fewest_channels || I < 4 || J < 4)
    return 1;
  const Index tiles = w.B * ((I + 3) / 4) * ((J + 3) / 4);  // with m = 4
  if (three) return tiles < 32 ? 2 : 4;
  // dy is transformed once for every phase of dx, so dy needs more channels; edges should not waste much
  if ((back && w.K < 2 * fewest_channels) || tiles < 32 || 5 * w.B * I * J < 4 * 16 * tiles) return 1;
  return tiles < 128 ? 2 : 4;
}

Tensor winograd(const Window& w, Index tile, const Tensor& x, const Tensor& weights, const Real* bias) {
  return with_tiles(tile, w.height, w.B, w.out_height(), w.out_width(),
                    [&](const auto& steps) { return steps.forward(x, weights, w.stride.height, bias); });
}

Tensor winograd_weights(const Window& w, Index tile, const Tensor& x, const Tensor& dy) {
  return with_tiles(tile, w.height, w.B, w.out_height(), w.out_width(),
                    [&](const auto& steps) { return steps.weight_gradient(w, x, dy); });
}

void winograd_back(const Window& w, Index tile, const Tensor& dy, const Tensor& weights, const PixelClass& v,
                   const PixelClass& h, const Real* bias, Tensor& dx) {
  with_tiles(tile, w.height, w.B, v.count, h.count,
             [&](const auto& steps) { steps.back(dy, weights, w.stride.height, v, h, bias, dx); });
}

}  // namespace gradus
