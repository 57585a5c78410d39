#pragma once
// Ops that rearrange values without changing them: reshape, transpose, concat, slice.
#include <initializer_list>
#include <span>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// The same values under another shape. Throws Error when the sizes differ. `op` is the name in messages.
Var reshape(const Var& x, const Shape& shape, const char* op = "reshape");
/// One size may be -1: that axis takes the remaining factor. [6, 4] as {-1, 8} -> [3, 8].
/// Throws Error as Shape::filled does.
Var reshape(const Var& x, std::initializer_list<Index> sizes);

/// x [M, N] -> [N, M]. Throws Error when the rank is not 2.
Var transpose(const Var& x);

// Axes are counted from 0, or backwards from -1, the last one.
/// Concatenates along `axis`: [B, 3], [B, 5], axis 1 -> [B, 8].
/// Throws Error when another size differs or the list is empty.
Var concat(std::span<const Var> inputs, int axis);
Var concat(std::initializer_list<Var> inputs, int axis);

/// Indices begin .. end-1 of `axis`: [B, 8], axis 1, 3, 8 -> [B, 5]. begin = end gives an empty tensor.
/// Throws Error outside the shape.
Var slice(const Var& x, int axis, Index begin, Index end);

}  // namespace gradus
