// Convolution is a matrix product whose left matrix is never stored.
//
// Its rows are the output pixels p, its columns the places r = (u, v, c) of the window, and its elements the
// numbers that the window reads there:
//
//     X[p, r] = x[pixels[p] + places[r]]       pixels[p]: where p's window begins in the padded pictures
//                                              places[r]: the offset of place r from there
//
// Channels come last, so a step along c, v or u is the same step in memory for every window. The textbook
// method ("im2col") copies X, every pixel as often as a window covers it, and multiplies. Here two lists of
// offsets replace the copy, and the register tile of gemm.cpp reads the numbers through them:
//
//     forward             y  [P, K] = X  wT
//     weight gradient     dw [K, R] = dyT X      (or its transpose, when that suits the vectors better)
//     input gradient      dx        = a forward pass over dy for every class of pixels:
//
// Place u of a window with stride s reads pixel y if (y + p - u) is divisible by s. A pixel therefore meets
// only the places u0, u0 + s, u0 + 2s, ..., and u0 depends on y mod s alone. Within such a class (there are
// s x s of them) dx is an ordinary convolution of dy with every s-th weight, with stride 1, whose results are
// written s pixels apart. Every element is written once, so threads do not conflict.
//
//        y mod 2 = 0:  . X . X         y mod 2 = 1:  X . X .         which of four adjacent weights a pixel
//                                                                    meets, padding 1, stride 2
//
// With very few channels (the last layer of an image generator has one or three), a row of dx is much
// narrower than a vector. Then each pixel of dy is multiplied by all places at once, [P, K] x [K, R], and
// the rows of the result are added to the positions of their windows. A forward pass with few outputs and
// stride 1 uses the same method: it is the input gradient of the mirrored window (`mirrored`).
#include "gradus/kernels/convolution.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/vector.hpp"
#include "gradus/kernels/winograd.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {
namespace {

std::atomic<bool> all_direct = false;

constexpr Index column_elements = 1 << 18;  // about a megabyte: fits into the second-level cache

using Offsets = std::vector<Offset>;
using Grids = std::map<std::array<Index, 7>, Offsets>;

/// The cached lists of offsets: a training needs the same few again and again.
Grids& known_grids() {
  static thread_local Grids grids;
  return grids;
}
/// Caps the cache at 64 MB. Invalidates references returned by grid().
void forget_grids() {
  constexpr std::size_t most = 16 << 20;  // offsets, 64 MB
  std::size_t all = 0;
  for (const auto& [key, offsets] : known_grids()) all += offsets.size() + 64;
  if (all > most) known_grids().clear();
}

/// start + a step_a + b step_b + c step_c for all a < A, b < B, c < C; c varies fastest.
const Offsets& grid(Index start, Index A, Index step_a, Index B, Index step_b, Index C, Index step_c) {
  const Index largest =
      start + (A - 1) * std::max<Index>(step_a, 0) + (B - 1) * std::max<Index>(step_b, 0) + (C - 1) * step_c;
  GRADUS_CHECK(largest <= std::numeric_limits<Offset>::max(),
               "convolution: too many images at once, element ", largest,
               " of a tensor is above the limit of 2^31");
  const auto [found, fresh] = known_grids().try_emplace({start, A, step_a, B, step_b, C, step_c});
  Offsets& offsets = found->second;
  if (!fresh) return offsets;
  offsets.resize(static_cast<std::size_t>(A * B * C));
  Offset* out = offsets.data();
  for (Index a = 0; a < A; ++a)
    for (Index b = 0; b < B; ++b, out += C)
      for (Index c = 0; c < C; ++c)
        out[c] = static_cast<Offset>(start + a * step_a + b * step_b + c * step_c);
  return offsets;
}
const Offsets& evenly(Index count, Index step) { return grid(0, 1, 0, 1, 0, count, step); }

Index area(const Tensor& pictures) { return pictures.dim(1) * pictures.dim(2) * pictures.dim(3); }

/// Pictures [B, height, width, C] that contain x [B, H, W, C] at (top, left), and zeros around it.
Tensor pad(const Tensor& x, Index top, Index left, Index height, Index width) {
  const Index B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3);
  if (top == 0 && left == 0 && height == H && width == W) return x;
  Tensor out({B, height, width, C});
  const Real* from = x.data();
  Real* all = out.data();
  const Index rows = std::min(H, height - top), numbers = std::min(W, width - left) * C;
  for_rows(B * height, out.size(), [=](Index index) {
    const Index y = index % height - top;
    Real *row = all + index * width * C, *end = row + width * C;
    if (y < 0 || y >= rows) {
      std::fill(row, end, Real(0));
      return;
    }
    std::fill_n(row, left * C, Real(0));
    std::copy_n(from + (index / height * H + y) * W * C, numbers, row + left * C);
    std::fill(row + left * C + numbers, end, Real(0));
  });
  return out;
}

