#include "gradus/generative/diffusion.hpp"

#include <cmath>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_times(const char* op, const Tensor& x0, const Tensor& noise, const std::vector<Index>& times,
                 const NoiseSchedule& schedule) {
  check_not_empty(op, x0);
  check_same_shape(op, x0, noise);
  GRADUS_CHECK(static_cast<Index>(times.size()) == x0.dim(0), op, ": ", times.size(), " times for ",
               x0.dim(0), " examples");
  for (const Index t : times)
    GRADUS_CHECK(t >= 0 && t <= schedule.steps(), op, ": time ", t, " is outside 0 .. ", schedule.steps());
}

void check_step(const char* op, const Tensor& x, const Tensor& noise, Index t, const NoiseSchedule& schedule,
                Real clip) {
  check_not_empty(op, x);
  check_same_shape(op, x, noise);
  GRADUS_CHECK(t >= 1 && t <= schedule.steps(), op, ": time ", t, " is outside 1 .. ", schedule.steps());
  GRADUS_CHECK(clip >= 0, op, ": clip must not be negative, got ", clip);
}

/// a x + b y with numbers a, b.
Tensor blend(double a, const Tensor& x, double b, const Tensor& y) {
  return zipped(
      x, y, [p = static_cast<Real>(a), q = static_cast<Real>(b)](Real u, Real v) { return p * u + q * v; });
}

/// a_b x_b + c_b y_b for every example b: a and c are functions of its time.
template <class A, class C>
Tensor blend_rows(const Tensor& x, const Tensor& y, const std::vector<Index>& times, A a, C c) {
  Tensor out(x.shape());
  const Index D = x.shape().row_size();
  std::vector<Real> first, second;
  for (const Index t : times)
    first.push_back(static_cast<Real>(a(t))), second.push_back(static_cast<Real>(c(t)));
  for_rows(x.dim(0), x.size(), [&, u = x.data(), v = y.data(), o = out.data()](Index b) {
    const Real p = first[static_cast<std::size_t>(b)], q = second[static_cast<std::size_t>(b)];
    for (Index i = b * D; i < (b + 1) * D; ++i) o[i] = p * u[i] + q * v[i];
  });
  return out;
}

Tensor all_at(const Tensor& x, double t) { return Tensor::full({x.dim(0)}, static_cast<Real>(t)); }

}  // namespace

Tensor diffuse(const Tensor& x0, const Tensor& noise, const std::vector<Index>& times,
               const NoiseSchedule& schedule) {
  check_times("diffuse", x0, noise, times, schedule);
  // [14.1]
  return blend_rows(
      x0, noise, times, [&](Index t) { return schedule.signal(t); },
      [&](Index t) { return schedule.noise(t); });
  // [end]
}

Tensor diffuse_one_step(const Tensor& x, const Tensor& noise, Index t, const NoiseSchedule& schedule) {
  check_step("diffuse_one_step", x, noise, t, schedule, 0);
  return blend(std::sqrt(1 - schedule.beta(t)), x, std::sqrt(schedule.beta(t)), noise);
}

Tensor PredictionLoss::forward(const Tensor& prediction_in, const Tensor& target_in) {
  check_not_empty("prediction_loss", prediction_in);
  check_same_shape("prediction_loss", prediction_in, target_in);
  const Index B = prediction_in.dim(0), D = prediction_in.shape().row_size();
  GRADUS_CHECK(D >= 1, "prediction_loss: an example of ", prediction_in.shape(), " has no value");
  prediction = prediction_in, target = target_in;  // backward needs them
  // [14.2]
  const Real *y = prediction.data(), *t = target.data();
  Tensor l({B});
  row_sums(B, D, l.data(), [=](Index b, Index k) {
    const Real error = y[b * D + k] - t[b * D + k];
    return error * error;
  });
  for (Real& value : l.values()) value /= static_cast<Real>(D);
  return l;
  // [end]
}

Grads<2> PredictionLoss::backward(const Tensor& dl, const Needs<2>& needs) const {
  // dprediction = 2/D (prediction - target) dl      dtarget = -dprediction
  const Real *y = prediction.data(), *t = target.data();
  const Real factor = 2 / static_cast<Real>(prediction.shape().row_size());
  const auto slope = [=](Real sign) { return [=](Index i) { return sign * factor * (y[i] - t[i]); }; };
  Grads<2> grads;
  if (needs[0]) grads[0] = scaled_rows(dl, prediction.shape(), slope(1));
  if (needs[1]) grads[1] = scaled_rows(dl, prediction.shape(), slope(-1));
  return grads;
}

Var prediction_loss(const Var& prediction, const Var& target) {
  return record(PredictionLoss{}, prediction, target);
}

Tensor velocity_target(const Tensor& x0, const Tensor& noise, const std::vector<Index>& times,
                       const NoiseSchedule& schedule) {
  check_times("velocity_target", x0, noise, times, schedule);
  return blend_rows(
      x0, noise, times, [&](Index t) { return -schedule.noise(t); },
      [&](Index t) { return schedule.signal(t); });
}

