#include "gradus/ops/losses.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor SquaredError::forward(const Tensor& y_in, const Tensor& t_in) {
  check_not_empty("squared_error", y_in);
  check_same_shape("squared_error", y_in, t_in);
  y = y_in, t = t_in;  // backward needs them
  // SOLUTION(2.1) Return one number an example, [B]:
  //   l_b = sum_k (y_bk - t_bk)^2
  // The leading axis counts the examples, k runs over all the others together: with B = y.dim(0) and
  // K = y.shape().row_size() element k of example b is y[b * K + k], whatever the rank.
  //
  const Index B = y.dim(0), K = y.shape().row_size();
  const Real *a = y.data(), *b = t.data();
  Tensor l({B});
  row_sums(B, K, l.data(), [=](Index n, Index k) {
    const Index i = n * K + k;
    return (a[i] - b[i]) * (a[i] - b[i]);
  });
  return l;
  // END
}

Grads<2> SquaredError::backward(const Tensor& dl, const Needs<2>& needs) const {
  // SOLUTION(2.2: dl, needs) Return { dL/dy, dL/dt }, both of y's shape, from dl = dL/dl [B]: every example
  // has a slope of its own. Where needs[1] is false the target is data, as in most trainings: leave its
  // gradient empty.
  //
  // dy = 2 (y - t) dl          dt = -dy
  const Index B = y.dim(0), K = y.shape().row_size();
  Tensor dy(y.shape());
  const Real *a = y.data(), *b = t.data(), *d = dl.data();
  Real* out = dy.data();
  for_rows(B, B * K, [=](Index n) {
    const Real scale = d[n];
#pragma omp simd
    for (Index i = n * K; i < (n + 1) * K; ++i) out[i] = scale * (2 * (a[i] - b[i]));
  });
  return {dy, needs[1] ? mapped(dy, [](Real v) { return -v; }) : Tensor()};
  // END
}

Var squared_error(const Var& y, const Var& target) { return record(SquaredError{}, y, target); }

}  // namespace gradus
