#include "gradus/ops/arithmetic.hpp"

#include <cmath>

#include "gradus/autograd/op.hpp"
#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// y = a + b            da = dy         db = dy
struct Add {
  Tensor forward(const Tensor& a, const Tensor& b) {
    check_same_shape("add", a, b);
    return zipped(a, b, [](Real u, Real v) { return u + v; });
  }
  Grads<2> backward(const Tensor& dy) const { return {dy, dy}; }
};

/// y = a - b            da = dy         db = -dy
struct Subtract {
  Tensor forward(const Tensor& a, const Tensor& b) {
    check_same_shape("subtract", a, b);
    return zipped(a, b, [](Real u, Real v) { return u - v; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    return {dy, needs[1] ? mapped(dy, [](Real d) { return -d; }) : Tensor()};
  }
};

/// y = a b              da = dy b       db = dy a
struct Multiply {
  Tensor a{}, b{};
  Tensor forward(const Tensor& a_in, const Tensor& b_in) {
    check_same_shape("multiply", a_in, b_in);
    a = a_in, b = b_in;
    return zipped(a, b, [](Real u, Real v) { return u * v; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    const auto product = [](Real d, Real other) { return d * other; };
    return {needs[0] ? zipped(dy, b, product) : Tensor(), needs[1] ? zipped(dy, a, product) : Tensor()};
  }
};

/// y = a / b            da = dy / b     db = -dy y / b
struct Divide {
  Tensor b{}, y{};
  Tensor forward(const Tensor& a, const Tensor& b_in) {
    check_same_shape("divide", a, b_in);
    b = b_in;
    return y = zipped(a, b, [](Real u, Real v) { return u / v; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    Grads<2> grads;
    if (needs[0]) grads[0] = zipped(dy, b, [](Real d, Real v) { return d / v; });
    if (needs[1]) {
      grads[1] = Tensor(dy.shape());
      zip(dy.size(), dy.data(), y.data(), b.data(), grads[1].data(),
          [](Real d, Real q, Real v) { return -d * q / v; });
    }
    return grads;
  }
};

/// y = n / x            dx = -dy y / x
struct Quotient {
  static constexpr const char* op = "divide";
  Real numerator;
  Tensor x{}, y{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return y = mapped(x, [n = numerator](Real v) { return n / v; });
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(dy.shape());
    zip(dy.size(), dy.data(), y.data(), x.data(), dx.data(),
        [](Real d, Real q, Real v) { return -d * q / v; });
    return {dx};
  }
};

/// y = f x + c          dx = f dy
struct Affine {
  Real factor, offset;
  Tensor forward(const Tensor& x) {
    return mapped(x, [f = factor, c = offset](Real v) { return f * v + c; });
  }
  Grads<1> backward(const Tensor& dy) const {
    if (factor == 1) return {dy};
    return {mapped(dy, [f = factor](Real d) { return f * d; })};
  }
};

/// y = e^x              dx = dy y
struct Exp {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    return y = mapped(x, [](Real v) { return fast_exp(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, y, [](Real d, Real e) { return d * e; })};
  }
};

/// y = log x            dx = dy / x
struct Log {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [](Real v) { return fast_log(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [](Real d, Real v) { return d / v; })};
  }
};

/// y = sqrt(x)          dx = dy / (2 y)
struct Sqrt {
  Tensor y{};
  Tensor forward(const Tensor& x) {
    return y = mapped(x, [](Real v) { return std::sqrt(v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, y, [](Real d, Real root) { return d / (2 * root); })};
  }
};

/// y = x^2              dx = 2 x dy
struct Square {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [](Real v) { return v * v; });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [](Real d, Real v) { return 2 * v * d; })};
  }
};

/// y = |x|              dx = dy sign(x)
struct Abs {
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [](Real v) { return v < 0 ? -v : v; });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [](Real d, Real v) { return v == 0 ? Real(0) : (v < 0 ? -d : d); })};
  }
};

/// y = min(max(x, low), high)      dx = dy where low < x < high
struct Clamp {
  Real low, high;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [l = low, h = high](Real v) { return v < l ? l : (v > h ? h : v); });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, x, [l = low, h = high](Real d, Real v) { return v <= l || v >= h ? Real(0) : d; })};
  }
};

