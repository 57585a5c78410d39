#pragma once
// The exponentials of a row: softmax, log_softmax, log_sum_exp and the losses made of them.
#include <cmath>
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
#pragma omp simd reduction(max : largest)
  for (Index k = 0; k < width; ++k) largest = x[k] > largest ? x[k] : largest;
  if (largest <=
      std::numeric_limits<Real>::lowest()) {  // clang's reduction begins at the lowest finite number
    largest = -std::numeric_limits<Real>::infinity();
    for (Index k = 0; k < width; ++k) largest = x[k] > largest ? x[k] : largest;
  }
  return {largest, static_cast<Real>(
                       blocked_sum(0, width, [=](Index k) { return exps[k] = fast_exp(x[k] - largest); }))};
}

/// weights_k = e^x_k / sum_k e^x_k, which is softmax, and also its limit where the maximum is infinite: the
/// elements that are equal to it share the weight. NaN makes the sum and all weights NaN.
inline RowExps row_weights(const Real* x, Index width, Real* weights) {
  const RowExps row = row_exps(x, width, weights);
  Real sum = row.sum;
  if (std::isinf(row.largest)) {  // infinity minus infinity is NaN
    const Real top = row.largest;
    sum = static_cast<Real>(blocked_sum(
        0, width, [=](Index k) { return weights[k] = x[k] == top ? Real(1) : fast_exp(x[k] - top); }));
  }
#pragma omp simd
  for (Index k = 0; k < width; ++k) weights[k] /= sum;
  return {row.largest, sum};
}

}  // namespace gradus
