#include "gradus/ops/linear.hpp"

#include <algorithm>

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

/// op(a) op(b) for each of the n matrices of a and b; op(a) [M, K], op(b) [K, N] -> c [n, M, N]. Threads
/// share the products where these are small, and else the parts of one product: the bits are the same.
void products(Transpose transpose_a, Transpose transpose_b, Index n, Index M, Index N, Index K,
              const Tensor& a, const Tensor& b, Tensor& c) {
  const Index lda = transpose_a == Transpose::no ? K : M, ldb = transpose_b == Transpose::no ? N : K;
  const auto one = [=, from_a = a.data(), from_b = b.data(), to = c.data()](Index i) {
    gemm(transpose_a, transpose_b, M, N, K, from_a + i * M * K, lda, from_b + i * K * N, ldb, to + i * M * N,
         N);
  };
  constexpr Index small = 1 << 18;
  if (M * N * K <= small && std::max({M * N, N * K, M * K}) <= small) {
    for_rows(n, n * M * N * K, one);
  } else {
    for (Index i = 0; i < n; ++i) one(i);
  }
}

/// y = a b              da = dy bT      db = aT dy        for every matrix of the batch
/// y = a bT             da = dy b       db = dyT a
struct BatchedMatmul {
  Transpose transpose_b;
  Tensor a{}, b{};
  Index n = 1, M = 0, N = 0, K = 0;
  Tensor forward(const Tensor& a_in, const Tensor& b_in) {
    const int rank = a_in.rank();
    GRADUS_CHECK((rank == 3 || rank == 4) && b_in.rank() == rank, "batched_matmul: a ", a_in.shape(),
                 " and b ", b_in.shape(), " must both have 3 or 4 axes");
    const bool turned = transpose_b == Transpose::yes;
    M = a_in.dim(rank - 2), K = a_in.dim(rank - 1), N = b_in.dim(turned ? rank - 2 : rank - 1);
    GRADUS_CHECK(b_in.dim(turned ? rank - 1 : rank - 2) == K, "batched_matmul: a ", a_in.shape(), " and b ",
                 b_in.shape(), " must share the inner size");
    for (int axis = 0; axis < rank - 2; ++axis)
      GRADUS_CHECK(a_in.dim(axis) == b_in.dim(axis), "batched_matmul: a ", a_in.shape(), " and b ",
                   b_in.shape(), " must agree in the leading sizes");
    a = a_in, b = b_in;
    n = a.dim(0) * (rank == 4 ? a.dim(1) : 1);
    Tensor y(a.shape().with_axis(rank - 1, N));
    products(Transpose::no, transpose_b, n, M, N, K, a, b, y);
    return y;
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    const bool turned = transpose_b == Transpose::yes;
    Grads<2> grads;
    if (needs[0]) {
      grads[0] = Tensor(a.shape());
      products(Transpose::no, turned ? Transpose::no : Transpose::yes, n, M, K, N, dy, b, grads[0]);
    }
    if (needs[1]) {
      grads[1] = Tensor(b.shape());
      if (turned) {
        products(Transpose::yes, Transpose::no, n, N, K, M, dy, a, grads[1]);
      } else {
        products(Transpose::yes, Transpose::no, n, K, N, M, a, dy, grads[1]);
      }
    }
    return grads;
  }
};

}  // namespace

Var matmul(const Var& a, const Var& b) { return record(Matmul{}, a, b); }
Var batched_matmul(const Var& a, const Var& b, Transpose transpose_b) {
  return record(BatchedMatmul{transpose_b}, a, b);
}

}  // namespace gradus
