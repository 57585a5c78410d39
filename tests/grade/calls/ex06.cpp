#include "../calls.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "sheet.hpp"

namespace gradus::grade {

// Backward passes are called alone, with the tensors that the forward pass would have saved.
std::vector<Call> calls_06() {
  return {
      {"reparameterize",
       [](const Tensors& in) -> Tensors {
         Reparameterize op;
         Tensor z = op.forward(in[0], in[1], in[2]);
         return {z, op.logvar, op.noise};
       }},
      {"reparameterize.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<3> grads = Reparameterize{in[1], in[2]}.backward(in[3]);
         return {grads[0], grads[1]};
       }},
      {"reparameterize.constant",
       [](const Tensors& in) -> Tensors {
         return {Reparameterize{in[1], in[2]}.backward(in[3])[2]};
       }},
      {"vae_loss",
       [](const Tensors& in) -> Tensors { return {VaeLoss{in[2].item()}.forward(in[0], in[1])}; }},
      {"vae_loss.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = VaeLoss{in[2].item()}.backward(in[3]);
         return {grads[0], grads[1]};
       }},
      {"traversals",
       [](const Tensors& in) -> Tensors {
         return {traversals(in[0], static_cast<Index>(in[1].item()), in[2].item(), in[3].item())};
       }},
      {"quantile_sheet",
       [](const Tensors& in) {
         return sheet_or_refusal([&] { return quantile_sheet(static_cast<Index>(in[0].item())); });
       }},
  };
}

}  // namespace gradus::grade
