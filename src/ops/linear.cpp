#include "gradus/ops/linear.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// op(a) op(b) for whole tensors of rank 2.
Tensor product(Transpose transpose_a, Transpose transpose_b, const Tensor& a, const Tensor& b) {
  const bool ta = transpose_a == Transpose::yes, tb = transpose_b == Transpose::yes;
  const Index M = a.dim(ta ? 1 : 0), K = a.dim(ta ? 0 : 1), N = b.dim(tb ? 0 : 1);
  Tensor c({M, N});
  gemm(transpose_a, transpose_b, M, N, K, a.data(), a.dim(1), b.data(), b.dim(1), c.data(), N);
  return c;
}

/// y = a b              da = dy bT      db = aT dy
struct Matmul {
  Tensor a{}, b{};
  Tensor forward(const Tensor& a_in, const Tensor& b_in) {
    check_rank("matmul", "a", a_in, 2);
    check_rank("matmul", "b", b_in, 2);
    GRADUS_CHECK(a_in.dim(1) == b_in.dim(0), "matmul: a ", a_in.shape(), " and b ", b_in.shape(),
                 " must share the inner size");
    a = a_in, b = b_in;
    return product(Transpose::no, Transpose::no, a, b);
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    return {needs[0] ? product(Transpose::no, Transpose::yes, dy, b) : Tensor(),
            needs[1] ? product(Transpose::yes, Transpose::no, a, dy) : Tensor()};
  }
};

}  // namespace

Tensor LinearOp::forward(const Tensor& x_in, const Tensor& w_in, const Tensor& b) {
  check_rank("linear", "x", x_in, 2);
  check_rank("linear", "w", w_in, 2);
  GRADUS_CHECK(x_in.dim(1) == w_in.dim(1), "linear: x ", x_in.shape(), " [B, I] and w ", w_in.shape(),
               " [O, I] must share I");
  GRADUS_CHECK(b.rank() == 1 && b.size() == w_in.dim(0), "linear: w ", w_in.shape(),
               " [O, I] needs b [O], got ", b.shape());
  x = x_in, w = w_in;
  const Index B = x.dim(0), I = x.dim(1), O = w.dim(0);
  Tensor y({B, O});
  gemm(Transpose::no, Transpose::yes, B, O, I, x.data(), I, w.data(), I, y.data(), O, {.bias = b.data()});
  return y;
}

// dx = dy w            dw = dyT x            db = sum over the batch of dy
Grads<3> LinearOp::backward(const Tensor& dy, const Needs<3>& needs) const {
  Grads<3> grads;
  if (needs[0]) grads[0] = product(Transpose::no, Transpose::no, dy, w);
  if (needs[1]) grads[1] = product(Transpose::yes, Transpose::no, dy, x);
  if (needs[2]) {
    const Index O = dy.dim(1);
    const Real* d = dy.data();
    grads[2] = Tensor({O});
    column_sums(dy.dim(0), O, grads[2].data(), [=](Index n, Index o) { return d[n * O + o]; });
  }
  return grads;
}

Var matmul(const Var& a, const Var& b) { return record(Matmul{}, a, b); }
Var linear(const Var& x, const Var& w, const Var& b) { return record(LinearOp{}, x, w, b); }

}  // namespace gradus
