#pragma once
// Sums, means, maxima and log_sum_exp. x [B, ..] is read as a matrix [B, K] with one row per example.
#include <vector>

#include "gradus/autograd/var.hpp"

namespace gradus {

// The means throw Error when they are taken over no elements.
Var sum(const Var& x);           ///< [1]  sum of all elements
Var mean(const Var& x);          ///< [1]  mean of all elements; the batch mean of a loss [B]
Var row_sums(const Var& x);      ///< [B]  y_b = sum_k x_bk
Var row_means(const Var& x);     ///< [B]  y_b = 1/K sum_k x_bk
Var column_sums(const Var& x);   ///< [K]  y_k = sum_b x_bk
Var column_means(const Var& x);  ///< [K]  y_k = 1/B sum_b x_bk

/// Along one axis, which is removed: [B, H, W, C], axis 3 -> [B, H, W]; [K], axis 0 -> [1]. Axes are counted
/// from 0, or backwards from -1. Throw Error when there is no such axis; mean also for an axis of size 0.
Var sum(const Var& x, int axis);
Var mean(const Var& x, int axis);

/// log sum_n e^x_n along one axis, which is removed: finite for finite x, and for an infinite maximum that
/// maximum. The gradient is dy softmax(x). Throws Error when there is no such axis or its size is 0.
Var log_sum_exp(const Var& x, int axis = -1);

// The largest element along one axis, which is removed, and its index along that axis, in row-major order of
// the other axes. The first of equal elements counts, and NaN is larger than every number.
// Throw Error when there is no such axis or its size is 0.
Var max(const Var& x, int axis);                     ///< the gradient goes to the element that counts
std::vector<int> argmax(const Tensor& x, int axis);  ///< usable as labels

}  // namespace gradus
