#pragma once
// A small CycleGAN for exercise 12: translators 2-3-2 and discriminators 2-3-1 with given weights, and all
// observable results of a training step. The step is an argument: the student's, the library's,
// or a known mistake.
#include <functional>

#include "../calls.hpp"
#include "gradus/generative/cycle_step.hpp"

namespace gradus::grade {

using CycleGeneratorStep = std::function<CycleGeneratorLoss(
    const CycleGan& gan, const Tensor& a, const Tensor& b, const CycleWeights& weights,
    const GanLosses& losses, const Optimizer& optimizer)>;
using CycleDiscriminatorStep = std::function<CycleDiscriminatorLoss(
    const CycleGan& gan, const Tensor& a, const Tensor& b, const CycleFakes& fakes, const CyclePools& pools,
    const GanLosses& losses, const Optimizer& optimizer)>;
using PoolDraw = std::function<Tensor(const Tensor& fakes)>;

inline constexpr Index translator_weights = 2 * 3 + 3 + 3 * 2 + 2, judge_weights = 2 * 3 + 3 + 3 + 1;

/// Draws of a pool: `make` makes the pool and returns its draw and, as State, what it keeps.
///
///   in    fakes [rounds, B, K], [1] capacity, [1] seed
///   out   what it returned [rounds, B, K], the stored examples, [1] their number
Tensors pool_game(const Tensors& in,
                  const std::function<PoolDraw(Index capacity, const Shape& example, Rng rng,
                                               std::function<State()>& state)>& make);

/// Two steps of the translators, each with its own batches.
///
///   in    weights of G, F [translator_weights], of D_B, D_A [judge_weights], a [2 B, 2], b [2 B', 2],
///         [2] weights of cycle and identity, old gradients of the translators [2 translator_weights] and of
///         the discriminators [2 judge_weights]
///   out   losses [2, 6], weights of G and F, their gradients, weights of D_B and D_A, their gradients,
///         [1] number of their parameters that are frozen, the last fakes of B and A, [1] number of them that
///         are on a tape, [1] where it stopped, [4] number of calls of G, F, D_B, D_A
Tensors translator_game(const Tensors& in, const CycleGeneratorStep& step);

/// Three steps of the discriminators with pools of two examples, under a caller's tape that holds the fakes.
///
///   in    weights of G, F, D_B, D_A, a [3 B, 2], b [3 B', 2], old gradients of the discriminators
///   out   losses [3, 2], weights of D_B and D_A, their gradients, weights of G and F, [1] number of
///         gradients in G and F that are set, the pools of B and of A, [1] where it stopped, [4] number
///         of calls of G, F, D_B, D_A
Tensors judge_game(const Tensors& in, const CycleDiscriminatorStep& step);

}  // namespace gradus::grade