/// The matrix X: one row per output pixel, one column per place of the window.
Indexed windows(const Window& w, const Tensor& x) {
  const Index row = x.dim(2) * w.C;
  return {x.data(),
          grid(0, w.B, area(x), w.out_height(), w.stride.height * row, w.out_width(), w.stride.width * w.C),
          grid(0, 1, 0, w.height, row, w.width * w.C, 1)};
}

Index whole_tiles(Index results, Index tile) { return (results + tile - 1) / tile * tile; }

/// All classes along one axis, in the coordinates of a dy with `before` rows of zeros before it and `size`
/// rows in all, such that the windows of every tile lie inside.
struct PixelClasses {
  std::vector<PixelClass> all;
  Index before = 0, size;
  PixelClasses(Index in, Index out, Index kernel, Index stride, Index padding, Index tile) : size(out) {
    for (Index first = 0; first < std::min(stride, in); ++first) {
      const Index place = (first + padding) % stride;
      const Index taps = place < kernel ? (kernel - place + stride - 1) / stride : 0;
      all.push_back(
          {first, (in - first + stride - 1) / stride, place, taps, (first + padding) / stride - taps + 1});
      before = std::max(before, -all.back().lowest);
    }
    for (PixelClass& c : all) {
      size = std::max(size, c.lowest + whole_tiles(c.count, tile) + c.taps - 1);
      c.lowest += before;
    }
    size += before;
  }
};

Tensor convolve_back_by_class(const Window& w, const Tensor& dy, const Tensor& weights, const Real* bias) {
  Tensor dx({w.B, w.H, w.W, w.C});
  const Index R = w.height * w.width * w.C;
  const Pair s = w.stride;
  const Index tile = winograd_tile(w, WinogradPass::back);
  const PixelClasses rows(w.H, w.out_height(), w.height, s.height, w.padding.height, tile),
      columns(w.W, w.out_width(), w.width, s.width, w.padding.width, tile);
  const Tensor d = pad(dy, rows.before, columns.before, rows.size, columns.size);
  const Index row = columns.size * w.K;
  for (const PixelClass& v : rows.all)
    for (const PixelClass& h : columns.all) {
      if (tile > 1) {
        winograd_back(w, tile, d, weights, v, h, bias, dx);
        continue;
      }
      const Index start = v.lowest * row + h.lowest * w.K;
      const Indexed windows_of_dy{d.data(), grid(start, w.B, area(d), v.count, row, h.count, w.K),
                                  grid(0, 1, 0, v.taps, row, h.taps * w.K, 1)};
      // the last place meets the first pixel, so the weights are in reverse order
      const Index last =
          ((v.place + (v.taps - 1) * s.height) * w.width + h.place + (h.taps - 1) * s.width) * w.C;
      const Indexed every_sth_weight{
          weights.data(), grid(last, v.taps, -s.height * w.width * w.C, h.taps, -s.width * w.C, w.K, R),
          evenly(w.C, 1)};
      const Offsets& to = grid((v.first * w.W + h.first) * w.C, w.B, w.H * w.W * w.C, v.count,
                               s.height * w.W * w.C, h.count, s.width * w.C);
      gemm(windows_of_dy, every_sth_weight, dx.data(), to, {.bias = bias});
    }
  return dx;
}

