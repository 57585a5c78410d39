#pragma once
// Normalisations: the values of a set are shifted and scaled to mean 0 and variance 1.
// They differ in the set.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// Which values of x [B, H, W, C] (or [B, L, C], or [B, C]) are normalised together.
///
///   batch      one channel of all images        B H W values      Ioffe, Szegedy 2015
///   instance   one channel of one image         H W               Ulyanov, Vedaldi, Lempitsky 2016
///   group      some channels of one image       H W C / groups    Wu, He 2018
///
/// LayerNormOp, below, is a struct of its own: one mean and one variance per image, not per channel.
enum class NormOver { batch, instance, group };

constexpr Real norm_epsilon = Real(1e-5);  ///< added to every variance

/// normalize: shifts and scales every set S of n values to mean 0 and variance 1, then by beta and gamma.
///
///   m = 1/n sum_S x     v = 1/n sum_S (x - m)^2     h = (x - m) / sqrt(v + epsilon)
///   y = gamma[c] h + beta[c]
///
///   dh = gamma[c] dy    dx = (dh - mean_S(dh) - h mean_S(dh h)) / sqrt(v + epsilon)
///
///   x [B, .., C]    gamma, beta [C] or empty (1 and 0)
///
/// 6.S191 L4, "Training GANs". Throws Error when the rank is below 2, C = 0, gamma or beta is not [C], C
/// cannot be divided into the groups, a running mean or variance is not [C] or is given to group norm, x has
/// no values to average (with `use_running` none are needed: B = 0 gives an empty y), batch norm is trained
/// on one value per channel, or instance norm is to update running statistics from images of one pixel.
struct Normalize {
  static constexpr Needs<3> optional{false, true, true};
  const char* op = "normalize";     ///< the function's name, for messages
  NormOver over = NormOver::batch;  ///< kind of the sets S
  Index groups = 1;                 ///< of channels; for NormOver::group
  Real epsilon = norm_epsilon;      ///< added to every variance
  /// Running statistics [C]. Training moves them by `momentum` towards m and v (v with n - 1 in the
  /// denominator; instance norm: towards the batch means of both). With `use_running`, as in batch norm's
  /// evaluation, they replace m and v. In training, empty means that no statistics are kept.
  Tensor running_mean{}, running_variance{};  ///< [C], or empty
  Real momentum = Real(0.1);                  ///< of the running statistics
  bool use_running = false;                   ///< as in evaluation

  Tensor x{}, gamma{};                ///< kept for backward
  std::vector<Real> mean{}, scale{};  ///< [sets, C]: m and 1 / sqrt(v + epsilon)

  Tensor forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// layer_norm: the same formulas, where S is all K = H W C values of one image. Ba, Kiros, Hinton 2016.
/// Throws Error when the rank is below 2, gamma or beta is not [C], or x has no values.
struct LayerNormOp {
  static constexpr Needs<3> optional{false, true, true};
  Real epsilon = norm_epsilon;  ///< added to every variance

  Tensor x{}, gamma{};     ///< kept for backward
  Tensor mean{}, scale{};  ///< [B]: m and 1 / sqrt(v + epsilon)

  Tensor forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// Running statistics of batch norm and, where enabled, of instance norm.
struct RunningStatistics {
  Tensor mean, variance;      ///< [C]
  Real momentum = Real(0.1);  ///< weight of a new batch
};

// x [B, .., C]; gamma and beta [C], or empty Tensors for 1 and 0.
// Throw Error as Normalize and LayerNormOp do.
/// batch_norm in training: updates `running`.
Var batch_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running,
               Real epsilon = norm_epsilon);
/// In evaluation: uses the running mean and variance, so an example does not depend on the rest of its batch.
/// Also for instance norm with running statistics.
Var batch_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                    Real epsilon = norm_epsilon);
/// instance_norm in training and evaluation, without running statistics.
Var instance_norm(const Var& x, const Var& gamma = Tensor(), const Var& beta = Tensor(),
                  Real epsilon = norm_epsilon);
/// The same; updates `running`. Throws Error for images of one pixel.
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running,
                  Real epsilon = norm_epsilon);
/// layer_norm, see LayerNormOp.
Var layer_norm(const Var& x, const Var& gamma = Tensor(), const Var& beta = Tensor(),
               Real epsilon = norm_epsilon);
/// group_norm with `groups` sets of channels. Throws Error when `groups` does not divide C.
Var group_norm(const Var& x, Index groups, const Var& gamma = Tensor(), const Var& beta = Tensor(),
               Real epsilon = norm_epsilon);

/// pixel_norm: y[c] = x[c] / sqrt(1/C sum_c x[c]^2 + epsilon) at every pixel; x [B, .., C]. Karras, Aila,
/// Laine, Lehtinen 2018, "Progressive growing of GANs".
/// Throws Error when the rank is below 2, or C = 0.
Var pixel_norm(const Var& x, Real epsilon = Real(1e-8));

/// minibatch_deviation: x [B, H, W, C] -> [B, H, W, C + 1]. The new channel has one value per group of
/// images: the standard deviation over the group, averaged over pixels and channels. It lets a discriminator
/// detect that all generated images look alike. Karras et al. 2018. Throws Error when the rank is not 4,
/// `group` does not divide B, or H, W or C is 0.
Var minibatch_deviation(const Var& x, Index group = 4, Real epsilon = Real(1e-8));

/// spectral_norm: w / s, where s is the largest singular value of w read as [K, rest], estimated by one power
/// iteration from u [K] (which it updates): v = wT u / |wT u|, u = w v / |w v|, s = uT w v. The backward pass
/// treats u and v as constants. Miyato, Kataoka, Koyama, Yoshida 2018. With `iterate` false, u is not
/// updated. Throws Error when u is not [K].
Var spectral_norm(const Var& w, Tensor& u, bool iterate = true);

}  // namespace gradus
