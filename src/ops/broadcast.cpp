#include "gradus/ops/broadcast.hpp"

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

enum class Along { rows, columns, scalar };

/// x as rows of `width` numbers; index of the second operand's element for (b, k): row_step b + column_step
/// k.
struct Layout {
  Index rows, width, row_step, column_step;
};

Layout layout(const char* op, Along along, const Tensor& x, const Tensor& v) {
  check_not_empty(op, x);
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
    const Real* w = second + l.row_step * b;
    if (l.column_step) {
      for (Index k = 0; k < l.width; ++k) out[b * l.width + k] = f(in[b * l.width + k], w[k]);
    } else {
      for (Index k = 0; k < l.width; ++k) out[b * l.width + k] = f(in[b * l.width + k], w[0]);
    }
  });
  return y;
}

/// The gradient of a stretched operand is the sum over what it was stretched along.
template <class Term>
Tensor squeezed(Along along, const Layout& l, Term term) {
  if (along == Along::scalar) {
    Tensor sum({1});
    sum[0] = total(l.rows * l.width, term);
    return sum;
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

}  // namespace

Var add_row(const Var& x, const Var& row) { return record(AddAlong{"add_row", Along::rows}, x, row); }
Var multiply_row(const Var& x, const Var& row) {
  return record(MultiplyAlong{"multiply_row", Along::rows}, x, row);
}
Var add_column(const Var& x, const Var& column) {
  return record(AddAlong{"add_column", Along::columns}, x, column);
}
Var multiply_column(const Var& x, const Var& column) {
  return record(MultiplyAlong{"multiply_column", Along::columns}, x, column);
}
Var add_scalar(const Var& x, const Var& scalar) {
  return record(AddAlong{"add_scalar", Along::scalar}, x, scalar);
}
Var multiply_scalar(const Var& x, const Var& scalar) {
  return record(MultiplyAlong{"multiply_scalar", Along::scalar}, x, scalar);
}

}  // namespace gradus
