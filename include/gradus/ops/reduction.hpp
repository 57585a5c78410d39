#pragma once
// Sums and means. x [B, ..] is read as a matrix [B, K] of rows.
#include "gradus/autograd/var.hpp"

namespace gradus {

Var sum(const Var& x);           ///< [1]  sum of everything
Var mean(const Var& x);          ///< [1]  of everything; the batch mean of a loss [B]
Var row_sums(const Var& x);      ///< [B]  y_b = sum_k x_bk
Var row_means(const Var& x);     ///< [B]
Var column_sums(const Var& x);   ///< [K]  y_k = sum_b x_bk
Var column_means(const Var& x);  ///< [K]

/// Over one axis, which is then gone: [B, H, W, C], axis 3 -> [B, H, W]; [K], axis 0 -> [1]. Axes are counted
/// from 0, or back from -1. Throw Error for an axis that is not there, and mean for an axis of size 0.
Var sum(const Var& x, int axis);
Var mean(const Var& x, int axis);

}  // namespace gradus
