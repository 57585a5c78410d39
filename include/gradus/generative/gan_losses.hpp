#pragma once
// Losses of generative adversarial networks: what the discriminator D and the generator G minimise.
//
//   logits  [B] or [B, 1]   D's output before the sigmoid; above 0 means REAL:  D = sigmoid(logit) = P(real)
//   loss    [B]             one value per example; the caller takes the batch mean
//
// The discriminator's loss is the mean of a `real` loss over real examples plus the mean of a `fake` loss
// over generated ones. The generator's loss is computed from generated examples only. NaN propagates.
// 6.S191 L4, "Training GANs: loss function".
#include "gradus/autograd/op.hpp"

namespace gradus {

/// minimax_real_loss: D's loss for a real example.
///
///   loss_b = -( label log D + (1 - label) log(1 - D) )        with label 1: -log D
///
/// A label below 1 prevents overconfidence of D (one-sided smoothing: Salimans et al. 2016 use 0.9).
/// Throws Error unless 0 < label <= 1 and the logits are [B] or [B, 1].
struct MinimaxRealLoss {
  Real label = 1;   ///< in (0, 1]
  Tensor logits{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in);
  Grads<1> backward(const Tensor& dloss) const;
};
Var minimax_real_loss(const Var& logits, Real label = 1);

/// minimax_fake_loss: D's loss for a generated example.
///
///   loss_b = -log(1 - D)
///
/// Throws Error unless the logits are [B] or [B, 1].
struct MinimaxFakeLoss {
  Tensor logits{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in);
  Grads<1> backward(const Tensor& dloss) const;
};
Var minimax_fake_loss(const Var& logits);

/// saturating_generator_loss: the slide's minimisation over G. Its gradient vanishes where D is certain that
/// the example is generated, which is where G needs it most.
///
///   loss_b = log(1 - D)
///
/// Throws Error unless the logits are [B] or [B, 1].
struct SaturatingGeneratorLoss {
  Tensor logits{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in);
  Grads<1> backward(const Tensor& dloss) const;
};
Var saturating_generator_loss(const Var& logits);

/// non_saturating_generator_loss: the variant used in practice. The gradient has the same direction, but size
/// 1 where D is certain that the example is generated. Goodfellow et al. 2014, section 3.
///
///   loss_b = -log D
///
/// Throws Error unless the logits are [B] or [B, 1].
struct NonSaturatingGeneratorLoss {
  Tensor logits{};  ///< kept for backward
  Tensor forward(const Tensor& logits_in);
  Grads<1> backward(const Tensor& dloss) const;
};
Var non_saturating_generator_loss(const Var& logits);

/// The logit itself, without a sigmoid, is fitted to 1 for real and 0 for generated examples; the generator's
/// target is 1. Mao et al. 2017 (there with a factor 1/2).
///
///   loss_b = (logit - target)^2
///
/// Throws Error unless the logits are [B] or [B, 1].
Var least_squares_real_loss(const Var& logits);       ///< target 1
Var least_squares_fake_loss(const Var& logits);       ///< target 0
Var least_squares_generator_loss(const Var& logits);  ///< target 1

}  // namespace gradus
