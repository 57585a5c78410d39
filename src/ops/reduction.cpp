#include "gradus/ops/reduction.hpp"

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// y = f sum x          dx = f dy everywhere
struct Sum {
  const char* op;
  Real factor;
  Shape from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    const Real* in = x.data();
    Tensor y({1});
    y[0] = static_cast<Real>(double{factor} * total(x.size(), [in](Index i) { return in[i]; }));
    return y;
  }
  Grads<1> backward(const Tensor& dy) const { return {Tensor::full(from, factor * dy[0])}; }
};

/// y_b = f sum_k x_bk   dx_bk = f dy_b
struct RowSums {
  const char* op;
  Real factor;
  Shape from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    const Index width = from.row_size();
    const Real* in = x.data();
    Tensor y({from[0]});
    row_sums(from[0], width, y.data(), [=, f = factor](Index b, Index k) { return f * in[b * width + k]; });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(from);
    const Index width = from.row_size();
    const Real* d = dy.data();
    Real* out = dx.data();
    for_rows(from[0], dx.size(), [=, f = factor](Index b) { std::fill_n(out + b * width, width, f * d[b]); });
    return {dx};
  }
};

/// y_k = f sum_b x_bk   dx_bk = f dy_k
struct ColumnSums {
  const char* op;
  Real factor;
  Shape from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    const Index width = from.row_size();
    const Real* in = x.data();
    Tensor y({width});
    column_sums(from[0], width, y.data(),
                [=, f = factor](Index b, Index k) { return f * in[b * width + k]; });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(from);
    const Index width = from.row_size();
    const Real* d = dy.data();
    Real* out = dx.data();
    for_rows(from[0], dx.size(), [=, f = factor](Index b) {
      for (Index k = 0; k < width; ++k) out[b * width + k] = f * d[k];
    });
    return {dx};
  }
};

Real one_over(const char* op, Index count) {
  GRADUS_CHECK(count > 0, op, ": the mean of no numbers is undefined");
  return Real(1) / static_cast<Real>(count);
}

/// x as [outer, N, inner]:   y_oi = f sum_n x_oni       dx_oni = f dy_oi
struct AxisSums {
  const char* op;
  int axis;
  bool divide;
  Shape from{};
  Index outer = 1, N = 1, inner = 1;
  Real factor = 1;
  Tensor forward(const Tensor& x) {
    from = x.shape();
    N = from[axis];
    for (int i = 0; i < axis; ++i) outer *= from[i];
    for (int i = axis + 1; i < x.rank(); ++i) inner *= from[i];
    if (divide) factor = one_over(op, N);
    Tensor y(from.without_axis(axis));
    if (inner == 1) {
      row_sums(outer, N, y.data(),
               [in = x.data(), N = N, f = factor](Index o, Index n) { return f * in[o * N + n]; });
      return y;
    }
    column_sums(outer, N, inner, y.data(),
                [in = x.data(), N = N, inner = inner, f = factor](Index o, Index n, Index i) {
                  return f * in[(o * N + n) * inner + i];
                });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(from);
    for_rows(outer * N, dx.size(),
             [d = dy.data(), out = dx.data(), N = N, inner = inner, f = factor](Index row) {
               for (Index i = 0; i < inner; ++i) out[row * inner + i] = f * d[row / N * inner + i];
             });
    return {dx};
  }
};

}  // namespace

Var sum(const Var& x) { return record(Sum{"sum", 1}, x); }
Var mean(const Var& x) { return record(Sum{"mean", one_over("mean", x.size())}, x); }

Var sum(const Var& x, int axis) {
  return record(AxisSums{"sum", checked_axis("sum", x.shape(), axis), false}, x);
}
Var mean(const Var& x, int axis) {
  return record(AxisSums{"mean", checked_axis("mean", x.shape(), axis), true}, x);
}

Var row_sums(const Var& x) {
  check_not_empty("row_sums", x.value());
  return record(RowSums{"row_sums", 1}, x);
}
Var row_means(const Var& x) {
  check_not_empty("row_means", x.value());
  return record(RowSums{"row_means", one_over("row_means", x.shape().row_size())}, x);
}
Var column_sums(const Var& x) {
  check_not_empty("column_sums", x.value());
  return record(ColumnSums{"column_sums", 1}, x);
}
Var column_means(const Var& x) {
  check_not_empty("column_means", x.value());
  return record(ColumnSums{"column_means", one_over("column_means", x.dim(0))}, x);
}

}  // namespace gradus
