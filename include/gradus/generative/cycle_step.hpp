#pragma once
// CycleGAN: the two alternating steps of four networks, for unpaired translation between two domains.
#include "gradus/generative/gan_step.hpp"
#include "gradus/generative/image_pool.hpp"

namespace gradus {

/// The networks of a CycleGAN, for examples of any shape (pictures [B, H, W, C], spectrograms [B, T, C]):
///
///             G = to_b
///     A  ----------------->  B        discriminator_b: real b or G(a)?
///        <-----------------           discriminator_a: real a or F(b)?
///             F = to_a
///
/// A discriminator returns one logit per example or per patch, as [N] or [N, 1].
///
///     CycleGan gan{std::ref(to_b), std::ref(to_a), std::ref(d_b), std::ref(d_a), d_b, d_a};
struct CycleGan {
  Network to_b, to_a;                        ///< the translators
  Network discriminator_b, discriminator_a;  ///< examples -> logits
  Module &frozen_b, &frozen_a;               ///< the modules that hold the discriminators' weights
};

/// Weights of the losses that are added to the adversarial ones. The identity loss may be switched off in the
/// second half of a training: with weight 0 its two translations are not computed.
struct CycleWeights {
  Real cycle = 10;    ///< of both cycle losses
  Real identity = 5;  ///< of both identity losses
};

/// Translations, as constants.
struct CycleFakes {
  Var b, a;  ///< G(a) and F(b)
};

/// The result of cycle_generator_step; each loss is a batch mean, without its weight.
struct CycleGeneratorLoss {
  Real game_b = 0, game_a = 0;          ///< adversarial loss of G and of F
  Real cycle_a = 0, cycle_b = 0;        ///< of F(G(a)) and of G(F(b))
  Real identity_b = 0, identity_a = 0;  ///< of G(b) and of F(a); 0 when the weight is 0
  CycleFakes fakes{};                   ///< for cycle_discriminator_step
};

/// cycle_generator_step: one step of both translators; the discriminators are not changed.
///
///   a, b  [B, ..], [B', ..]     unpaired examples of both domains. Minimise
///
///     mean generator(D_B(G(a)))  +  mean generator(D_A(F(b)))
///     + cycle    ( mean cycle_loss(F(G(a)), a)   +  mean cycle_loss(G(F(b)), b) )
///     + identity ( mean identity_loss(G(b), b)   +  mean identity_loss(F(a), a) )
///
/// Each translation is computed once: G(a) is judged and translated back. Both discriminators are frozen:
/// gradients pass through them and none is stored. `optimizer` holds the parameters of both translators. The
/// returned fakes are detached. Zhu, Park, Isola, Efros 2017; 6.S191 L4, "CycleGAN: domain transformation".
/// Throws Error as the networks, losses and the tape do.
CycleGeneratorLoss cycle_generator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                        const CycleWeights& weights, const GanLosses& losses,
                                        const Optimizer& optimizer);

/// The pools of both domains.
struct CyclePools {
  ImagePool &b, &a;  ///< of translations G(a) and F(b)
};

/// The result of cycle_discriminator_step: real loss plus fake loss, batch means.
struct CycleDiscriminatorLoss {
  Real b = 0, a = 0;  ///< of D_B and of D_A
};

/// cycle_discriminator_step: one step of both discriminators; the translators are not changed.
///
///   minimise   mean real(D_B(b)) + mean fake(D_B(pool of G(a)))
///            + mean real(D_A(a)) + mean fake(D_A(pool of F(b)))
///
/// The fakes are drawn from the pools, once each, first from that of B. They are detached, even if `fakes` is
/// on a tape. No translator runs: the fakes are those of the translators' step, so they come from weights
/// before that step. The paper halves this loss, which Adam's steps do not depend on. `optimizer` holds the
/// parameters of both discriminators. Throws Error as the networks, losses, the pools and the tape do.
CycleDiscriminatorLoss cycle_discriminator_step(const CycleGan& gan, const Tensor& a, const Tensor& b,
                                                const CycleFakes& fakes, const CyclePools& pools,
                                                const GanLosses& losses, const Optimizer& optimizer);

}  // namespace gradus
