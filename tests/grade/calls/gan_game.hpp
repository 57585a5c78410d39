#pragma once
// A small game for exercise 8: G 2-3-2 and D 2-3-1 with given weights, and all observable results
// of a training step. The step is an argument: the student's, the library's, or a known mistake.
#include <functional>
#include <vector>

#include "../calls.hpp"
#include "gradus/generative/gan_step.hpp"

namespace gradus::grade {

using DiscriminatorStep = std::function<DiscriminatorLoss(
    const Network& discriminator, const Network& generator, const Tensor& real, const Tensor& z,
    const GanLosses& losses, const Optimizer& optimizer, const std::function<Var()>& penalty)>;
using GeneratorStep = std::function<Real(
    const Network& discriminator, Module& frozen, const Network& generator, const Tensor& z,
    const GanLosses& losses, const Optimizer& optimizer, const std::function<Var(const Var&)>& extra)>;

inline constexpr Index generator_weights = 2 * 3 + 3 + 3 * 2 + 2, discriminator_weights = 2 * 3 + 3 + 3 + 1;
inline constexpr Index averaged_inputs = 11, averaged_outputs = 7;  ///< of the layer in `averaged`

/// Two steps of D, each with its own batch.
///
///   in    D's weights, G's weights, D's gradients of an earlier step, real [2 B, 2], z [2 B', 2],
///         [1] the weight of a penalty (0: none)
///   out   losses [2], penalties [2], D's weights, D's gradients, G's weights, [1] number of G's gradients
///         that are set, [1] where it stopped, [1] number of calls of the penalty
Tensors discriminator_game(const Tensors& in, const DiscriminatorStep& step);

/// One step of D with the first batch under a caller's tape; the same inputs.
///
///   out   [1] whether G's work is on D's tape, [1] number of calls of D with real and generated examples
///         together, D's weights, [1] number of G's gradients that are set, [1] where it stopped,
///         [2] number of calls of G and D
Tensors discriminator_tapes(const Tensors& in, const DiscriminatorStep& step);

/// Two steps of G, each with its own batch.
///
///   in    D's weights, G's weights, G's gradients of an earlier step, z [2 B, 2],
///         D's gradients of an earlier step, [1] the weight of an extra term (0: none)
///   out   losses [2], G's weights, G's gradients, D's weights, D's gradients, [1] number of D's parameters
///         that are frozen, [1] where it stopped, [1] number of calls of G, [1] number of calls of the
///         extra term
Tensors generator_game(const Tensors& in, const GeneratorStep& step);

/// The lesson's game: D(x) = w x, G(z) = v z, one number each.
///
///   in    w, v, x, z [1, 1]
///   out   loss [1], the learner's gradient, [1] whether the other's gradient is set, [1] where it stopped
Tensors discriminator_by_hand(const Tensors& in, const DiscriminatorStep& step);
Tensors generator_by_hand(const Tensors& in, const GeneratorStep& step);

/// in: x [B, K], labels [B], [1] classes, slope [B, K + classes].   out: the labelled x, its gradient
Tensors labelled(const Tensors& in,
                 const std::function<Var(const Var&, const std::vector<int>&, int)>& with_label);

/// in: w [4, 77], b [4, 7]: initial values and three later ones, one row each; [1] decay. out: the averages,
/// the weights. `run` makes an average of the module, calls learn(step) and updates, for steps 0, 1 and 2.
Tensors averaged(const Tensors& in,
                 const std::function<State(Module&, Real decay, const std::function<void(int)>& learn)>& run);

}  // namespace gradus::grade
