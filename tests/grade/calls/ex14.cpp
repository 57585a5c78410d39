#include "../calls.hpp"
#include "gradus/generative/diffusion.hpp"
#include "gradus/generative/flow_matching.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

NoiseSchedule schedule_of(const Tensor& alpha_bar) {
  return {{alpha_bar.values().begin(), alpha_bar.values().end()}};
}

std::vector<Index> whole(const Tensor& numbers) {
  std::vector<Index> out;
  for (const Real value : numbers.values()) out.push_back(static_cast<Index>(value));
  return out;
}

}  // namespace

std::vector<Call> calls_14() {
  return with_inputs_kept({
      {"diffuse",
       [](const Tensors& in) -> Tensors {
         return {diffuse(in[0], in[1], whole(in[2]), schedule_of(in[3]))};
       }},
      {"prediction_loss",
       [](const Tensors& in) -> Tensors { return {PredictionLoss{}.forward(in[0], in[1])}; }},
      {"ancestral_step",
       [](const Tensors& in) -> Tensors {
         return {ancestral_step(in[0], in[1], in[2], whole(in[4])[0], schedule_of(in[3]), in[5].item())};
       }},
      {"ddim_step",
       [](const Tensors& in) -> Tensors {
         const std::vector<Index> times = whole(in[3]);
         return {ddim_step(in[0], in[1], times[0], times[1], schedule_of(in[2]), in[4].item())};
       }},
      {"line_point",
       [](const Tensors& in) -> Tensors {
         const LinePoint point = line_point(in[0], in[1], in[2]);
         return {point.x, point.velocity};
       }},
      {"euler_step", [](const Tensors& in) -> Tensors { return {euler_step(in[0], in[1], in[2].item())}; }},
  });
}

}  // namespace gradus::grade
