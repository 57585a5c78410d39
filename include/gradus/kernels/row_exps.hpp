#pragma once
// row_exps: shared by softmax, log_softmax and cross_entropy.
#include <limits>

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

/// The maximum of a row, and sum_k e^(x_k - largest), which is at least 1.
///
/// Compute log sum_k e^x_k - x_j as log(sum) - (x_j - largest). largest + log(sum) would lose the digits of
/// the sum when the maximum is large: at 1e8 a float has no digits left for log 3.
struct RowExps {
  Real largest, sum;
};

/// exps_k = e^(x_k - largest), so that no exponential overflows.
/// NaN makes the sum NaN, and so does an infinite maximum.
inline RowExps row_exps(const Real* x, Index width, Real* exps) {
  Real largest = -std::numeric_limits<Real>::infinity();
  for (Index k = 0; k < width; ++k) largest = x[k] > largest ? x[k] : largest;
  return {largest, static_cast<Real>(
                       blocked_sum(0, width, [=](Index k) { return exps[k] = fast_exp(x[k] - largest); }))};
}

}  // namespace gradus
