#include "gradus/generative/cycle_loss.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor CycleLoss::forward(const Tensor& returned_in, const Tensor& x_in) {
  check_not_empty(op, returned_in);
  check_same_shape(op, returned_in, x_in);
  GRADUS_CHECK(returned_in.shape().row_size() > 0, op, ": an example of ", returned_in.shape(),
               " has no values");
  returned = returned_in, x = x_in;  // backward needs them
  // [12.1]
  // l_b = 1/K sum_k |y_bk - x_bk|
  const Index B = x.dim(0), K = x.shape().row_size();
  const Real *y = returned.data(), *t = x.data();
  Tensor l({B});
  row_sums(B, K, l.data(), [=](Index b, Index k) {
    const Real difference = y[b * K + k] - t[b * K + k];
    return difference < 0 ? -difference : difference;
  });
  return mapped(l, [K](Real sum) { return sum / static_cast<Real>(K); });
  // [end]
}

Grads<2> CycleLoss::backward(const Tensor& dl) const {
  // [12.2]
  // dy = sign(y - x) dl / K
  const Real share = 1 / static_cast<Real>(x.shape().row_size());
  const Real *y = returned.data(), *t = x.data();
  return {scaled_rows(dl, x.shape(),
                      [=](Index i) { return y[i] == t[i] ? Real(0) : (y[i] < t[i] ? -share : share); }),
          Tensor()};
  // [end]
}

Var cycle_loss(const Var& returned, const Tensor& x) { return record(CycleLoss{}, returned, x); }
Var identity_loss(const Var& kept, const Tensor& x) {
  return record(CycleLoss{.op = "identity_loss"}, kept, x);
}

}  // namespace gradus
