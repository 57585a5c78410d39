// The lecture's own operations compared with PyTorch: tests/golden/generative.json,
// written by make_generative.py.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "golden.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/generative/flow_matching.hpp"
#include "gradus/generative/unet.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/window.hpp"

using namespace gradus;
using nlohmann::json;

namespace {

/// A part of a U-Net whose parameters are the given constants, in order of construction.
template <class Part>
struct Fixed : Module {
  Fixed(Rng& random, Index width, const UnetOptions& options, const Inputs& x, std::size_t first)
      : Module(random), part(*this, "part", width, options), constant(*this) {
    const std::vector<Parameter*> all = parameters();
    REQUIRE(all.size() == x.size() - first);
    for (std::size_t i = 0; i < all.size(); ++i) {
      REQUIRE(all[i]->value.shape() == x[first + i].shape());
      all[i]->value = x[first + i].value().clone();
    }
  }
  Part part;
  Frozen constant;
};

const json& golden() {
  static const json all = read_golden("generative.json");
  return all;
}

Ops all_ops() {
  static Rng rng(1);
  static std::vector<std::unique_ptr<Fixed<UnetBlock>>> blocks;  // they outlive the tape
  static std::vector<std::unique_ptr<Fixed<UnetAttention>>> attentions;
  Ops ops;
  ops["affine_coupling"] = [](const Inputs& x, const json&) {
    return affine_coupling(x[3].value(), x[0], x[1], x[2]);
  };
  ops["inverse_coupling"] = [](const Inputs& x, const json&) {
    return inverse_coupling(x[3].value(), x[0], x[1], x[2]);
  };
  ops["coupling_log_det"] = [](const Inputs& x, const json&) { return coupling_log_det(x[1].value(), x[0]); };
  ops["change_of_variables"] = [](const Inputs& x, const json&) { return change_of_variables(x[0], x[1]); };
  ops["cycle_loss"] = [](const Inputs& x, const json&) { return cycle_loss(x[0], x[1].value()); };
  ops["identity_loss"] = [](const Inputs& x, const json&) { return identity_loss(x[0], x[1].value()); };
  ops["prediction_loss"] = [](const Inputs& x, const json&) { return prediction_loss(x[0], x[1]); };
  ops["minibatch_deviation"] = [](const Inputs& x, const json& c) {
    return minibatch_deviation(x[0], c["group"].get<Index>());
  };
  ops["reflection_pad2d"] = [](const Inputs& x, const json& c) {
    return reflection_pad2d(x[0], c["margin"].get<Index>());
  };
  ops["upsample_nearest"] = [](const Inputs& x, const json& c) {
    return upsample_nearest(x[0], c["factor"].get<Index>());
  };
  ops["pixel_norm"] = [](const Inputs& x, const json&) { return pixel_norm(x[0]); };
  ops["silu"] = [](const Inputs& x, const json&) { return silu(x[0]); };
  ops["batched_matmul"] = [](const Inputs& x, const json& c) {
    return batched_matmul(x[0], x[1], c["turned"].get<bool>() ? Transpose::yes : Transpose::no);
  };
  ops["UnetBlock"] = [](const Inputs& x, const json& c) {
    const UnetOptions options{.time = c["time"].get<Index>(), .groups = c["groups"].get<Index>()};
    blocks.push_back(std::make_unique<Fixed<UnetBlock>>(rng, x[0].dim(3), options, x, 2));
    return blocks.back()->part(x[0], x[1]);
  };
  ops["UnetAttention"] = [](const Inputs& x, const json& c) {
    const UnetOptions options{.groups = c["groups"].get<Index>()};
    attentions.push_back(std::make_unique<Fixed<UnetAttention>>(rng, x[0].dim(3), options, x, 1));
    return attentions.back()->part(x[0]);
  };
  return ops;
}

}  // namespace

TEST_CASE("couplings, losses and parts of networks agree with PyTorch, forward and backward") {
  check_cases(golden()["cases"], all_ops(),
              [](const json&, const std::string& what, const Tensor& x, std::size_t, const json& expected) {
                const double least =
                    what.starts_with("Unet") ? 1 : 0.1;  // sums of many numbers of magnitude 1
                check_close(what, x, expected, least);
              });
}

TEST_CASE("schedules, marginals, targets and sampling steps agree with the papers' formulas in PyTorch") {
  int clipped = 0;
  for (const json& c : golden()["diffusion"]) {
    const Index T = c["T"], t = c["t"], next = c["next"];
    const NoiseSchedule schedule = c["schedule"] == "linear" ? linear_schedule(T) : cosine_schedule(T);
    const std::string what = c["schedule"].get<std::string>() + ", T = " + std::to_string(T);
    CAPTURE(what);
    CHECK(schedule.alpha_bar[static_cast<std::size_t>(t)] ==
          doctest::Approx(c["alpha_bar"].get<double>()).epsilon(1e-9));
    CHECK(schedule.alpha_bar.back() == doctest::Approx(c["alpha_bar_end"].get<double>()).epsilon(1e-9));
    CHECK(schedule.posterior_variance(t) ==
          doctest::Approx(c["posterior_variance"].get<double>()).epsilon(1e-9).scale(1e-12));
    const Real clip = c["clip"];
    clipped += clip > 0;
    const Tensor x0 = tensor(c["x0"]), noise = tensor(c["noise"]), x = tensor(c["x"]),
                 predicted = tensor(c["predicted"]), fresh = tensor(c["fresh"]);
    const std::vector<Index> times(2, t);
    const json& results = c["results"];
    check_close(what + ", diffuse", diffuse(x0, noise, times, schedule), results["diffuse"]);
    const Tensor velocity = velocity_target(x0, noise, times, schedule);
    check_close(what + ", velocity_target", velocity, results["velocity_target"]);
    check_close(what + ", predicted_data", predicted_data(x, predicted, t, schedule, clip),
                results["predicted_data"]);
    check_close(what + ", ancestral_step", ancestral_step(x, predicted, fresh, t, schedule, clip),
                results["ancestral_step"]);
    check_close(what + ", ddim_step", ddim_step(x, predicted, t, next, schedule, clip), results["ddim_step"]);
  }
  CHECK(clipped == 2);
}

TEST_CASE("the lines of flow matching agree with PyTorch's lerp") {
  const json& c = golden()["line"];
  const LinePoint point = line_point(tensor(c["noise"]), tensor(c["data"]), tensor(c["t"]));
  check_close("line_point, x", point.x, c["x"]);
  check_close("line_point, velocity", point.velocity, c["velocity"]);
  check_close("euler_step", euler_step(point.x, point.velocity, Real(0.125)), c["euler"]);
}
