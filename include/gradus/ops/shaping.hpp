#pragma once
// Moving numbers without changing them: reshape, transpose, concat, slice.
#include <initializer_list>
#include <span>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// The same numbers under another shape. Throws Error when the sizes differ.
Var reshape(const Var& x, const Shape& shape);
/// One of the sizes may be -1: that axis takes what the others leave. [6, 4] under {-1, 8} -> [3, 8]
Var reshape(const Var& x, std::initializer_list<Index> sizes);

/// x [M, N] -> [N, M]
Var transpose(const Var& x);

// An axis counts from 0, or back from -1, the last one.
/// Joins along `axis`; all other sizes must agree (throws Error). [B, 3], [B, 5], axis 1 -> [B, 8]
Var concat(std::span<const Var> inputs, int axis);
Var concat(std::initializer_list<Var> inputs, int axis);

/// Indices begin .. end-1 of `axis`. begin = end gives an empty tensor. Throws Error outside the shape.
/// [B, 8], axis 1, 3, 8 -> [B, 5]
Var slice(const Var& x, int axis, Index begin, Index end);

}  // namespace gradus
