#include "../calls.hpp"
#include "gradus/autograd/tape.hpp"
#include "gradus/generative/gan_losses.hpp"
#include "gradus/generative/p_fake.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::grade {
namespace {

/// {loss, the saved logits}
template <class Loss>
Tensors value(Loss loss, const Tensor& logits) {
  Tensor values = loss.forward(logits);
  return {values, loss.logits};
}

/// The loss and its gradient with respect to the logits, computed with a tape: {loss [B], dlogits}.
template <class F>
void add_with_gradient(Tensors& out, const Tensor& logits, const Tensor& slope, F loss) {
  Parameter a(logits.clone());
  Tape tape;
  const Var values = loss(Var(a));
  out.push_back(values.value());
  tape.backward(sum(values * Var(slope)));
  out.push_back(a.grad);
}

}  // namespace

// Inputs: logits; for the real loss also the label; for a backward pass dloss last.
// Backward passes are called alone, with the tensors that the forward pass would have saved.
std::vector<Call> calls_07() {
  return {
      {"minimax_real", [](const Tensors& in) { return value(MinimaxRealLoss{in[1].item()}, in[0]); }},
      {"minimax_real.backward",
       [](const Tensors& in) -> Tensors {
         return {MinimaxRealLoss{in[1].item(), in[0]}.backward(in[2])[0]};
       }},
      {"minimax_fake", [](const Tensors& in) { return value(MinimaxFakeLoss{}, in[0]); }},
      {"minimax_fake.backward",
       [](const Tensors& in) -> Tensors { return {MinimaxFakeLoss{in[0]}.backward(in[1])[0]}; }},
      {"saturating", [](const Tensors& in) { return value(SaturatingGeneratorLoss{}, in[0]); }},
      {"saturating.backward",
       [](const Tensors& in) -> Tensors { return {SaturatingGeneratorLoss{in[0]}.backward(in[1])[0]}; }},
      {"non_saturating", [](const Tensors& in) { return value(NonSaturatingGeneratorLoss{}, in[0]); }},
      {"non_saturating.backward",
       [](const Tensors& in) -> Tensors { return {NonSaturatingGeneratorLoss{in[0]}.backward(in[1])[0]}; }},
      {"p_fake",
       [](const Tensors& in) -> Tensors {
         Tensors out;
         const Real label = in[1].item();
         add_with_gradient(out, in[0], in[2],
                           [&](const Var& a) { return p_fake::minimax_real_loss(a, label); });
         add_with_gradient(out, in[0], in[2], p_fake::minimax_fake_loss);
         add_with_gradient(out, in[0], in[2], p_fake::saturating_generator_loss);
         add_with_gradient(out, in[0], in[2], p_fake::non_saturating_generator_loss);
         return out;
       }},
  };
}

}  // namespace gradus::grade
