#pragma once
// Normalisations: the values of a set are shifted and scaled to mean 0 and variance 1.
// They differ in the set. NaiveNormalize is in src/ops/norm_naive.cpp, pixel_norm and minibatch_deviation are
// in src/ops/gan_norm.cpp.
#include "gradus/autograd/op.hpp"

namespace gradus {

constexpr Real norm_epsilon = Real(1e-5);  ///< added to every variance

// Over every set S of n values,
//
//   m = 1/n sum_S x     v = 1/n sum_S (x - m)^2     h = (x - m) / sqrt(v + epsilon)
//   y = gamma[c] h + beta[c]
//
//   dh = gamma[c] dy    dx = (dh - mean_S(dh) - h mean_S(dh h)) / sqrt(v + epsilon)
//
//   x [B, .., C]    gamma, beta [C], or empty Tensors for 1 and 0
//
//   function         S, for x [B, H, W, C] (or [B, L, C], or [B, C])
//   batch_norm       one channel of all images        B H W values      Ioffe, Szegedy 2015
//   instance_norm    one channel of one image         H W               Ulyanov, Vedaldi, Lempitsky 2016
//   group_norm       some channels of one image       H W C / groups    Wu, He 2018
//   layer_norm       one image                        H W C             Ba, Kiros, Hinton 2016
//
// 6.S191 L4, "Training GANs". All throw Error when the rank is below 2, C = 0, gamma or beta is not [C], or x
// has no values to average.

/// Running statistics of batch norm and, where enabled, of instance norm.
struct RunningStatistics {
  Tensor mean, variance;      ///< [C]
  Real momentum = Real(0.1);  ///< weight of a new batch
};

/// batch_norm in training: updates `running`, if it is not empty, by `momentum` towards m and v (v with n - 1
/// in the denominator). Throws Error as above, when the running mean or variance is not [C], and for one
/// value per channel.
Var batch_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running,
               Real epsilon = norm_epsilon);
/// In evaluation: the running mean and variance in place of m and v, so an example does not depend on the
/// rest of its batch. B = 0 gives an empty y. Throws Error as above, and when running mean or variance is not
/// [C].
Var batch_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                    Real epsilon = norm_epsilon);
/// instance_norm in training and evaluation, without running statistics.
Var instance_norm(const Var& x, const Var& gamma = Tensor(), const Var& beta = Tensor(),
                  Real epsilon = norm_epsilon);
/// The same; updates `running` towards the batch means of m and v.
/// Throws Error as batch_norm, and for images of one pixel.
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running,
                  Real epsilon = norm_epsilon);
/// In evaluation, with running statistics: the computation of batch_norm_eval.
Var instance_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                       Real epsilon = norm_epsilon);
/// layer_norm over whole images, with gamma and beta per channel.
Var layer_norm(const Var& x, const Var& gamma = Tensor(), const Var& beta = Tensor(),
               Real epsilon = norm_epsilon);
/// group_norm with `groups` sets of channels. Throws Error as above, and when `groups` does not divide C.
Var group_norm(const Var& x, Index groups, const Var& gamma = Tensor(), const Var& beta = Tensor(),
               Real epsilon = norm_epsilon);

/// Reference implementation for reading and testing: the formulas for one set of n values per row, without
/// gamma and beta. x, y [S, n]. Throws Error when the rank is not 2.
struct NaiveNormalize {
  Real epsilon = norm_epsilon;  ///< added to every variance
  Tensor h{};                   ///< kept for backward
  std::vector<double> scale{};  ///< [S]: 1 / sqrt(v + epsilon), kept for backward
  Tensor forward(const Tensor& x);
  Grads<1> backward(const Tensor& dh) const;
};

/// pixel_norm: y[c] = x[c] / sqrt(1/C sum_c x[c]^2 + epsilon) at every pixel; x [B, .., C]. Karras, Aila,
/// Laine, Lehtinen 2018, "Progressive growing of GANs".
/// Throws Error when the rank is below 2, or C = 0.
Var pixel_norm(const Var& x, Real epsilon = Real(1e-8));

/// minibatch_deviation: x [B, H, W, C] -> [B, H, W, C + 1]. The new channel has one value per group of
/// consecutive images: the standard deviation over the group, averaged over pixels and channels. It lets a
/// discriminator detect that all generated images look alike. Karras et al. 2018. Throws Error when the rank
/// is not 4, `group` does not divide B, or H, W or C is 0.
Var minibatch_deviation(const Var& x, Index group = 4, Real epsilon = Real(1e-8));

}  // namespace gradus
