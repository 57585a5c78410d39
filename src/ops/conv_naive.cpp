#include "gradus/ops/conv.hpp"

namespace gradus {
// SOLUTION(3)
// Forward and backward share one walk: every weight w[k,u,v,c] joins one input pixel
// x[b, s i + u - p, s j + v - p, c] to one output y[b,i,j,k]; y = x w, dx = dy w, dw = dy x along it.
namespace {

/// Calls joined(number of the picture, of the weight, of the answer) for every such triple inside the
/// picture.
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

/// b at every pixel, or zeros.
Tensor start_from(const Tensor& b, const Shape& shape) {
  Tensor y = Tensor::zeros(shape);
  if (b)
    for (Index n = 0; n < y.size(); ++n) y[n] = b[n % b.size()];
  return y;
}

}  // namespace
// END

Tensor NaiveConv2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error where they do not fit
  conv2d_window(x_in, w_in, b, stride, padding);
  x = x_in, w = w_in;  // backward needs them
  // SOLUTION(3.1: b) Return y [B, I, J, K] of x [B, H, W, C], w [K, U, V, C]; s is stride, p is padding:
  //   y[b,i,j,k] = b[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c]
  //   I = (H + 2p - U) / s + 1, rounded down; J likewise with W and V
  // Outside the picture x is zero. Without a bias b is an empty tensor: `if (b)` tells.
  //
  Tensor y = start_from(b, {x.dim(0), (x.dim(1) + 2 * padding - w.dim(1)) / stride + 1,
                            (x.dim(2) + 2 * padding - w.dim(2)) / stride + 1, w.dim(0)});
  for_each_join(x.shape(), w.shape(), y.shape(), stride, padding,
                [&](Index n, Index weight, Index m) { y[m] += x[n] * w[weight]; });
  return y;
  // END
}

Grads<3> NaiveConv2d::backward(const Tensor& dy) const {
  // SOLUTION(3.2: dy) Return { dL/dx, dL/dw, dL/db }, shaped as x, as w, and [K], from dy = dL/dy, shaped
  // as y. x and w are what the forward pass has kept. db is wanted whether or not there was a bias.
  //
  Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
  for_each_join(x.shape(), w.shape(), dy.shape(), stride, padding, [&](Index n, Index weight, Index m) {
    dx[n] += dy[m] * w[weight];
    dw[weight] += dy[m] * x[n];
  });
  return {dx, dw, sum_over_pixels(dy)};
  // END
}

Tensor NaiveConvTranspose2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error where they do not fit
  conv_transpose2d_window(x_in, w_in, b, {stride, padding, output_padding});
  x = x_in, w = w_in;  // backward needs them
  // SOLUTION(3.3: b) Return y [B, H, W, C] of x [B, I, J, K], w [K, U, V, C]; s is stride, p is padding:
  //   y[b, s i + u - p, s j + v - p, c] = b[c] + sum_ijkuv x[b,i,j,k] w[k,u,v,c]
  //   H = s (I - 1) + U - 2p + output_padding; W likewise with J and V
  // The sum is over all i, j, k, u, v that meet in that pixel of y; what falls outside of y is dropped.
  // Without a bias b is an empty tensor.
  //
  const Index grow = output_padding - 2 * padding;
  Tensor y = start_from(b, {x.dim(0), stride * (x.dim(1) - 1) + w.dim(1) + grow,
                            stride * (x.dim(2) - 1) + w.dim(2) + grow, w.dim(3)});
  for_each_join(y.shape(), w.shape(), x.shape(), stride, padding,
                [&](Index n, Index weight, Index m) { y[n] += x[m] * w[weight]; });
  return y;
  // END
}

Grads<3> NaiveConvTranspose2d::backward(const Tensor& dy) const {
  // SOLUTION(3.4: dy) Return { dL/dx, dL/dw, dL/db }, shaped as x, as w, and [C], from dy = dL/dy, shaped
  // as y. x and w are what the forward pass has kept. db is wanted whether or not there was a bias.
  //
  Tensor dx = Tensor::zeros(x.shape()), dw = Tensor::zeros(w.shape());
  for_each_join(dy.shape(), w.shape(), x.shape(), stride, padding, [&](Index n, Index weight, Index m) {
    dx[m] += dy[n] * w[weight];
    dw[weight] += dy[n] * x[m];
  });
  return {dx, dw, sum_over_pixels(dy)};
  // END
}

}  // namespace gradus
