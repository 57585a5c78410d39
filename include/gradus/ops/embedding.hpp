#pragma once
// Numbers and labels as vectors.
#include <span>

#include "gradus/autograd/var.hpp"

namespace gradus {

/// gather: rows of a table, as the vectors of labels or of a codebook. The gradient of a row is the sum over
/// the places where it is used.
///
///   table [V, ..]    N indices in 0 .. V - 1
///   y     [N, ..]    y_n = table_index(n)
///
/// Throws Error when the table is an empty tensor or an index is out of range.
Var gather(const Var& table, std::span<const int> indices);

/// sinusoidal_embedding: a number as K waves, from fast to slow, so that a network can read both its coarse
/// and its fine part.
///
///   t [B]       for example the time of a diffusion step
///   y [B, K]    y[b, k] = sin(t_b f_k),  y[b, K/2 + k] = cos(t_b f_k),  f_k = base^(-2 k / K),  k < K/2
///
/// Vaswani et al. 2017, "Attention is all you need"; all sines before the cosines, as in Ho, Jain,
/// Abbeel 2020. Throws Error when t is not [B], K is not even and positive, or base is not above 1.
Var sinusoidal_embedding(const Var& t, Index K, Real base = 10000);

}  // namespace gradus
