// Your file for exercise 1. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/ops/activation.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor Relu::forward(const Tensor& x) {
  // TODO(1.1) Keep y = max(x, 0) in the member `y`, which backward reads, and return it.
  // The result is a new tensor of x's shape, any rank: x itself stays unchanged.
  // NaN stays NaN, so that an invalid number remains visible.
  todo("1.1", x);
}

Grads<1> Relu::backward(const Tensor& dy) const {
  // TODO(1.2) Return { dL/dx }, of y's shape, from dy = dL/dy. The op keeps y, not x,
  // so y must show which elements were positive. At x = 0, where relu has no derivative, the gradient is 0.
  todo("1.2", dy);
}

Var relu(const Var& x) { return record(Relu{}, x); }

namespace {

/// y = x or a x         dx = dy or a dy
struct LeakyRelu {
  Real slope;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    // the sum of two terms, one of which is 0: no branch, so that the loop can use vectors
    return mapped(x, [a = slope](Real v) { return (v < 0 ? 0 : v) + a * (v > 0 ? 0 : v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [a = slope](Real d, Real v) { return (v > 0 ? d : 0) + a * (v > 0 ? 0 : d); })};
  }
};

/// y = 1 / (1 + e^-x)   dx = dy y (1 - y)
struct Sigmoid {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    return y = mapped(x, [](Real v) { return fast_sigmoid(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, y, [](Real d, Real s) { return d * s * (1 - s); })};
  }
};

/// y = tanh x           dx = dy (1 - y^2)
struct Tanh {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    return y = mapped(x, [](Real v) { return fast_tanh(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, y, [](Real d, Real t) { return d * (1 - t * t); })};
  }
};

/// y = log(1 + e^x)     dx = dy sigmoid(x)
struct Softplus {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [](Real v) { return fast_softplus(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [](Real d, Real v) { return d * fast_sigmoid(v); })};
  }
};

/// y = x s, s = sigmoid(x)      dx = dy (s + y (1 - s))
struct Silu {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [](Real v) { return v * fast_sigmoid(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [](Real d, Real v) {
      const Real s = fast_sigmoid(v);
      return d * (s + v * s * (1 - s));
    })};
  }
};

/// y_k = e^x_k / sum e^x        dx_k = y_k (dy_k - sum_j y_j dy_j)
struct Softmax {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    y = Tensor(x.shape());
    const Index width = x.shape().back(), rows = width ? x.size() / width : 0;
    const Real* in = x.data();
    Real* out = y.data();
    for_rows(rows, x.size(), [=](Index b) {
      const Real sum = row_exps(in + b * width, width, out + b * width).sum;
#pragma omp simd
      for (Index k = 0; k < width; ++k) out[b * width + k] /= sum;
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(dy.shape());
    const Index width = dy.shape().back(), rows = width ? dy.size() / width : 0;
    const Real *d = dy.data(), *p = y.data();
    Real* out = dx.data();
    for_rows(rows, dy.size(), [=](Index b) {
      const auto dot =
          static_cast<Real>(blocked_sum(b * width, (b + 1) * width, [=](Index i) { return p[i] * d[i]; }));
      for (Index i = b * width; i < (b + 1) * width; ++i) out[i] = p[i] * (d[i] - dot);
    });
    return {dx};
  }
};

/// y_k = x_k - log sum e^x      the largest is subtracted from x_k first, see row_exps
/// dx_k = dy_k - softmax(x)_k sum_j dy_j
struct LogSoftmax {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    y = Tensor(x.shape());
    const Index width = x.shape().back(), rows = width ? x.size() / width : 0;
    const Real* in = x.data();
    Real* out = y.data();
    for_rows(rows, x.size(), [=](Index b) {
      const auto [largest, sum] = row_exps(in + b * width, width, out + b * width);
      const Real top = largest, log_sum = fast_log(sum);
#pragma omp simd
      for (Index i = b * width; i < (b + 1) * width; ++i) out[i] = in[i] - top - log_sum;
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(dy.shape());
    const Index width = dy.shape().back(), rows = width ? dy.size() / width : 0;
    const Real *d = dy.data(), *log_p = y.data();
    Real* out = dx.data();
    for_rows(rows, dy.size(), [=](Index b) {
      const auto sum =
          static_cast<Real>(blocked_sum(b * width, (b + 1) * width, [=](Index i) { return d[i]; }));
      for (Index i = b * width; i < (b + 1) * width; ++i) out[i] = d[i] - fast_exp(log_p[i]) * sum;
    });
    return {dx};
  }
};

}  // namespace

Var leaky_relu(const Var& x, Real slope) { return record(LeakyRelu{slope}, x); }
Var sigmoid(const Var& x) { return record(Sigmoid{}, x); }
Var tanh(const Var& x) { return record(Tanh{}, x); }
Var softplus(const Var& x) { return record(Softplus{}, x); }
Var silu(const Var& x) { return record(Silu{}, x); }

Var softmax(const Var& x) {
  check_not_empty("softmax", x.value());
  return record(Softmax{}, x);
}

Var log_softmax(const Var& x) {
  check_not_empty("log_softmax", x.value());
  return record(LogSoftmax{}, x);
}

}  // namespace gradus
