#include "gradus/ops/reduction.hpp"

#include <algorithm>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
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

/// x as [outer, N, inner], N the size of an axis.
struct AroundAxis {
  Index outer = 1, N = 1, inner = 1;
  AroundAxis() = default;
  AroundAxis(const Shape& shape, int axis) : N(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
};

/// dx_oni = f(index of oni) dy_oi, the gradient of a sum over the axis: dx of `shape`
template <class F>
Tensor spread(const Tensor& dy, const Shape& shape, const AroundAxis& along, F f) {
  const auto [outer, N, inner] = along;
  if (inner == 1) return scaled_rows(dy, {outer, N}, f).reshape(shape);
  Tensor dx(shape);
  const Real* d = dy.data();
  Real* out = dx.data();
  for_rows(outer * N, dx.size(), [=, N = N, inner = inner](Index row) {
    const Real* of_row = d + row / N * inner;
#pragma omp simd
    for (Index i = 0; i < inner; ++i) out[row * inner + i] = f(row * inner + i) * of_row[i];
  });
  return dx;
}

/// y_oi = f sum_n x_oni       dx_oni = f dy_oi
struct AxisSums {
  const char* op;
  int axis;
  bool divide;
  Shape from{};
  AroundAxis along{};
  Real factor = 1;
  Tensor forward(const Tensor& x) {
    from = x.shape();
    along = AroundAxis(from, axis);
    const auto [outer, N, inner] = along;
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
    return {spread(dy, from, along, [f = factor](Index) { return f; })};
  }
};

/// The axis counted from 0. Throws Error when there is none, or its size is 0.
int filled_axis(const char* op, const Tensor& x, int axis) {
  const int counted = checked_axis(op, x.shape(), axis);
  GRADUS_CHECK(x.dim(counted) > 0, op, ": axis ", axis, " of x ", x.shape(), " has no elements");
  return counted;
}

/// y_oi = log sum_n e^x_oni      dx_oni = w_oni dy_oi,  w_oni = e^x_oni / sum_n e^x_oni
struct LogSumExp {
  int axis;
  Tensor w{};
  Tensor forward(const Tensor& x) {
    const AroundAxis along(x.shape(), axis);
    const Index N = along.N, inner = along.inner;
    w = Tensor(x.shape());
    Tensor y(x.shape().without_axis(axis));
    for_rows(along.outer, x.size(), [=, in = x.data(), out = y.data(), weights = w.data()](Index o) {
      if (inner == 1) {
        const auto [largest, sum] = row_weights(in + o * N, N, weights + o * N);
        out[o] = largest + fast_log(sum);
        return;
      }
      static thread_local std::vector<Real> row;  // the numbers side by side, then their weights
      row.resize(static_cast<std::size_t>(2 * N));
      Real *numbers = row.data(), *shares = numbers + N;
      for (Index i = 0; i < inner; ++i) {
        const Index first = o * N * inner + i;
        for (Index n = 0; n < N; ++n) numbers[n] = in[first + n * inner];
        const auto [largest, sum] = row_weights(numbers, N, shares);
        for (Index n = 0; n < N; ++n) weights[first + n * inner] = shares[n];
        out[o * inner + i] = largest + fast_log(sum);
      }
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    return {spread(dy, w.shape(), AroundAxis(w.shape(), axis),
                   [weights = w.data()](Index at) { return weights[at]; })};
  }
};

/// For every o and i, the n of the largest x_oni.
std::vector<int> largest_places(const Tensor& x, int axis) {
  const AroundAxis along(x.shape(), axis);
  const Index N = along.N, inner = along.inner;
  std::vector<int> places(static_cast<std::size_t>(along.outer * inner));
  for_rows(along.outer, x.size(), [=, in = x.data(), out = places.data()](Index o) {
    for (Index i = 0; i < inner; ++i) {
      const Real* at = in + o * N * inner + i;
      Index best = 0;
      for (Index n = 1; n < N; ++n) {
        const Real top = at[best * inner], here = at[n * inner];
        if (here > top || (here != here && top == top)) best = n;  // NaN is the maximum
      }
      out[o * inner + i] = static_cast<int>(best);
    }
  });
  return places;
}

/// y_oi = max_n x_oni            dx_oni = dy_oi at the largest, else 0
struct Max {
  int axis;
  Shape from{};
  std::vector<int> places{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    places = largest_places(x, axis);
    const AroundAxis along(from, axis);
    Tensor y(from.without_axis(axis));
    for (Index i = 0; i < y.size(); ++i) y[i] = x[place(along, i)];
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const AroundAxis along(from, axis);
    Tensor dx = Tensor::zeros(from);
    for (Index i = 0; i < dy.size(); ++i) dx[place(along, i)] = dy[i];
    return {dx};
  }
  /// The index in x of the largest element for element i of y.
  Index place(const AroundAxis& along, Index i) const {
    return (i / along.inner * along.N + places[static_cast<std::size_t>(i)]) * along.inner + i % along.inner;
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

Var log_sum_exp(const Var& x, int axis) {
  return record(LogSumExp{filled_axis("log_sum_exp", x.value(), axis)}, x);
}
Var max(const Var& x, int axis) { return record(Max{filled_axis("max", x.value(), axis)}, x); }
std::vector<int> argmax(const Tensor& x, int axis) {
  return largest_places(x, filled_axis("argmax", x, axis));
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
