#pragma once
// Flow matching: a network learns the velocity of straight lines from noise to data; samples follow it.
// Lipman et al. 2023, "Flow matching for generative modeling"; Liu, Gong, Liu 2023 (rectified flow).
#include "gradus/generative/diffusion.hpp"

namespace gradus {

/// A point on the line from noise to data, and the velocity along it.
struct LinePoint {
  Tensor x;         ///< [B, ..]
  Tensor velocity;  ///< [B, ..] the network's target
};

/// line_point: where the line from noise to data is at time t.
///
///   noise, data [B, ..]   t [B] in [0, 1]
///   x_b = (1 - t_b) noise_b + t_b data_b     velocity_b = data_b - noise_b
///
/// The network sees x and t only, so many lines cross at a point. The least squares prediction is their mean
/// velocity, which carries the distribution of the noise to that of the data. The loss is
/// prediction_loss(network(x, t), velocity). Throws Error when the shapes differ or t is not [B] in [0, 1].
LinePoint line_point(const Tensor& noise, const Tensor& data, const Tensor& t);

/// x + dt v. Throws Error when the shapes differ.
Tensor euler_step(const Tensor& x, const Tensor& velocity, Real dt);

/// heun_step: the mean of the velocity here and at the end of the Euler step. Two evaluations of the network;
/// the error of a whole path falls with dt^2 in place of dt. t: the time at x.
Tensor heun_step(const TimedNetwork& network, const Tensor& x, double t, double dt);

/// How flow_sample integrates.
enum class Solver {
  euler,  ///< one evaluation of the network per step; the error falls with the step size
  heun    ///< two evaluations; the error falls with its square
};

/// `count` steps of equal size from noise at t = 0 to data at t = 1, with a network that predicts velocities.
/// `clip` of the options is not used. Throws Error unless count >= 1, and as the network does.
Tensor flow_sample(const TimedNetwork& network, const Tensor& noise, Index count,
                   Solver solver = Solver::euler, const SamplingOptions& options = {});

}  // namespace gradus
