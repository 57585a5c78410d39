#pragma once
// Shape checks that say which op, what it was given, and what must hold.
#include "gradus/base/check.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

inline void check_same_shape(const char* op, const Tensor& a, const Tensor& b) {
  GRADUS_CHECK(a.shape() == b.shape(), op, ": the shapes must be equal, got ", a.shape(), " and ", b.shape());
}

inline void check_rank(const char* op, const char* what, const Tensor& x, int rank) {
  GRADUS_CHECK(x.rank() == rank, op, ": ", what, " must have ", rank, " axes, got ", x.shape());
}

/// At least one axis: an empty tensor is nearly always a variable that was never set.
inline void check_not_empty(const char* op, const Tensor& x) {
  GRADUS_CHECK(x.rank() >= 1, op, ": the input is an empty tensor");
}

}  // namespace gradus
