#include "gradus/ops/window.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// Windows over pictures.
struct Windows {
  Pair size, stride, padding;
  Index B, H, W, C, I, J;
  Windows(const char* op, const Tensor& x, Pair size_in, Pair stride_in, Pair padding_in)
      : size(size_in), stride(stride_in), padding(padding_in) {
    check_rank(op, "x", x, 4);
    B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3);
    GRADUS_CHECK(size.height >= 1 && size.width >= 1, op, ": a window needs at least one pixel, got ", size);
    GRADUS_CHECK(stride.height >= 0 && stride.width >= 0, op,
                 ": the stride must be at least 1, or 0 for the window's size, got ", stride);
    check_below_2_31(op, {padding.height, padding.width});
    GRADUS_CHECK(padding.height >= 0 && padding.width >= 0 && 2 * padding.height <= size.height &&
                     2 * padding.width <= size.width,
                 op, ": the padding must be at least 0 and at most half the window of ", size, ", got ",
                 padding);
    GRADUS_CHECK(
        H >= 1 && W >= 1 && size.height <= H + 2 * padding.height && size.width <= W + 2 * padding.width, op,
        ": a window of ", size, " pixels must fit into x ", x.shape(), " with padding ", padding);
    if (stride.height == 0) stride.height = size.height;
    if (stride.width == 0) stride.width = size.width;
    I = (H + 2 * padding.height - size.height) / stride.height + 1;
    J = (W + 2 * padding.width - size.width) / stride.width + 1;
  }
  Shape out() const { return {B, I, J, C}; }
  Real share() const { return 1 / static_cast<Real>(size.height * size.width); }

  /// Calls visit(index of the first channel in y, picture, top, bottom, left, right) for the windows
  /// of one row of y. The part of a window inside the picture is top <= h < bottom, left <= w < right.
  template <class Visit>
  void for_windows(Index row, Visit visit) const {
    const Index h = row % I * stride.height - padding.height;
    const Index top = std::max<Index>(h, 0), bottom = std::min(h + size.height, H);
    for (Index j = 0; j < J; ++j) {
      const Index w = j * stride.width - padding.width;
      visit((row * J + j) * C, row / I, top, bottom, std::max<Index>(w, 0), std::min(w + size.width, W));
    }
  }
  Index pixel(Index b, Index h, Index w) const { return ((b * H + h) * W + w) * C; }
};

