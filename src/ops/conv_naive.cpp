#include "gradus/ops/conv.hpp"

namespace gradus {
// [3]
// Forward and backward share one traversal: every weight w[k,u,v,c] connects one input pixel
// x[b, s i + u - p, s j + v - p, c] with one output y[b,i,j,k]. Each connection adds
// x w to y, dy w to dx and dy x to dw.
namespace {

/// Calls joined(index in the picture, in the weights, in the answer) for every connection inside the picture.
template <class Joined>
void for_each_join(const Shape& picture, const Shape& weights, const Shape& answer, Index s, Index p,
                   Joined joined) {
  const Index B = picture[0], H = picture[1], W = picture[2], C = picture[3];
  const Index K = weights[0], U = weights[1], V = weights[2], I = answer[1], J = answer[2];
  for (Index b = 0; b < B; ++b)
    for (Index i = 0; i < I; ++i)
      for (Index j = 0; j < J; ++j)
        for (Index k = 0; k < K; ++k)
          for (Index u = 0; u < U; ++u)
            for (Index v = 0; v < V; ++v)
              for (Index c = 0; c < C; ++c) {
                const Index y = s * i + u - p, x = s * j + v - p;
                if (y < 0 || y >= H || x < 0 || x >= W) continue;
                joined(((b * H + y) * W + x) * C + c, ((k * U + u) * V + v) * C + c,
                       ((b * I + i) * J + j) * K + k);
              }
}

Tensor sum_over_pixels(const Tensor& dy) {
  const Index C = dy.dim(3);
  Tensor sums = Tensor::zeros({C});
  for (Index n = 0; n < dy.size(); ++n) sums[n % C] += dy[n];
  return sums;
}

/// b at every pixel, or zeros if there is no b.
Tensor start_from(const Tensor& b, const Shape& shape) {
  Tensor y = Tensor::zeros(shape);
  if (b)
    for (Index n = 0; n < y.size(); ++n) y[n] = b[n % b.size()];
  return y;
}

}  // namespace
// [end]

Tensor NaiveConv2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error if the shapes do not fit
  conv2d_window(x_in, w_in, b, stride, padding);
  x = x_in, w = w_in;  // backward needs them
  // [3.1]
  Tensor y = start_from(b, {x.dim(0), (x.dim(1) + 2 * padding - w.dim(1)) / stride + 1,
                            (x.dim(2) + 2 * padding - w.dim(2)) / stride + 1, w.dim(0)});
  for_each_join(x.shape(), w.shape(), y.shape(), stride, padding,
                [&](Index n, Index weight, Index m) { y[m] += x[n] * w[weight]; });
  return y;
  // [end]
}

Grads<3> NaiveConv2d::backward(const Tensor& dy) const {
  // [3.2]
  Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
  for_each_join(x.shape(), w.shape(), dy.shape(), stride, padding, [&](Index n, Index weight, Index m) {
    dx[n] += dy[m] * w[weight];
    dw[weight] += dy[m] * x[n];
  });
  return {dx, dw, sum_over_pixels(dy)};
  // [end]
}

Tensor NaiveConvTranspose2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error if the shapes do not fit
  conv_transpose2d_window(x_in, w_in, b,
                          {.stride = stride, .padding = padding, .output_padding = output_padding});
  x = x_in, w = w_in;  // backward needs them
  // [3.3]
  const Index grow = output_padding - 2 * padding;
  Tensor y = start_from(b, {x.dim(0), stride * (x.dim(1) - 1) + w.dim(1) + grow,
                            stride * (x.dim(2) - 1) + w.dim(2) + grow, w.dim(3)});
  for_each_join(y.shape(), w.shape(), x.shape(), stride, padding,
                [&](Index n, Index weight, Index m) { y[n] += x[m] * w[weight]; });
  return y;
  // [end]
}

Grads<3> NaiveConvTranspose2d::backward(const Tensor& dy) const {
  // [3.4]
  Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
  for_each_join(dy.shape(), w.shape(), x.shape(), stride, padding, [&](Index n, Index weight, Index m) {
    dx[m] += dy[n] * w[weight];
    dw[weight] += dy[n] * x[m];
  });
  return {dx, dw, sum_over_pixels(dy)};
  // [end]
}

}  // namespace gradus
