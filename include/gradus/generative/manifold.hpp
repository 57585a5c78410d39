#pragma once
// Walks through a latent space: even sheets, straight and great-circle lines, single units.
#include <span>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// normal_quantile: the z with P(Z <= z) = p for Z ~ N(0, 1), to 1e-9. Throws Error unless 0 < p < 1.
/// Acklam's rational approximation with one step of Halley's method.
double normal_quantile(double p);

/// Codes whose coordinates have equal probability between them: the sheet of Kingma & Welling's figure 4.
///
///   z [n * n, 2]   row r, column c: ( q((c + 1/2)/n), q(1 - (r + 1/2)/n) ),  q the normal quantile
///
/// (i + 1/2)/n, because 0 and 1 are infinitely far away. DS542, "VAE manifold". Throws Error for n < 1.
Tensor quantile_sheet(Index n);

/// One unit at a time: row-major [K * steps, K], copies of z [K] with unit k set to low .. high in equal
/// steps. The unit of low and high is the prior's, standard deviations of N(0, 1). 6.S191 L4, "VAEs: Latent
/// perturbation". Throws Error when z is not of rank 1 or steps < 2.
Tensor traversals(const Tensor& z, Index steps, Real low = Real(-2.5), Real high = Real(2.5));

/// Straight line from a [K] to b [K], both ends included: [steps, K]. Throws Error when shapes differ or
/// steps < 2.
Tensor lerp(const Tensor& a, const Tensor& b, Index steps);
/// Along the great circle, the length changing evenly: stays where N(0, I) has its mass, unlike the straight
/// line, whose middle is too short. Shoemake 1985; White 2016. Throws Error as lerp.
Tensor slerp(const Tensor& a, const Tensor& b, Index steps);

/// attribute_vector: mean code of the examples with the attribute minus mean code of those without.
///
///   codes [N, K]   value [N]: the attribute's strength; its top and bottom `part` are compared
///   vector [K]
///
/// Throws Error when lengths differ or the parts are empty.
Tensor attribute_vector(const Tensor& codes, std::span<const Real> value, Real part = Real(0.25));

}  // namespace gradus
