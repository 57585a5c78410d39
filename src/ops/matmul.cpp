#include "gradus/ops/linear.hpp"

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

Var matmul(const Var& a, const Var& b) { return record(Matmul{}, a, b); }

}  // namespace gradus
