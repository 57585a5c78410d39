#pragma once
// Arithmetic element by element. Equal shapes, always: a broadcast has a name (ops/broadcast.hpp).
#include "gradus/autograd/var.hpp"

namespace gradus {

// y_i = a_i (+, -, *, /) b_i. Throw Error when the shapes differ.
Var add(const Var& a, const Var& b);
Var subtract(const Var& a, const Var& b);
Var multiply(const Var& a, const Var& b);
Var divide(const Var& a, const Var& b);
inline Var operator+(const Var& a, const Var& b) { return add(a, b); }
inline Var operator-(const Var& a, const Var& b) { return subtract(a, b); }
inline Var operator*(const Var& a, const Var& b) { return multiply(a, b); }
inline Var operator/(const Var& a, const Var& b) { return divide(a, b); }

/// y = factor x + offset, with two numbers.
Var affine(const Var& x, Real factor, Real offset);
inline Var operator*(Real factor, const Var& x) { return affine(x, factor, 0); }
inline Var operator*(const Var& x, Real factor) { return affine(x, factor, 0); }
inline Var operator/(const Var& x, Real divisor) { return affine(x, 1 / divisor, 0); }
inline Var operator+(const Var& x, Real offset) { return affine(x, 1, offset); }
inline Var operator-(const Var& x, Real offset) { return affine(x, 1, -offset); }
inline Var operator+(Real offset, const Var& x) { return affine(x, 1, offset); }
inline Var operator-(Real offset, const Var& x) { return affine(x, -1, offset); }
inline Var operator-(const Var& x) { return affine(x, -1, 0); }

/// y = numerator / x, with a number.
Var divide(Real numerator, const Var& x);
inline Var operator/(Real numerator, const Var& x) { return divide(numerator, x); }

Var exp(const Var& x);
Var log(const Var& x);   ///< -inf at 0, NaN below, as IEEE says
Var sqrt(const Var& x);  ///< its gradient is infinite at 0
Var square(const Var& x);
Var abs(const Var& x);  ///< gradient 0 at 0
/// y = min(max(x, low), high); the gradient is 1 strictly inside and 0 elsewhere.
Var clamp(const Var& x, Real low, Real high);
/// y = x^exponent, with a number. As std::pow: NaN where x < 0 and the exponent is no whole number.
Var pow(const Var& x, Real exponent);

// The larger (the smaller) of a_i and b_i. Equals share the gradient: half each. NaN in either gives NaN.
// Throw Error when the shapes differ.
Var maximum(const Var& a, const Var& b);
Var minimum(const Var& a, const Var& b);

/// y_i = a_i where mask_i is not 0, else b_i. Nothing of the other one reaches y or the gradients, not even
/// NaN. Throws Error when the three shapes differ.
Var where(const Tensor& mask, const Var& a, const Var& b);

}  // namespace gradus
