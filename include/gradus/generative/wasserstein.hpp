#pragma once
// The earth mover's distance of two sets of numbers.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// wasserstein1: the average distance by which the samples of one set must be moved to become the other set,
/// in one dimension. In units of x; it keeps growing where JS is constant at log 2.
///
///   a [N], b [M]  (or [N, 1], [M, 1])      W1 = integral over t in (0, 1) of | a_(t) - b_(t) |
///
/// where a_(t) is the quantile function of the sorted samples; for N = M it is the mean of |a_(i) - b_(i)|.
/// Throws Error when either is empty or has another shape.
double wasserstein1(const Tensor& a, const Tensor& b);

}  // namespace gradus
