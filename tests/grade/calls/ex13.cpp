#include "../calls.hpp"
#include "gradus/generative/affine_coupling.hpp"
#include "gradus/generative/change_of_variables.hpp"
#include "kept.hpp"

namespace gradus::grade {

// Backward passes are called alone, with the tensors that the forward pass would have saved,
// so that an unfinished forward pass does not matter.
std::vector<Call> calls_13() {
  return with_inputs_kept({
      {"affine_coupling",
       [](const Tensors& in) -> Tensors { return {AffineCoupling{in[0]}.forward(in[1], in[2], in[3])}; }},
      {"affine_coupling.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<3> grads = AffineCoupling{in[3], in[0], in[1]}.backward(in[4]);
         return {grads[0], grads[1], grads[2]};
       }},
      {"inverse_coupling",
       [](const Tensors& in) -> Tensors { return {InverseCoupling{in[0]}.forward(in[1], in[2], in[3])}; }},
      {"coupling_log_det",
       [](const Tensors& in) -> Tensors { return {CouplingLogDet{in[0]}.forward(in[1])}; }},
      {"change_of_variables",
       [](const Tensors& in) -> Tensors { return {ChangeOfVariables{}.forward(in[0], in[1])}; }},
      {"change_of_variables.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = ChangeOfVariables{in[0]}.backward(in[2]);
         return {grads[0], grads[1]};
       }},
  });
}

}  // namespace gradus::grade