/// y = x^p              dx = dy p x^(p-1), 0 for p = 0
struct Pow {
  Real exponent;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    return mapped(x, [p = exponent](Real v) { return std::pow(v, p); });
  }
  Grads<1> backward(const Tensor& dy) const {
    if (exponent == 0) return {Tensor::zeros(dy.shape())};
    return {zipped(dy, x, [p = exponent](Real d, Real v) { return d * p * std::pow(v, p - 1); })};
  }
};

/// side 1: y = max(a, b), side -1: y = min(a, b)
/// da = dy where side a > side b, dy / 2 where a = b, else 0; db likewise
struct Extreme {
  const char* op;
  Real side;
  Tensor a{}, b{};
  Tensor forward(const Tensor& a_in, const Tensor& b_in) {
    check_same_shape(op, a_in, b_in);
    a = a_in, b = b_in;
    return zipped(a, b, [s = side](Real u, Real v) { return s * u > s * v || u != u ? u : v; });
  }
  Grads<2> backward(const Tensor& dy, const Needs<2>& needs) const {
    const auto share = [&](const Tensor& mine, const Tensor& other) {
      Tensor grad(dy.shape());
      zip(dy.size(), dy.data(), mine.data(), other.data(), grad.data(), [s = side](Real d, Real u, Real v) {
        const Real kept = u == v ? d * Real(0.5) : d;  // two selections in a row can use vectors
        return s * u < s * v ? Real(0) : kept;         // both operands get d where one is NaN
      });
      return grad;
    };
    return {needs[0] ? share(a, b) : Tensor(), needs[1] ? share(b, a) : Tensor()};
  }
};

/// y = a where m != 0, else b     da = dy where m != 0, else 0     db = dy where m = 0, else 0
struct Where {
  Tensor mask{};
  Tensor forward(const Tensor& mask_in, const Tensor& a, const Tensor& b) {
    mask = mask_in;
    check_same_shape("where", a, b);
    check_same_shape("where", mask, a);
    Tensor y(a.shape());
    zip(a.size(), mask.data(), a.data(), b.data(), y.data(),
        [](Real m, Real u, Real v) { return m != 0 ? u : v; });
    return y;
  }
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const {
    Grads<3> grads;
    if (needs[1]) grads[1] = zipped(dy, mask, [](Real d, Real m) { return m != 0 ? d : Real(0); });
    if (needs[2]) grads[2] = zipped(dy, mask, [](Real d, Real m) { return m != 0 ? Real(0) : d; });
    return grads;
  }
};

/// Checks before recording, so that messages have the name that the caller used.
Var extreme(const Extreme& op, const Var& a, const Var& b) {
  check_not_empty(op.op, a.value());
  check_same_shape(op.op, a.value(), b.value());
  return record(op, a, b);
}

}  // namespace

Var add(const Var& a, const Var& b) { return record(Add{}, a, b); }
Var subtract(const Var& a, const Var& b) { return record(Subtract{}, a, b); }
Var multiply(const Var& a, const Var& b) { return record(Multiply{}, a, b); }
Var divide(const Var& a, const Var& b) { return record(Divide{}, a, b); }
Var divide(Real numerator, const Var& x) {
  check_not_empty("divide", x.value());
  return record(Quotient{numerator}, x);
}
Var affine(const Var& x, Real factor, Real offset) { return record(Affine{factor, offset}, x); }
Var exp(const Var& x) { return record(Exp{}, x); }
Var log(const Var& x) { return record(Log{}, x); }
Var sqrt(const Var& x) { return record(Sqrt{}, x); }
Var square(const Var& x) { return record(Square{}, x); }
Var abs(const Var& x) { return record(Abs{}, x); }
Var pow(const Var& x, Real exponent) { return record(Pow{exponent}, x); }
Var maximum(const Var& a, const Var& b) { return extreme({"maximum", 1}, a, b); }
Var minimum(const Var& a, const Var& b) { return extreme({"minimum", -1}, a, b); }
Var where(const Tensor& mask, const Var& a, const Var& b) { return record(Where{}, Var(mask), a, b); }

Var clamp(const Var& x, Real low, Real high) {
  GRADUS_CHECK(low < high, "clamp: low ", low, " must be below high ", high);
  return record(Clamp{low, high}, x);
}

}  // namespace gradus
