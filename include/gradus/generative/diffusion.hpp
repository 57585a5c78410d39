#pragma once
// Diffusion: a network learns to predict noise, and noise is removed step by step until a sample remains.
// 6.S191 L4, "Deep Generative Modeling: Summary"; DS542, "Do we have good models?" (column Diffusion).
#include <functional>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/generative/noise_schedule.hpp"

namespace gradus {

/// diffuse: the data after t_b steps of noise, in one draw.
///
///   x0, noise [B, ..], B times in 0 .. T      x_b = sqrt(alpha_bar) x0_b + sqrt(1 - alpha_bar) noise_b
///
/// with the alpha_bar of time t_b. Ho, Jain, Abbeel 2020, equation 4. Throws Error when the shapes differ,
/// there is not one time per example, or a time is outside 0 .. T.
Tensor diffuse(const Tensor& x0, const Tensor& noise, const std::vector<Index>& times,
               const NoiseSchedule& schedule);
/// One step of noise, from t - 1 to t: sqrt(1 - beta_t) x + sqrt(beta_t) noise.
/// Throws Error when the shapes differ or t is outside 1 .. T.
Tensor diffuse_one_step(const Tensor& x, const Tensor& noise, Index t, const NoiseSchedule& schedule);

/// prediction_loss: the mean squared error of every example.
///
///   prediction, target [B, ..], D values per example      l_b = 1/D sum_k (prediction_bk - target_bk)^2
///
/// For noise as target, the prediction 0 has the loss 1 on average: the baseline of every training. The mean
/// over values, unlike the sums of ops/losses.hpp, makes this hold for every size. Ho et al. 2020,
/// equation 14. Throws Error when the shapes differ or D = 0.
struct PredictionLoss {
  Tensor prediction{}, target{};  ///< kept for backward
  Tensor forward(const Tensor& prediction_in, const Tensor& target_in);
  Grads<2> backward(const Tensor& dl, const Needs<2>& needs) const;
};
Var prediction_loss(const Var& prediction, const Var& target);

/// velocity_target: v_b = sqrt(alpha_bar) noise_b - sqrt(1 - alpha_bar) x0_b at t_b, another target for the
/// network: it stays informative at both ends, where noise or data alone is known from x_t already. Salimans,
/// Ho 2022. Throws Error as diffuse does.
Tensor velocity_target(const Tensor& x0, const Tensor& noise, const std::vector<Index>& times,
                       const NoiseSchedule& schedule);
/// The noise that a predicted velocity [B, ..] implies: sqrt(1 - alpha_bar) x_b + sqrt(alpha_bar) v_b at t_b.
/// At large t, x is nearly all noise: a network with the output v does not have to copy it.
/// Throws Error as diffuse does.
Var noise_of_velocity(const Var& x, const Var& velocity, const std::vector<Index>& times,
                      const NoiseSchedule& schedule);

/// predicted_data: the x_0 that predicted noise implies, clipped to [-clip, clip]; clip 0: not clipped.
///
///   x0 = (x - sqrt(1 - alpha_bar_t) noise) / sqrt(alpha_bar_t)
///
/// At large t, sqrt(alpha_bar) is small and x0 far outside the data unless clipped. Throws Error when the
/// shapes differ, t is outside 1 .. T, or clip is negative.
Tensor predicted_data(const Tensor& x, const Tensor& noise, Index t, const NoiseSchedule& schedule,
                      Real clip = 0);

/// ancestral_step: from t to t - 1, a sample of q(x_{t-1} | x_t, x_0) with x_0 = predicted_data.
///
///   mean = ( sqrt(alpha_bar_{t-1}) beta_t x_0 + sqrt(alpha_t) (1 - alpha_bar_{t-1}) x ) / (1 - alpha_bar_t)
///   y    = mean + sqrt(posterior_variance_t) fresh            no noise at t = 1, where that variance is 0
///
///   x [B, ..], predicted: the network's noise, fresh: N(0, 1), all of one shape
///
/// Ho et al. 2020, equations 6 and 7. Throws Error as predicted_data does.
Tensor ancestral_step(const Tensor& x, const Tensor& predicted, const Tensor& fresh, Index t,
                      const NoiseSchedule& schedule, Real clip = 0);

/// ddim_step: from t to any earlier time, without noise.
///
///   y = sqrt(alpha_bar_next) x_0 + sqrt(1 - alpha_bar_next) e      x_0 = predicted_data
///   e = (x - sqrt(alpha_bar_t) x_0) / sqrt(1 - alpha_bar_t): the predicted noise, after x_0 is clipped
///
/// Song, Meng, Ermon 2021, "Denoising diffusion implicit models". Throws Error as predicted_data does, and
/// unless 0 <= next < t.
Tensor ddim_step(const Tensor& x, const Tensor& predicted, Index t, Index next, const NoiseSchedule& schedule,
                 Real clip = 0);

/// A network of a noisy batch and its times: x [B, ..], t [B] in [0, 1] -> [B, ..].
/// Diffusion calls it with t / T.
using TimedNetwork = std::function<Var(const Var& x, const Tensor& t)>;
/// Called with the batch at the beginning and after every step, for films; t from 1 (noise) to 0 (data) for
/// diffusion, from 0 to 1 for flow matching.
using SamplingView = std::function<void(const Tensor& x, double t)>;

/// Options of the samplers.
struct SamplingOptions {
  Real clip = 0;        ///< limit of the predicted data; 0: none. Images in [-1, 1] need 1
  SamplingView view{};  ///< may be empty
};

/// T ancestral steps from x_T, noise [B, ..], with a network that predicts noise. The fresh noise is drawn
/// from `rng`. Throws Error for a schedule without steps, and as the network and ancestral_step do.
Tensor ancestral_sample(const TimedNetwork& network, const Tensor& x_T, const NoiseSchedule& schedule,
                        Rng& rng, const SamplingOptions& options = {});
/// `count` DDIM steps from x_T at evenly spaced times: deterministic. Throws Error unless 1 <= count <= T.
Tensor ddim_sample(const TimedNetwork& network, const Tensor& x_T, const NoiseSchedule& schedule, Index count,
                   const SamplingOptions& options = {});
/// The times of ddim_sample: count + 1 numbers, T first and 0 last. Throws Error unless 1 <= count <= T.
std::vector<Index> ddim_times(Index T, Index count);

/// guided: classifier-free guidance, u + weight (c - u) with the predictions c given the label and u without
/// it. weight 0 ignores the label, 1 is the conditional model, above 1 exaggerates what the label changes.
/// With weight 0 or 1 only one network is evaluated. Ho, Salimans 2022, whose w is weight - 1.
TimedNetwork guided(const TimedNetwork& conditional, const TimedNetwork& unconditional, Real weight);

}  // namespace gradus