/// y = max over the window        dx = dy at the maximum
struct MaxPool2d {
  Pair size, stride, padding;
  const char* op;
  Shape shape{};
  std::vector<std::int32_t> winner{};  // its index within the picture
  Tensor forward(const Tensor& x) {
    const Windows q(op, x, size, stride, padding);
    shape = x.shape();
    check_below_2_31(op, {shape.row_size()});
    Tensor y(q.out());
    winner.resize(static_cast<std::size_t>(y.size()));
    for_rows(q.B * q.I, y.size() * size.height * size.width, [&, to = y.data()](Index row) {
      q.for_windows(row, [&](Index out, Index b, Index top, Index bottom, Index left, Index right) {
        const Real* picture = x.data() + q.pixel(b, 0, 0);
        Real* largest = to + out;
        std::int32_t* place = winner.data() + out;
        const auto first = static_cast<std::int32_t>(q.pixel(0, top, left));
        for (Index c = 0; c < q.C; ++c) largest[c] = picture[first + c];
        std::iota(place, place + q.C, first);
        for (Index h = top; h < bottom; ++h)
          for (Index w = left; w < right; ++w) {
            const auto pixel = static_cast<std::int32_t>(q.pixel(0, h, w));
            const Real* from = picture + pixel;
#pragma omp simd
            for (std::int32_t c = 0; c < static_cast<std::int32_t>(q.C); ++c) {
              const bool better = from[c] > largest[c] || from[c] != from[c];  // NaN is the maximum
              place[c] = better ? pixel + c : place[c];
              largest[c] = better ? from[c] : largest[c];
            }
          }
      });
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(shape);
    const Index windows = dy.shape().row_size();
    for_rows(shape[0], dy.size(), [&, d = dy.data(), out = dx.data()](Index b) {
      Real* picture = out + b * shape.row_size();
      for (Index i = b * windows; i < (b + 1) * windows; ++i)
        picture[winner[static_cast<std::size_t>(i)]] += d[i];
    });
    return {dx};
  }
};

/// y = sum over the window / its size       dx = dy / size in the whole window
struct AveragePool2d {
  Pair size, stride, padding;
  const char* op;
  Shape shape{};
  Tensor forward(const Tensor& x) {
    const Windows q(op, x, size, stride, padding);
    shape = x.shape();
    Tensor y = Tensor::zeros(q.out());
    for_rows(q.B * q.I, y.size() * size.height * size.width,
             [&, from = x.data(), to = y.data(), share = q.share()](Index row) {
               constexpr Index together = 64;  // channels
               q.for_windows(row, [&](Index out, Index b, Index top, Index bottom, Index left, Index right) {
                 for (Index h = top; h < bottom; ++h)
                   for (Index first = 0; first < q.C; first += together) {
                     const Index count = std::min(together, q.C - first);
                     Real sums[together] = {};  // one sum per line keeps large windows accurate
                     for (Index w = left; w < right; ++w)
                       for (Index c = 0; c < count; ++c) sums[c] += from[q.pixel(b, h, w) + first + c];
                     for (Index c = 0; c < count; ++c) to[out + first + c] += share * sums[c];
                   }
               });
             });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(shape);
    const Windows q(op, dx, size, stride, padding);
    for_rows(q.B, dy.size() * size.height * size.width, [&, share = q.share()](Index picture) {
      for (Index i = 0; i < q.I; ++i)  // picture by picture, because windows may overlap
        q.for_windows(picture * q.I + i,
                      [&](Index out, Index b, Index top, Index bottom, Index left, Index right) {
                        for (Index h = top; h < bottom; ++h)
                          for (Index w = left; w < right; ++w)
                            for (Index c = 0; c < q.C; ++c) dx[q.pixel(b, h, w) + c] += share * dy[out + c];
                      });
    });
    return {dx};
  }
};

/// y[h, w] = x[h / f, w / f]      dx = the sum over each square
struct UpsampleNearest {
  Index factor;
  Shape shape{};
  Tensor forward(const Tensor& x) {
    check_rank("upsample_nearest", "x", x, 4);
    GRADUS_CHECK(factor >= 1, "upsample_nearest: the factor must be at least 1, got ", factor);
    check_below_2_31("upsample_nearest", {factor, x.dim(1), x.dim(2)});
    shape = x.shape();
    const Index B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3), f = factor;
    Tensor y({B, H * f, W * f, C});
    for_rows(B * H * f, y.size(), [=, from = x.data(), to = y.data()](Index row) {
      for (Index w = 0; w < W * f; ++w)
        std::copy_n(from + (row / f * W + w / f) * C, C, to + (row * W * f + w) * C);
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index B = shape[0], H = shape[1], W = shape[2], C = shape[3], f = factor;
    Tensor dx = Tensor::zeros(shape);
    for_rows(B * H, dy.size(), [=, from = dy.data(), to = dx.data()](Index row) {
      for (Index u = 0; u < f; ++u)
        for (Index w = 0; w < W * f; ++w)
          for (Index c = 0; c < C; ++c)
            to[(row * W + w / f) * C + c] += from[((row * f + u) * W * f + w) * C + c];
    });
    return {dx};
  }
};

/// y[h, w] = x[m(h), m(w)], m the mirror        dx = the sum of dy over all pixels that read it
struct ReflectionPad2d {
  Index margin;
  Shape shape{};
  static Index mirror(Index i, Index size) { return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i; }
  Tensor forward(const Tensor& x) {
    check_rank("reflection_pad2d", "x", x, 4);
    shape = x.shape();
    const Index B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3), m = margin;
    GRADUS_CHECK(m >= 0 && m < H && m < W, "reflection_pad2d: the margin ", m,
                 " must be below height and width of x ", x.shape());
    Tensor y({B, H + 2 * m, W + 2 * m, C});
    for_rows(B * (H + 2 * m), y.size(), [=, from = x.data(), to = y.data()](Index row) {
      const Real* line = from + (row / (H + 2 * m) * H + mirror(row % (H + 2 * m) - m, H)) * W * C;
      Real* out = to + row * (W + 2 * m) * C;
      for (Index w = 0; w < m; ++w) std::copy_n(line + mirror(w - m, W) * C, C, out + w * C);
      std::copy_n(line, W * C, out + m * C);
      for (Index w = W + m; w < W + 2 * m; ++w) std::copy_n(line + mirror(w - m, W) * C, C, out + w * C);
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index B = shape[0], H = shape[1], W = shape[2], C = shape[3], m = margin;
    Tensor dx = Tensor::zeros(shape);
    for_rows(B * H, dy.size(), [=, from = dy.data(), to = dx.data()](Index row) {
      const Index h = row % H;
      for (Index y = -m; y < H + m; ++y) {
        if (mirror(y, H) != h) continue;
        const Real* line = from + (row / H * (H + 2 * m) + y + m) * (W + 2 * m) * C;
        for (Index w = -m; w < W + m; ++w)
          for (Index c = 0; c < C; ++c) to[(row * W + mirror(w, W)) * C + c] += line[(w + m) * C + c];
      }
    });
    return {dx};
  }
};

}  // namespace

Var max_pool2d(const Var& x, Pair size, Pair stride, Pair padding, const char* op) {
  return record(MaxPool2d{size, stride, padding, op}, x);
}
Var average_pool2d(const Var& x, Pair size, Pair stride, Pair padding, const char* op) {
  return record(AveragePool2d{size, stride, padding, op}, x);
}
Var upsample_nearest(const Var& x, Index factor) { return record(UpsampleNearest{factor}, x); }
Var reflection_pad2d(const Var& x, Index margin) { return record(ReflectionPad2d{margin}, x); }

}  // namespace gradus
