#include "gradus/ops/linear.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor LinearOp::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  check_rank("linear", "x", x_in, 2);
  check_rank("linear", "w", w_in, 2);
  GRADUS_CHECK(x_in.dim(1) == w_in.dim(1), "linear: x ", x_in.shape(), " [B, I] and w ", w_in.shape(),
               " [O, I] must share I");
  GRADUS_CHECK(b.rank() == 1 && b.size() == w_in.dim(0), "linear: w ", w_in.shape(),
               " [O, I] needs b [O], got ", b.shape());
  x = x_in, w = w_in;  // backward needs them
  // [1.3]
  // y = x wT + b
  const Index B = x.dim(0), I = x.dim(1), O = w.dim(0);
  Tensor y({B, O});
  gemm(Transpose::no, Transpose::yes, B, O, I, x.data(), I, w.data(), I, y.data(), O, {.bias = b.data()});
  return y;
  // [end]
}

Grads<3> LinearOp::backward(const Tensor& dy, const Needs<3>& needs) const {
  // [1.4]
  // dx = dy w            dw = dyT x            db = sum over the batch of dy
  const Index B = x.dim(0), I = x.dim(1), O = w.dim(0);
  Grads<3> grads;
  if (needs[0]) {
    grads[0] = Tensor({B, I});
    gemm(Transpose::no, Transpose::no, B, I, O, dy.data(), O, w.data(), I, grads[0].data(), I);
  }
  if (needs[1]) {
    grads[1] = Tensor({O, I});
    gemm(Transpose::yes, Transpose::no, O, I, B, dy.data(), O, x.data(), I, grads[1].data(), I);
  }
  if (needs[2]) {
    const Real* d = dy.data();
    grads[2] = Tensor({O});
    column_sums(B, O, grads[2].data(), [=](Index n, Index o) { return d[n * O + o]; });
  }
  return grads;
  // [end]
}

Var linear(const Var& x, const Var& w, const Var& b) { return record(LinearOp{}, x, w, b); }

}  // namespace gradus