Var noise_of_velocity(const Var& x, const Var& velocity, const std::vector<Index>& times,
                      const NoiseSchedule& schedule) {
  check_times("noise_of_velocity", x.value(), velocity.value(), times, schedule);
  Tensor of_x({x.dim(0)}), of_velocity({x.dim(0)});
  for (Index b = 0; b < x.dim(0); ++b) {
    const Index t = times[static_cast<std::size_t>(b)];
    of_x[b] = static_cast<Real>(schedule.noise(t)), of_velocity[b] = static_cast<Real>(schedule.signal(t));
  }
  return multiply_column(x, of_x) + multiply_column(velocity, of_velocity);
}

Tensor predicted_data(const Tensor& x, const Tensor& noise, Index t, const NoiseSchedule& schedule,
                      Real clip) {
  check_step("predicted_data", x, noise, t, schedule, clip);
  const double a = schedule.signal(t), s = schedule.noise(t);
  Tensor x0 = blend(1 / a, x, -s / a, noise);
  if (clip == 0) return x0;
  return mapped(x0, [=](Real v) { return v > clip ? clip : v < -clip ? -clip : v; });
}

Tensor ancestral_step(const Tensor& x, const Tensor& predicted, const Tensor& fresh, Index t,
                      const NoiseSchedule& schedule, Real clip) {
  check_step("ancestral_step", x, predicted, t, schedule, clip);
  check_same_shape("ancestral_step (x, fresh)", x, fresh);
  // [14.3]
  const Tensor x0 = predicted_data(x, predicted, t, schedule, clip);
  const double beta = schedule.beta(t), before = schedule.noise(t - 1), now = schedule.noise(t);
  const double of_x0 = schedule.signal(t - 1) * beta / (now * now),
               of_x = std::sqrt(1 - beta) * before * before / (now * now);
  return blend(1, blend(of_x0, x0, of_x, x), std::sqrt(schedule.posterior_variance(t)), fresh);
  // [end]
}

Tensor ddim_step(const Tensor& x, const Tensor& predicted, Index t, Index next, const NoiseSchedule& schedule,
                 Real clip) {
  check_step("ddim_step", x, predicted, t, schedule, clip);
  GRADUS_CHECK(next >= 0 && next < t, "ddim_step: the next time must be in 0 .. ", t - 1, ", got ", next);
  // [14.4]
  const Tensor x0 = predicted_data(x, predicted, t, schedule, clip);
  const Tensor e = blend(1 / schedule.noise(t), x, -schedule.signal(t) / schedule.noise(t), x0);
  return blend(schedule.signal(next), x0, schedule.noise(next), e);
  // [end]
}

std::vector<Index> ddim_times(Index T, Index count) {
  GRADUS_CHECK(count >= 1 && count <= T, "ddim_times: the number of steps must be in 1 .. ", T, ", got ",
               count);
  std::vector<Index> times;
  for (Index i = 0; i <= count; ++i) times.push_back(T - (i * T + count / 2) / count);
  times.back() = 0;
  return times;
}

Tensor ancestral_sample(const TimedNetwork& network, const Tensor& x_T, const NoiseSchedule& schedule,
                        Rng& rng, const SamplingOptions& options) {
  const Index T = schedule.steps();
  GRADUS_CHECK(T >= 1, "ancestral_sample: the schedule has no steps");
  Tensor x = x_T;
  if (options.view) options.view(x, 1);
  for (Index t = T; t >= 1; --t) {
    const double part = static_cast<double>(t) / static_cast<double>(T);
    const Tensor predicted = network(x, all_at(x, part)).value();
    x = ancestral_step(x, predicted, Tensor::randn(x.shape(), rng), t, schedule, options.clip);
    if (options.view) options.view(x, static_cast<double>(t - 1) / static_cast<double>(T));
  }
  return x;
}

Tensor ddim_sample(const TimedNetwork& network, const Tensor& x_T, const NoiseSchedule& schedule, Index count,
                   const SamplingOptions& options) {
  const double T = static_cast<double>(schedule.steps());
  const std::vector<Index> times = ddim_times(schedule.steps(), count);
  Tensor x = x_T;
  if (options.view) options.view(x, 1);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    const Tensor predicted = network(x, all_at(x, static_cast<double>(times[i]) / T)).value();
    x = ddim_step(x, predicted, times[i], times[i + 1], schedule, options.clip);
    if (options.view) options.view(x, static_cast<double>(times[i + 1]) / T);
  }
  return x;
}

TimedNetwork guided(const TimedNetwork& conditional, const TimedNetwork& unconditional, Real weight) {
  if (weight == 0) return unconditional;
  if (weight == 1) return conditional;
  return [=](const Var& x, const Tensor& t) {
    return weight * conditional(x, t) + (1 - weight) * unconditional(x, t);
  };
}

}  // namespace gradus
