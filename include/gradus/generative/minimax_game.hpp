#pragma once
// The minimax game of two known distributions: the optimal discriminator and the value of the game.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// optimal_discriminator: the probability that a point is real, when both distributions are known.
///
///   p, q  [B, K]   real and generated distribution, one per row: probabilities, or densities on a grid
///   D     [B, K]   D_bk = p_bk / (p_bk + q_bk)        1/2 where both are 0
///
/// Goodfellow et al. 2014, proposition 1. Throws Error when the shapes differ or the rank is not 2.
Tensor optimal_discriminator(const Tensor& p, const Tensor& q);

/// game_value: D's objective, V(D) = E_p log D + E_q log(1 - D).
///
///   p, q, D  [B, K]   as above, D in [0, 1]
///   V        [B]      V_b = spacing sum_k ( p_bk log D_bk + q_bk log(1 - D_bk) )        0 log 0 = 0
///
/// With the optimal D: V = 2 JS(p, q) - log 4 (js_divergence), at least -log 4, with equality only for p = q.
/// 6.S191 L4, "Training GANs: loss function". Throws Error when the shapes differ or the rank is not 2.
Tensor game_value(const Tensor& p, const Tensor& q, const Tensor& d, Real spacing = 1);

}  // namespace gradus
