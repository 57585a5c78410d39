#include "gradus/ops/broadcast.hpp"

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

enum class Along { rows, columns, scalar, channels };

/// x as rows of `width` numbers. The index of the second operand's element for row r and column k is
/// row_step (r / repeat) + column_step k.
struct Layout {
  Index rows, width, row_step, column_step, repeat = 1, examples = 0;
};

Layout layout(const char* op, Along along, const Tensor& x, const Tensor& v) {
  check_not_empty(op, x);
  if (along == Along::channels) {
    GRADUS_CHECK(x.rank() >= 2 && v.shape() == Shape({x.dim(0), x.shape().back()}), op, ": x ", x.shape(),
                 " [B, .., C] needs a second operand of shape [B, C], got ", v.shape());
    const Index B = x.dim(0), C = x.shape().back(), rows = C == 0 ? 0 : x.size() / C;
    return {rows, C, C, 1, B == 0 ? 1 : rows / B, B};
  }
  const Index rows = x.dim(0), width = x.shape().row_size();
  const Index expected = along == Along::rows ? width : along == Along::columns ? rows : 1;
  GRADUS_CHECK(v.rank() == 1 && v.size() == expected, op, ": x ", x.shape(),
               " needs a second operand of shape [", expected, "], got ", v.shape());
  return {rows, width, along == Along::columns ? 1 : 0, along == Along::rows ? 1 : 0};
}

template <class F>
Tensor combined(const Layout& l, const Tensor& x, const Tensor& v, F f) {
  Tensor y(x.shape());
  const Real *in = x.data(), *second = v.data();
  Real* out = y.data();
  for_rows(l.rows, x.size(), [=](Index b) {
    const Real* w = second + l.row_step * (b / l.repeat);
    if (l.column_step) {
      for (Index k = 0; k < l.width; ++k) out[b * l.width + k] = f(in[b * l.width + k], w[k]);
    } else {
      for (Index k = 0; k < l.width; ++k) out[b * l.width + k] = f(in[b * l.width + k], w[0]);
    }
  });
  return y;
}

/// The gradient of a stretched operand is the sum over the axes along which it is stretched.
template <class Term>
Tensor squeezed(Along along, const Layout& l, Term term) {
  if (along == Along::scalar) {
    Tensor sum({1});
    sum[0] = static_cast<Real>(total(l.rows * l.width, term));
    return sum;
  }
  if (along == Along::channels) {
    Tensor sums({l.examples, l.width});
    column_sums(l.examples, l.repeat, l.width, sums.data(),
                [=](Index b, Index pixel, Index c) { return term((b * l.repeat + pixel) * l.width + c); });
    return sums;
  }
  Tensor sums({along == Along::rows ? l.width : l.rows});
  const auto at = [=](Index b, Index k) { return term(b * l.width + k); };
  if (along == Along::rows) column_sums(l.rows, l.width, sums.data(), at);
  if (along == Along::columns) row_sums(l.rows, l.width, sums.data(), at);
  return sums;
}

/// y = x + v            dx = dy         dv = sum of dy
struct AddAlong {
  const char* op;
  Along along;
  Layout shape{};
  Tensor forward(const Tensor& x, const Tensor& v) {
    shape = layout(op, along, x, v);
    return combined(shape, x, v, [](Real a, Real b) { return a + b; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    const Real* d = dy.data();
    return {dy, needs[1] ? squeezed(along, shape, [d](Index i) { return d[i]; }) : Tensor()};
  }
};

/// y = x v              dx = dy v       dv = sum of dy x
struct MultiplyAlong {
  const char* op;
  Along along;
  Layout shape{};
  Tensor x{}, v{};
  Tensor forward(const Tensor& x_in, const Tensor& v_in) {
    shape = layout(op, along, x_in, v_in);
    x = x_in, v = v_in;
    return combined(shape, x, v, [](Real a, Real b) { return a * b; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    const Real *d = dy.data(), *in = x.data();
    Grads<2> grads;
    if (needs[0]) grads[0] = combined(shape, dy, v, [](Real a, Real b) { return a * b; });
    if (needs[1]) grads[1] = squeezed(along, shape, [d, in](Index i) { return d[i] * in[i]; });
    return grads;
  }
};

/// Checks before recording, so that messages have the name that the caller used.
template <class Op>
Var stretch(Op op, const Var& x, const Var& v) {
  layout(op.op, op.along, x.value(), v.value());
  return record(op, x, v);
}

}  // namespace

Var add_row(const Var& x, const Var& row) { return stretch(AddAlong{"add_row", Along::rows}, x, row); }
Var multiply_row(const Var& x, const Var& row) {
  return stretch(MultiplyAlong{"multiply_row", Along::rows}, x, row);
}
Var add_column(const Var& x, const Var& column) {
  return stretch(AddAlong{"add_column", Along::columns}, x, column);
}
Var multiply_column(const Var& x, const Var& column) {
  return stretch(MultiplyAlong{"multiply_column", Along::columns}, x, column);
}
Var add_scalar(const Var& x, const Var& scalar) {
  return stretch(AddAlong{"add_scalar", Along::scalar}, x, scalar);
}
Var multiply_scalar(const Var& x, const Var& scalar) {
  return stretch(MultiplyAlong{"multiply_scalar", Along::scalar}, x, scalar);
}

Var add_channels(const Var& x, const Var& channels) {
  return stretch(AddAlong{"add_channels", Along::channels}, x, channels);
}
Var multiply_channels(const Var& x, const Var& channels) {
  return stretch(MultiplyAlong{"multiply_channels", Along::channels}, x, channels);
}

}  // namespace gradus
