// Panel 5, "Noise to data": the two networks of 34_diffusion turn the same noise into the ring, step by step.
#include <memory>

#include "7_models/point_denoiser.hpp"
#include "answer.hpp"
#include "gradus/data/generated/mixture.hpp"
#include "gradus/generative/flow_matching.hpp"
#include "gradus/generative/modes.hpp"
#include "gradus/io/checkpoint.hpp"

namespace gradus::studio {
namespace {

namespace recipe = lecture::ring_recipe;

std::unique_ptr<lecture::PointDenoiser> networks[2];  // 0: predicts noise (diffusion), 1: a velocity
const NoiseSchedule schedule = cosine_schedule(recipe::T);
const GaussianMixture ring = ring_of_gaussians();

/// Where step i of `steps` moves points x [N, 2], in the units of the network.
Tensor moved(int which, const Tensor& x, int i, int steps) {
  GRADUS_CHECK((which == 0 || which == 1) && networks[which], "the network ", which, " is not loaded");
  GRADUS_CHECK(i >= 0 && i < steps, "step ", i, " is not among 0 .. ", steps - 1);
  const auto predicted = [&](double t) {
    return (*networks[which])(x, Tensor::full({x.dim(0)}, static_cast<Real>(t))).value();
  };
  if (which == 1) return euler_step(x, predicted(static_cast<double>(i) / steps), Real(1) / steps);
  const std::vector<Index> times = ddim_times(recipe::T, steps);
  const Index t = times[std::size_t(i)], next = times[std::size_t(i) + 1];
  return ddim_step(x, predicted(static_cast<double>(t) / recipe::T), t, next, schedule, recipe::clip);
}

Tensor points_of(const float* x, int count, Real factor) {
  const Tensor given = Tensor::of({count / 2, 2}, std::span(x, static_cast<std::size_t>(count)));
  return affine(given, factor, 0).value();
}
Tensor shown(const Tensor& x) { return affine(x, recipe::scale, 0).value(); }

}  // namespace

extern "C" {

/// Loads the averaged weights of the network of diffusion (0) or of flow matching (1).
EMSCRIPTEN_KEEPALIVE const Answer* noise_open(int which, const char* name, const std::uint8_t* bytes,
                                              int count) {
  return answer([&] {
    const TensorFile file =
        parse_safetensors(std::as_bytes(std::span(bytes, static_cast<std::size_t>(count))), name);
    Rng rng;
    auto loaded = std::make_unique<lecture::PointDenoiser>(rng, 2, recipe::hidden);
    const LoadReport report = load_tensors(file, loaded->state(), "average.");
    GRADUS_CHECK(report.missing.empty(), name, ": the tensor average.", report.missing.front(),
                 " is missing; the panel reads ring_diffusion and ring_flow_matching of 34_diffusion");
    networks[which != 0] = std::move(loaded);
  });
}

/// The noise of a seed, [count, 2].
EMSCRIPTEN_KEEPALIVE const Answer* noise_points(int seed, int count) {
  return answer([&] {
    Rng rng(static_cast<std::uint64_t>(seed));
    return shown(Tensor::randn({count, 2}, rng));
  });
}
/// Samples of the data, [count, 2].
EMSCRIPTEN_KEEPALIVE const Answer* noise_data(int count) {
  return answer([&] {
    Rng rng(1, 7);
    return ring.sample(count, rng);
  });
}

/// Where step i of `steps` moves the points x [n, 2].
EMSCRIPTEN_KEEPALIVE const Answer* noise_step(int which, const float* x, int count, int i, int steps) {
  return answer([&] { return shown(moved(which, points_of(x, count, 1 / recipe::scale), i, steps)); });
}

/// {modes with at least 1 % of the points x [n, 2], all modes, share of points within 3 deviations of one}
EMSCRIPTEN_KEEPALIVE const Answer* noise_modes(const float* x, int count) {
  return answer([&] {
    const ModeCoverage seen = mode_coverage(points_of(x, count, 1), ring.centers, ring.deviation);
    return std::vector{static_cast<float>(seen.modes), static_cast<float>(ring.centers.dim(0)),
                       static_cast<float>(seen.high_quality)};
  });
}

}  // extern "C"

}  // namespace gradus::studio
