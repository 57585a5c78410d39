#pragma once
// Traversals of a latent space: regular grids, straight and great-circle lines, single units.
#include <span>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// normal_quantile: the z with P(Z <= z) = p for Z ~ N(0, 1), to 1e-9. Throws Error unless 0 < p < 1.
/// Acklam's rational approximation with one step of Halley's method.
double normal_quantile(double p);

/// A grid of codes with equal probability between neighbouring coordinates: Kingma & Welling's figure 4.
///
///   z [n * n, 2]   row r, column c: ( q((c + 1/2)/n), q(1 - (r + 1/2)/n) ),  q the normal quantile
///
/// (i + 1/2)/n, because the quantiles of 0 and 1 are infinite. DS542, "Figure 4". Throws Error for n < 1.
Tensor quantile_sheet(Index n);

/// One unit at a time: row-major [K * steps, K], copies of z [K] with unit k set to low .. high in equal
/// steps. low and high are in standard deviations of the prior N(0, 1). 6.S191 L4, "VAEs: Latent
/// perturbation". Throws Error when z is not of rank 1 or steps < 2.
Tensor traversals(const Tensor& z, Index steps, Real low = Real(-2.5), Real high = Real(2.5));

/// Straight line from a [K] to b [K], both ends included: [steps, K].
/// Throws Error when shapes differ or steps < 2.
Tensor lerp(const Tensor& a, const Tensor& b, Index steps);
/// Along the great circle, with the length changing linearly: [steps, K]. It stays where N(0, I) has its
/// mass, unlike the straight line, whose middle is too short. Shoemake 1985; White 2016.
/// Throws Error as lerp does.
Tensor slerp(const Tensor& a, const Tensor& b, Index steps);

/// attribute_vector: mean code of examples with the attribute minus mean code of examples without it.
///
///   codes [N, K]   value [N]: the attribute's strength; the top and bottom fraction `part` are compared
///   vector [K]
///
/// Throws Error when the lengths differ or the parts are empty.
Tensor attribute_vector(const Tensor& codes, std::span<const Real> value, Real part = Real(0.25));

}  // namespace gradus
