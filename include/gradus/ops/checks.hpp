#pragma once
// Shape checks. The messages name the op, what was given, and what must hold.
#include <initializer_list>
#include <span>

#include "gradus/base/check.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Throws Error unless a and b have the same shape.
inline void check_same_shape(const char* op, const Tensor& a, const Tensor& b) {
  GRADUS_CHECK(a.shape() == b.shape(), op, ": the shapes must be equal, got ", a.shape(), " and ", b.shape());
}

/// Throws Error unless x has `rank` axes; `what` is its name in the message.
inline void check_rank(const char* op, const char* what, const Tensor& x, int rank) {
  GRADUS_CHECK(x.rank() == rank, op, ": ", what, " must have ", rank, " axes, got ", x.shape());
}

/// Throws Error unless all numbers are below 2^31.
/// For sizes, strides and paddings whose products must not overflow.
inline void check_below_2_31(const char* op, std::initializer_list<Index> numbers) {
  for (const Index number : numbers)
    GRADUS_CHECK(number < Index{1} << 31, op, ": sizes, strides and margins must be below 2^31, got ",
                 number);
}

/// The axis counted from 0; -1 means the last one. Throws Error when there is no such axis.
inline int checked_axis(const char* op, const Shape& shape, int axis) {
  GRADUS_CHECK(axis >= -shape.rank() && axis < shape.rank(), op, ": x ", shape, " has no axis ", axis,
               "; axes are counted from 0, or back from -1, the last one");
  return axis < 0 ? axis + shape.rank() : axis;
}

/// The size of the last axis. Throws Error when the rank is below 2 or that size is 0.
inline Index checked_channels(const char* op, const Tensor& x) {
  GRADUS_CHECK(x.rank() >= 2, op, ": x must be [B, C], [B, L, C] or [B, H, W, C], got ", x.shape());
  const Index C = x.shape().back();
  GRADUS_CHECK(C >= 1, op, ": x ", x.shape(), " has no channel");
  return C;
}

/// Throws Error unless every label is in 0 .. classes - 1; `what` is the name of one in the message.
inline void check_labels(const char* op, std::span<const int> labels, Index classes,
                         const char* what = "label") {
  for (const int label : labels)
    GRADUS_CHECK(label >= 0 && label < classes, op, ": ", what, " ", label, " is outside 0 .. ", classes - 1);
}

/// Throws Error for an empty tensor, which is nearly always a variable that was never set.
inline void check_not_empty(const char* op, const Tensor& x) {
  GRADUS_CHECK(x.rank() >= 1, op, ": the input is an empty tensor");
}

}  // namespace gradus
