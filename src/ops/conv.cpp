#include "gradus/ops/conv.hpp"

#include <algorithm>
#include <utility>

#include "gradus/kernels/pixel_sums.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_operands(const char* op, const Tensor& x, const Tensor& w, const Tensor& b, Pair stride,
                    Pair padding, int channels_of_w, int outputs_of_w) {
  check_rank(op, "x", x, 4);
  check_rank(op, "w", w, 4);
  GRADUS_CHECK(x.dim(3) == w.dim(channels_of_w), op, ": x ", x.shape(), " and w ", w.shape(),
               " must agree in channels: x's last axis is ", x.dim(3), ", w's axis ", channels_of_w, " is ",
               w.dim(channels_of_w));
  GRADUS_CHECK(!b || (b.rank() == 1 && b.size() == w.dim(outputs_of_w)), op, ": w ", w.shape(),
               " needs a bias [", w.dim(outputs_of_w), "], got ", b.shape());
  GRADUS_CHECK(std::min(stride.height, stride.width) >= 1 && std::min(padding.height, padding.width) >= 0, op,
               ": the stride must be at least 1 and the padding at least 0, got ", stride, " and ", padding);
  GRADUS_CHECK(x.shape().row_size() > 0 && w.size() > 0, op, ": x ", x.shape(), " and w ", w.shape(),
               " need at least one pixel, channel and weight; only the batch may be empty");
  check_below_2_31(op, {stride.height, stride.width, padding.height, padding.width, x.dim(1), x.dim(2),
                        w.dim(1), w.dim(2)});
}

/// [B, H, W, C] -> [C]
Tensor sum_over_pixels(const Tensor& dy) {
  const Index C = dy.dim(3);
  const PixelSums found(1, dy.size() / C, C, [d = dy.data()](Index i, Index, Index) {
    return PixelSums::Two{d[i], Real(0)};
  });
  Tensor sums({C});
  std::transform(found.first.begin(), found.first.end(), sums.data(),
                 [](double x) { return static_cast<Real>(x); });
  return sums;
}

}  // namespace

Window conv2d_window(const Tensor& x, const Tensor& w, const Tensor& b, Pair stride, Pair padding,
                     const char* op) {
  check_operands(op, x, w, b, stride, padding, 3, 0);
  GRADUS_CHECK(x.dim(1) + 2 * padding.height >= w.dim(1) && x.dim(2) + 2 * padding.width >= w.dim(2), op,
               ": w ", w.shape(), " [K, U, V, C] is larger than x ", x.shape(), " [B, H, W, C] with padding ",
               padding);
  return {x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(0), w.dim(1), w.dim(2), stride, padding};
}

Tensor Conv2dOp::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  window = conv2d_window(x_in, w_in, b, stride, padding, op);
  window.direct = direct || direct_convolutions();
  x = framed(window, x_in), w = w_in;
  return convolve(window, x, w, b.data());
}

Grads<3> Conv2dOp::backward(const Tensor& dy, const Needs<3>& needs) const {
  return {needs[0] ? convolve_back(window, dy, w) : Tensor(),
          needs[1] ? convolve_weights(window, x, dy) : Tensor(), needs[2] ? sum_over_pixels(dy) : Tensor()};
}

Window conv_transpose2d_window(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions& options,
                               const char* op) {
  const Pair stride = options.stride, padding = options.padding, extra = options.output_padding;
  check_operands(op, x, w, b, stride, padding, 0, 3);
  GRADUS_CHECK(
      std::min(extra.height, extra.width) >= 0 && extra.height < stride.height && extra.width < stride.width,
      op, ": the output padding must be at least 0 and below the stride ", stride, ", got ", extra);
  const Index H = stride.height * (x.dim(1) - 1) + w.dim(1) - 2 * padding.height + extra.height;
  const Index W = stride.width * (x.dim(2) - 1) + w.dim(2) - 2 * padding.width + extra.width;
  GRADUS_CHECK(H >= 1 && W >= 1, op, ": nothing is left of x ", x.shape(), " with w ", w.shape(), ", stride ",
               stride, " and padding ", padding);
  return {x.dim(0), H, W, w.dim(3), w.dim(0), w.dim(1), w.dim(2), stride, padding};
}

Tensor ConvTranspose2dOp::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  window = conv_transpose2d_window(
      x_in, w_in, b, {.stride = stride, .padding = padding, .output_padding = output_padding}, op);
  window.direct = direct || direct_convolutions();
  x = x_in, w = w_in;
  return convolve_back(window, x, w, b.data());
}

// the gradients change places: dx is the plain convolution, and dy is the picture for dw
Grads<3> ConvTranspose2dOp::backward(const Tensor& dy, const Needs<3>& needs) const {
  const Tensor picture = needs[0] || needs[1] ? framed(window, dy) : Tensor();
  return {needs[0] ? convolve(window, picture, w) : Tensor(),
          needs[1] ? convolve_weights(window, picture, x) : Tensor(),
          needs[2] ? sum_over_pixels(dy) : Tensor()};
}

Var conv2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options) {
  return record(Conv2dOp{options.stride, options.padding, options.direct}, x, w, b);
}
Var conv2d(const Var& x, const Var& w, const ConvOptions& options) {
  return record(Conv2dOp{options.stride, options.padding, options.direct}, x, w, Tensor());
}
Var conv_transpose2d(const Var& x, const Var& w, const Var& b, const ConvOptions& options) {
  return record(ConvTranspose2dOp{options.stride, options.padding, options.output_padding, options.direct}, x,
                w, b);
}
Var conv_transpose2d(const Var& x, const Var& w, const ConvOptions& options) {
  return record(ConvTranspose2dOp{options.stride, options.padding, options.output_padding, options.direct}, x,
                w, Tensor());
}

}  // namespace gradus