/// Adds one row of dx [W, C] from the products [I, J, R] of its picture. Neighbouring windows overlap, and an
/// addition waits until the previous one to the same address is stored. Therefore windows that do not overlap
/// are added one after the other.
void add_windows(const Window& w, Index y, const Real* products, Real* padded_row) {
  const Index J = w.out_width(), run = w.width * w.C, R = w.height * run, step = w.stride.width * w.C;
  const Index vectors = (run + lanes - 1) / lanes, apart = (vectors * lanes + step - 1) / step;
  const Lanes whole = first_lanes(lanes), last = first_lanes(run - (vectors - 1) * lanes);
  const Index s = w.stride.height, place = y + w.padding.height;
  for (Index u = place % s; u < w.height; u += s) {
    const Index i = (place - u) / s;
    if (place < u || i >= w.out_height()) continue;
    for (Index first = 0; first < apart; ++first)
      for (Index j = first; j < J; j += apart)
        for (Index v = 0; v < vectors; ++v) {
          const Real* from = products + (i * J + j) * R + u * run + v * lanes;
          Real* to = padded_row + j * step + v * lanes;
          store(to, load(to) + keep(v + 1 < vectors ? whole : last, load(from)));
        }
  }
}

Tensor convolve_back_by_product(const Window& w, const Tensor& dy, const Tensor& weights, const Real* bias) {
  const Index I = w.out_height(), J = w.out_width(), R = w.height * w.width * w.C;
  const Index row = w.W * w.C,
              padded_row = std::max(w.W + 2 * w.padding.width, w.stride.width * (J - 1) + w.width) * w.C;
  const Index at_once = std::clamp<Index>(column_elements / (I * J * R), 1, w.B);
  Tensor dx({w.B, w.H, w.W, w.C}), products({at_once * I * J * R + lanes});  // padded by a vector
  for (Index b = 0; b < w.B; b += at_once) {
    const Index B = std::min(at_once, w.B - b);
    gemm(Transpose::no, Transpose::no, B * I * J, R, w.K, dy.data() + b * I * J * w.K, w.K, weights.data(), R,
         products.data(), R);
    for_rows(B * w.H, B * I * J * R, [&](Index index) {
      static thread_local std::vector<Real> sums;
      sums.assign(static_cast<std::size_t>(padded_row + lanes), 0);
      add_windows(w, index % w.H, products.data() + index / w.H * I * J * R, sums.data());
      Real* to = dx.data() + (b * w.H + index) * row;
      std::copy_n(sums.data() + w.padding.width * w.C, row, to);
      for (Index x = 0; bias && x < row; x += w.C)
        for (Index c = 0; c < w.C; ++c) to[x + c] += bias[c];
    });
  }
  return dx;
}

/// Few outputs and stride 1: the forward pass is the input gradient of the mirrored window.
bool few_results(const Window& w) {
  return w.K < lanes && w.K < w.C && w.stride == 1 && w.padding.height < w.height &&
         w.padding.width < w.width;
}
Window mirrored(const Window& w) {
  return {w.B,
          w.out_height(),
          w.out_width(),
          w.K,
          w.C,
          w.height,
          w.width,
          1,
          {w.height - 1 - w.padding.height, w.width - 1 - w.padding.width},
          w.direct};
}
/// Returns w [K, height, width, C] as [C, height, width, K] with the window turned by 180 degrees, or the
/// inverse of this.
Tensor turned(const Tensor& w) {
  const Index K = w.dim(0), places = w.dim(1) * w.dim(2), C = w.dim(3);
  Tensor out({C, w.dim(1), w.dim(2), K});
  for (Index k = 0; k < K; ++k)
    for (Index r = 0; r < places; ++r)
      for (Index c = 0; c < C; ++c) out[(c * places + places - 1 - r) * K + k] = w[(k * places + r) * C + c];
  return out;
}

}  // namespace

