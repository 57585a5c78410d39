#include "gradus/ops/window.hpp"

#include <algorithm>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// Squares over pictures.
struct Squares {
  Index size, stride, B, H, W, C, I, J;
  Squares(const char* op, const Tensor& x, Index size_in, Index stride_in)
      : size(size_in), stride(stride_in > 0 ? stride_in : size_in) {
    check_rank(op, "x", x, 4);
    B = x.dim(0), H = x.dim(1), W = x.dim(2), C = x.dim(3);
    GRADUS_CHECK(size >= 1 && size <= H && size <= W, op, ": a square of ", size, " pixels must fit into x ",
                 x.shape());
    GRADUS_CHECK(stride_in >= 0, op, ": the stride must be at least 1, or 0 for the square's size, got ",
                 stride_in);
    I = (H - size) / stride + 1, J = (W - size) / stride + 1;
  }
  Shape out() const { return {B, I, J, C}; }
  /// Calls body(first number of the output row, first number of the input row) for all rows, in parallel.
  template <class Body>
  void for_output_rows(Body body) const {
    for_rows(B * I, B * I * J * C * size * size,
             [&](Index row) { body(row * J * C, (row / I * H + row % I * stride) * W * C); });
  }
};

/// y = max over the square        dx = dy where the maximum was
struct MaxPool2d {
  Index size, stride;
  Shape shape{};
  std::vector<Index> winner{};
  Tensor forward(const Tensor& x) {
    const Squares q("max_pool2d", x, size, stride);
    shape = x.shape();
    Tensor y(q.out());
    winner.resize(static_cast<std::size_t>(y.size()));
    q.for_output_rows([&, from = x.data(), to = y.data()](Index out, Index in) {
      for (Index j = 0; j < q.J; ++j)
        for (Index c = 0; c < q.C; ++c) {
          Index best = in + j * q.stride * q.C + c;
          for (Index u = 0; u < q.size; ++u)
            for (Index v = 0; v < q.size; ++v) {
              const Index here = in + (u * q.W + j * q.stride + v) * q.C + c;
              if (from[here] > from[best] || from[here] != from[here]) best = here;  // NaN wins
            }
          to[out + j * q.C + c] = from[best];
          winner[static_cast<std::size_t>(out + j * q.C + c)] = best;
        }
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(shape);
    const Index picture = dy.shape().row_size();
    for_rows(shape[0], dy.size(), [&](Index b) {
      for (Index i = b * picture; i < (b + 1) * picture; ++i)
        dx[winner[static_cast<std::size_t>(i)]] += dy[i];
    });
    return {dx};
  }
};

/// y = mean over the square       dx = dy / size^2 for all of it
struct AveragePool2d {
  Index size, stride;
  Shape shape{};
  Tensor forward(const Tensor& x) {
    const Squares q("average_pool2d", x, size, stride);
    shape = x.shape();
    Tensor y = Tensor::zeros(q.out());
    const Real share = 1 / static_cast<Real>(size * size);
    q.for_output_rows([&, from = x.data(), to = y.data()](Index out, Index in) {
      for (Index j = 0; j < q.J; ++j)
        for (Index u = 0; u < q.size; ++u)
          for (Index v = 0; v < q.size; ++v)
            for (Index c = 0; c < q.C; ++c)
              to[out + j * q.C + c] += share * from[in + (u * q.W + j * q.stride + v) * q.C + c];
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(shape);
    const Squares q("average_pool2d", dx, size, stride);
    const Real share = 1 / static_cast<Real>(size * size);
    for_rows(q.B, dy.size() * size * size, [&](Index b) {  // squares may overlap within a picture
      for (Index i = 0; i < q.I; ++i)
        for (Index j = 0; j < q.J; ++j)
          for (Index u = 0; u < q.size; ++u)
            for (Index v = 0; v < q.size; ++v)
              for (Index c = 0; c < q.C; ++c)
                dx[((b * q.H + i * q.stride + u) * q.W + j * q.stride + v) * q.C + c] +=
                    share * dy[((b * q.I + i) * q.J + j) * q.C + c];
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

/// y[h, w] = x[m(h), m(w)], m the mirror        dx = the sum of all that saw it
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

Var max_pool2d(const Var& x, Index size, Index stride) { return record(MaxPool2d{size, stride}, x); }
Var average_pool2d(const Var& x, Index size, Index stride) { return record(AveragePool2d{size, stride}, x); }
Var upsample_nearest(const Var& x, Index factor) { return record(UpsampleNearest{factor}, x); }
Var reflection_pad2d(const Var& x, Index margin) { return record(ReflectionPad2d{margin}, x); }

}  // namespace gradus
