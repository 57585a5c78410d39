#pragma once
// Broadcasts, each by its name. Nothing else in the library stretches a shape.
//
//   x [B, ..]  is read as a matrix [B, K] of rows; K is everything under the leading axis
//   row    [K]   the same row for every b          (a bias)
//   column [B]   one number for every row          (a weight an example)
//   scalar [1]   one number                        (a learned temperature)
//
//   x [B, .., C]    channels [B, C]: one number for each channel of each example, the same for all of its
//                   pixels (a time or class embedding over a feature map)
#include "gradus/autograd/var.hpp"

namespace gradus {

// Throw Error when the second shape is not the named one.
Var add_row(const Var& x, const Var& row);             ///< y_bk = x_bk + row_k
Var multiply_row(const Var& x, const Var& row);        ///< y_bk = x_bk row_k
Var add_column(const Var& x, const Var& column);       ///< y_bk = x_bk + column_b
Var multiply_column(const Var& x, const Var& column);  ///< y_bk = x_bk column_b
Var add_scalar(const Var& x, const Var& scalar);       ///< y_bk = x_bk + scalar
Var multiply_scalar(const Var& x, const Var& scalar);  ///< y_bk = x_bk scalar

Var add_channels(const Var& x, const Var& channels);       ///< y_b..c = x_b..c + channels_bc
Var multiply_channels(const Var& x, const Var& channels);  ///< y_b..c = x_b..c channels_bc

}  // namespace gradus
