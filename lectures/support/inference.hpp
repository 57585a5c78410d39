#pragma once
// in_pieces: a network's outputs for a whole data set.
#include <algorithm>

#include "gradus/generative/gan_step.hpp"

namespace gradus::lecture {

/// net(x) computed 500 rows at a time, which limits the memory for activations.
/// `net` maps x [B, ..] to [B, ..], row by row.
inline Tensor in_pieces(const Tensor& x, const Network& net) {
  constexpr Index rows = 500;
  const Index N = x.dim(0);
  Tensor first = net(x.rows(0, std::min(rows, N))).value();
  if (N <= rows) return first;
  Tensor all(first.shape().with_axis(0, N));
  all.rows(0, rows).copy_from(first);
  for (Index begin = rows; begin < N; begin += rows) {
    const Index end = std::min(begin + rows, N);
    all.rows(begin, end).copy_from(net(x.rows(begin, end)).value());
  }
  return all;
}

}  // namespace gradus::lecture
