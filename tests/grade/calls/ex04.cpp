#include "../calls.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/gaussian_kl.hpp"

namespace gradus::grade {

// Backward passes are called alone, with the tensors that the forward pass would have saved,
// so that an unfinished forward pass does not matter.
std::vector<Call> calls_04() {
  return {
      {"kl_divergence",
       [](const Tensors& in) -> Tensors { return {KlDivergence{in[2].item()}.forward(in[0], in[1])}; }},
      {"kl_divergence.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = KlDivergence{in[2].item(), in[0], in[1]}.backward(in[3]);
         return {grads[0], grads[1]};
       }},
      {"js_divergence",
       [](const Tensors& in) -> Tensors { return {JsDivergence{in[2].item()}.forward(in[0], in[1])}; }},
      {"js_divergence.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = JsDivergence{in[2].item(), in[0], in[1]}.backward(in[3]);
         return {grads[0], grads[1]};
       }},
      {"gaussian_kl", [](const Tensors& in) -> Tensors { return {GaussianKl{}.forward(in[0], in[1])}; }},
      {"gaussian_kl.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = GaussianKl{in[0], in[1]}.backward(in[2]);
         return {grads[0], grads[1]};
       }},
  };
}

}  // namespace gradus::grade