bool direct_convolutions() { return all_direct; }
void set_direct_convolutions(bool direct) { all_direct = direct; }

Tensor framed(const Window& w, const Tensor& x) {
  if (few_results(w)) return x;
  const Index tile = winograd_tile(w, WinogradPass::forward);
  const auto size = [tile](Index in, Index out, Index kernel, Index stride, Index padding) {
    return tile > 1 ? (whole_tiles(out, tile) - 1) * stride + kernel : in + 2 * padding;
  };
  return pad(x, w.padding.height, w.padding.width,
             size(w.H, w.out_height(), w.height, w.stride.height, w.padding.height),
             size(w.W, w.out_width(), w.width, w.stride.width, w.padding.width));
}

Tensor convolve(const Window& w, const Tensor& x, const Tensor& weights, const Real* bias) {
  if (w.B == 0) return Tensor({0, w.out_height(), w.out_width(), w.K});
  forget_grids();
  if (const Index tile = winograd_tile(w, WinogradPass::forward); tile > 1)
    return winograd(w, tile, x, weights, bias);
  if (few_results(w)) return convolve_back_by_product(mirrored(w), x, turned(weights), bias);
  const Index R = w.height * w.width * w.C, P = w.B * w.out_height() * w.out_width();
  Tensor y({w.B, w.out_height(), w.out_width(), w.K});
  const Indexed turned_w{weights.data(), evenly(R, 1), evenly(w.K, R), 1, R};
  gemm(windows(w, x), turned_w, y.data(), evenly(P, w.K), {.bias = bias});
  return y;
}

Tensor convolve_back(const Window& w, const Tensor& dy, const Tensor& weights, const Real* bias) {
  if (w.B == 0) return Tensor({0, w.H, w.W, w.C});
  forget_grids();
  return (w.C < lanes ? convolve_back_by_product : convolve_back_by_class)(w, dy, weights, bias);
}

Tensor convolve_weights(const Window& w, const Tensor& x, const Tensor& dy) {
  if (w.B == 0) return Tensor::zeros({w.K, w.height, w.width, w.C});
  forget_grids();
  if (const Index tile = winograd_tile(w, WinogradPass::forward); tile > 1)
    return winograd_weights(w, tile, x, dy);
  if (few_results(w)) return turned(convolve_weights(mirrored(w), framed(mirrored(w), dy), x));
  const Index R = w.height * w.width * w.C, P = w.B * w.out_height() * w.out_width();
  const Indexed X = windows(w, x);
  Tensor dw({w.K, w.height, w.width, w.C});
  if (w.width * w.C % lanes == 0 || 2 * w.K < lanes) {  // dw = dyT X: a vector holds adjacent places
    const Indexed dyT{dy.data(), evenly(w.K, 1), evenly(P, w.K), 1, w.K};
    gemm(dyT, X, dw.data(), evenly(w.K, R));
    return dw;
  }
  Tensor dwT({R, w.K});  // = XT dy: a vector holds adjacent channels of dy
  const Indexed XT{X.data, X.columns, X.rows};
  const Indexed rows_of_dy{dy.data(), evenly(P, w.K), evenly(w.K, 1), w.K, 1};
  gemm(XT, rows_of_dy, dwT.data(), evenly(R, w.K));
  for_rows(w.K, w.K * R, [&](Index k) {
    for (Index r = 0; r < R; ++r) dw[k * R + r] = dwT[r * w.K + k];
  });
  return dw;
}

}  // namespace gradus
