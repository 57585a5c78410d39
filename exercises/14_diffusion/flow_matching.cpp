// Your file for exercise 14. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/flow_matching.hpp"

#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

LinePoint line_point(const Tensor& noise, const Tensor& data, const Tensor& t) {
  check_not_empty("line_point", noise);
  check_same_shape("line_point", noise, data);
  GRADUS_CHECK(t.shape() == Shape{noise.dim(0)}, "line_point: t must be [", noise.dim(0), "], got ",
               t.shape());
  for (const Real value : t.values())
    GRADUS_CHECK(value >= 0 && value <= 1, "line_point: time ", value, " is outside 0 .. 1");
  // TODO(14.5) Return {x, velocity}, both new tensors of the shape of noise and data [B, ..], with t [B]:
  //   x_b = (1 - t_b) noise_b + t_b data_b        velocity_b = data_b - noise_b
  todo("14.5");
}

Tensor euler_step(const Tensor& x, const Tensor& velocity, Real dt) {
  check_same_shape("euler_step", x, velocity);
  // TODO(14.6) Return x + dt velocity, as a new tensor.
  todo("14.6", dt);
}

Tensor heun_step(const TimedNetwork& network, const Tensor& x, double t, double dt) {
  const auto velocity = [&](const Tensor& place, double time) {
    return network(place, Tensor::full({place.dim(0)}, static_cast<Real>(time))).value();
  };
  const Tensor here = velocity(x, t), there = velocity(euler_step(x, here, static_cast<Real>(dt)), t + dt);
  const Tensor both = zipped(here, there, [](Real a, Real b) { return (a + b) / 2; });
  return euler_step(x, both, static_cast<Real>(dt));
}

Tensor flow_sample(const TimedNetwork& network, const Tensor& noise, Index count, Solver solver,
                   const SamplingOptions& options) {
  GRADUS_CHECK(count >= 1, "flow_sample: the number of steps must be at least 1, got ", count);
  const double dt = 1 / static_cast<double>(count);
  Tensor x = noise;
  if (options.view) options.view(x, 0);
  for (Index i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) * dt;
    if (solver == Solver::heun) {
      x = heun_step(network, x, t, dt);
    } else {
      const Tensor v = network(x, Tensor::full({x.dim(0)}, static_cast<Real>(t))).value();
      x = euler_step(x, v, static_cast<Real>(dt));
    }
    if (options.view) options.view(x, static_cast<double>(i + 1) * dt);
  }
  return x;
}

}  // namespace gradus
