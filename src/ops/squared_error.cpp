#include "gradus/ops/losses.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor SquaredError::forward(const Tensor& y_in, const Tensor& t_in) {
  check_not_empty("squared_error", y_in);
  check_same_shape("squared_error", y_in, t_in);
  y = y_in, t = t_in;  // backward needs them
  // [2.1]
  // l_b = sum_k (y_bk - t_bk)^2
  const Index B = y.dim(0), K = y.shape().row_size();
  const Real *a = y.data(), *b = t.data();
  Tensor l({B});
  row_sums(B, K, l.data(), [=](Index n, Index k) {
    const Index i = n * K + k;
    return (a[i] - b[i]) * (a[i] - b[i]);
  });
  return l;
  // [end]
}

Grads<2> SquaredError::backward(const Tensor& dl, const Needs<2>& needs) const {
  // [2.2]
  // dy = 2 (y - t) dl          dt = -dy
  const Real *a = y.data(), *b = t.data();
  const Tensor dy = scaled_rows(dl, y.shape(), [=](Index i) { return 2 * (a[i] - b[i]); });
  return {dy, needs[1] ? mapped(dy, [](Real v) { return -v; }) : Tensor()};
  // [end]
}

Var squared_error(const Var& y, const Var& target) { return record(SquaredError{}, y, target); }

}  // namespace gradus
