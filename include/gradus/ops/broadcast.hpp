#pragma once
// Broadcasts, one op per kind. No other op of the library broadcasts.
//
//   x [B, ..]  is read as a matrix [B, K]; K is the product of all sizes after the leading axis
//   row    [K]   the same row for every b          (a bias)
//   column [B]   one value per row                 (a weight per example)
//   scalar [1]   one value                         (a learned temperature)
//
//   x [B, .., C]    channels [B, C]: one value per channel of each example, the same for all its pixels
//                   (a time or class embedding added to a feature map)
#include "gradus/autograd/var.hpp"

namespace gradus {

// Throw Error when the second operand does not have the named shape.
Var add_row(const Var& x, const Var& row);             ///< y_bk = x_bk + row_k
Var multiply_row(const Var& x, const Var& row);        ///< y_bk = x_bk row_k
Var add_column(const Var& x, const Var& column);       ///< y_bk = x_bk + column_b
Var multiply_column(const Var& x, const Var& column);  ///< y_bk = x_bk column_b
Var add_scalar(const Var& x, const Var& scalar);       ///< y_bk = x_bk + scalar
Var multiply_scalar(const Var& x, const Var& scalar);  ///< y_bk = x_bk scalar

Var add_channels(const Var& x, const Var& channels);       ///< y_b..c = x_b..c + channels_bc
Var multiply_channels(const Var& x, const Var& channels);  ///< y_b..c = x_b..c channels_bc

}  // namespace gradus
