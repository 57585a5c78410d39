#pragma once
// Element-wise arithmetic of equal shapes. Broadcasts are separate, named ops (ops/broadcast.hpp).
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

/// y = factor x + offset, with scalars.
Var affine(const Var& x, Real factor, Real offset);
inline Var operator*(Real factor, const Var& x) { return affine(x, factor, 0); }
inline Var operator*(const Var& x, Real factor) { return affine(x, factor, 0); }
inline Var operator/(const Var& x, Real divisor) { return affine(x, 1 / divisor, 0); }
inline Var operator+(const Var& x, Real offset) { return affine(x, 1, offset); }
inline Var operator-(const Var& x, Real offset) { return affine(x, 1, -offset); }
inline Var operator+(Real offset, const Var& x) { return affine(x, 1, offset); }
inline Var operator-(Real offset, const Var& x) { return affine(x, -1, offset); }
inline Var operator-(const Var& x) { return affine(x, -1, 0); }

/// y = numerator / x, with a scalar.
Var divide(Real numerator, const Var& x);
inline Var operator/(Real numerator, const Var& x) { return divide(numerator, x); }

// Element by element, any shape.
Var exp(const Var& x);
Var log(const Var& x);     ///< log x: -inf at 0, NaN below, as in IEEE 754
Var sqrt(const Var& x);    ///< the gradient is infinite at 0
Var square(const Var& x);  ///< x^2
Var abs(const Var& x);     ///< the gradient at 0 is 0
/// y = min(max(x, low), high); the gradient is 1 strictly inside and 0 elsewhere.
/// Throws Error unless low < high.
Var clamp(const Var& x, Real low, Real high);
/// y = x^exponent, with a scalar. As std::pow: NaN where x < 0 and the exponent is not an integer.
Var pow(const Var& x, Real exponent);

// The larger (smaller) of a_i and b_i. Equal values share the gradient, half each. NaN in either gives NaN.
// Throw Error when the shapes differ.
Var maximum(const Var& a, const Var& b);
Var minimum(const Var& a, const Var& b);

/// y_i = a_i where mask_i is not 0, else b_i. The value that is not selected reaches neither y nor the
/// gradients, not even as NaN. Throws Error when the three shapes differ.
Var where(const Tensor& mask, const Var& a, const Var& b);

}  // namespace gradus
