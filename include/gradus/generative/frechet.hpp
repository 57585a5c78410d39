#pragma once
// The Fréchet distance of two Gaussians, computed from their moments.
#include "gradus/generative/moments.hpp"

namespace gradus {

/// The squared 2-Wasserstein distance of the Gaussians with these moments, computed in double:
///
///   |m1 - m2|^2 + tr( S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2 )
///
/// With the moments of a classifier's features this is the FID of DS542, "Quantifying Performance - Fréchet
/// Inception Distance". (The slide calls it the earth mover's distance, which is W1; as a square it is not a
/// metric.) It is biased upward for small N: compare values of equal N and state N. Heusel et al. 2017.
/// Throws Error when the sizes differ.
double frechet_distance(const Moments& a, const Moments& b);

}  // namespace gradus
