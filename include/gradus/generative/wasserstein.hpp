#pragma once
// The earth mover's distance of two sets of numbers, and of points in the plane.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// wasserstein1: the average distance by which the samples of one set must be moved to become the other set,
/// in one dimension. In units of x; it keeps growing where JS is constant at log 2.
///
///   a [N], b [M]  (or [N, 1], [M, 1])      W1 = integral over t in (0, 1) of | a_(t) - b_(t) |
///
/// where a_(t) is the quantile function of the sorted samples; for N = M it is the mean of |a_(i) - b_(i)|.
/// Throws Error when either is empty, has another shape, or contains NaN or an infinite number.
double wasserstein1(const Tensor& a, const Tensor& b);

/// The mean over evenly spaced directions of the plane of wasserstein1 of the projections. With enough
/// directions it is 0 only for equal sets. It needs one sort per set and direction, and no
/// assignment of points.
///
///   a [N, 2], b [M, 2]     mean over k < n of W1(a u_k, b u_k),  u_k = (cos, sin)(k pi / n), n directions
///
/// Throws Error for the same reasons, and unless directions >= 1.
/// Rabin, Peyre, Delon, Bernot 2011, "Wasserstein barycenter and its application to texture mixing".
double sliced_wasserstein1(const Tensor& a, const Tensor& b, int directions = 16);

}  // namespace gradus
