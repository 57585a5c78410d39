#pragma once
// row_exps: what softmax, its logarithm and the cross entropy have in common.
#include <limits>

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

/// The largest of a row, and sum_k e^(x_k - largest), at least 1.
///
/// log sum_k e^x_k - x_j is log(sum) - (x_j - largest): subtract first. largest + log(sum) would lose the
/// sum's digits where the largest is large: at 1e8 a float has none left for log 3.
struct RowExps {
  Real largest, sum;
};

/// exps_k = e^(x_k - largest), so that no exponential overflows. NaN makes the sum NaN, as an infinite
/// largest does.
inline RowExps row_exps(const Real* x, Index width, Real* exps) {
  Real largest = -std::numeric_limits<Real>::infinity();
  for (Index k = 0; k < width; ++k) largest = x[k] > largest ? x[k] : largest;
  return {largest, static_cast<Real>(
                       blocked_sum(0, width, [=](Index k) { return exps[k] = fast_exp(x[k] - largest); }))};
}

}  // namespace gradus
