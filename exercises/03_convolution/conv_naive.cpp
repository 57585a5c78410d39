// Your file for exercise 3. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/ops/conv.hpp"

#include "gradus/base/todo.hpp"

namespace gradus {

Tensor NaiveConv2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error if the shapes do not fit
  conv2d_window(x_in, w_in, b, stride, padding);
  x = x_in, w = w_in;  // backward needs them
  // TODO(3.1) Return y [B, I, J, K] of x [B, H, W, C], w [K, U, V, C]; s is stride, p is padding:
  //   y[b,i,j,k] = b[k] + sum_uvc x[b, s i + u - p, s j + v - p, c] w[k,u,v,c]
  //   I = (H + 2p - U) / s + 1, rounded down; J likewise with W and V
  // Outside the picture x is zero. Without a bias, b is an empty tensor: test it with `if (b)`.
  todo("3.1", b);
}

Grads<3> NaiveConv2d::backward(const Tensor& dy) const {
  // TODO(3.2) Return { dL/dx, dL/dw, dL/db }, with the shapes of x and w, and [K], from dy = dL/dy, with
  // the shape of y. x and w are the tensors that the forward pass kept. Compute db with and without a bias.
  todo("3.2", dy);
}

Tensor NaiveConvTranspose2d::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  // throws Error if the shapes do not fit
  conv_transpose2d_window(x_in, w_in, b,
                          {.stride = stride, .padding = padding, .output_padding = output_padding});
  x = x_in, w = w_in;  // backward needs them
  // TODO(3.3) Return y [B, H, W, C] of x [B, I, J, K], w [K, U, V, C]; s is stride, p is padding:
  //   y[b, s i + u - p, s j + v - p, c] = b[c] + sum_ijkuv x[b,i,j,k] w[k,u,v,c]
  //   H = s (I - 1) + U - 2p + output_padding; W likewise with J and V
  // The sum is over all i, j, k, u, v with this pixel of y as their position;
  // positions outside of y are dropped. Without a bias, b is an empty tensor.
  todo("3.3", b);
}

Grads<3> NaiveConvTranspose2d::backward(const Tensor& dy) const {
  // TODO(3.4) Return { dL/dx, dL/dw, dL/db }, with the shapes of x and w, and [C], from dy = dL/dy, with
  // the shape of y. x and w are the tensors that the forward pass kept. Compute db with and without a bias.
  todo("3.4", dy);
}

}  // namespace gradus
