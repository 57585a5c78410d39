#pragma once
// Sums and means. x [B, ..] is read as a matrix [B, K] with one row per example.
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

}  // namespace gradus
