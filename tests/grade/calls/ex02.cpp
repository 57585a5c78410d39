#include <deque>

#include "../calls.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/generative/pca.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/descend.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

/// p = p - rate g where a gradient exists. Throws no errors, so that every order of calls can be examined.
struct Plain {
  std::deque<Parameter>& parameters;
  Real rate;
  void zero_grad() {
    for (Parameter& p : parameters) p.grad = Tensor();
  }
  void step() {
    for (Parameter& p : parameters)
      for (Index i = 0; p.grad && i < p.value.size(); ++i) p.value[i] -= rate * p.grad[i];
  }
};

/// in: w, b, targets [steps, B, O], x [B, I], rate, and an existing gradient of b.
/// Every evaluation of the loss uses the next targets, as with a loader.
/// Out: the losses, w, b, their gradients.
Tensors training(const Tensors& in) {
  std::deque<Parameter> p;
  p.emplace_back(in[0].clone());
  p.emplace_back(in[1].clone());
  p[1].grad = in[5].clone();
  Plain plain{p, in[4].item()};
  const Index steps = in[2].dim(0);
  Index next = 0;
  Tensor losses({steps});
  for (Index step = 0; step < steps; ++step)
    losses[step] = descend(plain, [&] {
      const Tensor target = in[2].row(next++ % steps);
      return mean(row_sums(square(linear(in[3], p[0], p[1]) - target)));
    });
  return {losses, p[0].value, p[1].value, p[0].grad, p[1].grad};
}

Tensor as_tensor(const std::vector<double>& numbers, const Shape& shape) {
  Tensor out(shape);
  for (Index i = 0; i < out.size() && i < static_cast<Index>(numbers.size()); ++i)
    out[i] = static_cast<Real>(numbers[static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace

std::vector<Call> calls_02() {
  return with_inputs_kept({
      {"squared_error",
       [](const Tensors& in) -> Tensors {
         SquaredError op;
         return {op.forward(in[0], in[1])};
       }},

      {"squared_error.backward",
       [](const Tensors& in) -> Tensors {
         const Grads<2> grads = SquaredError{in[0], in[1]}.backward(in[2], {true, true});
         return {grads[0], grads[1]};
       }},
      {"squared_error.backward.needs",
       [](const Tensors& in) -> Tensors {
         return {SquaredError{in[0], in[1]}.backward(in[2], {true, false})[0]};
       }},
      {"moments_of",
       [](const Tensors& in) -> Tensors {
         const Moments moments = moments_of(in[0]);
         const Index D = in[0].dim(1);
         return {as_tensor(moments.mean, {D}), as_tensor(moments.covariance, {D, D})};
       }},
      {"fit_pca",
       [](const Tensors& in) -> Tensors {
         const Pca pca = fit_pca(in[0], static_cast<Index>(in[1].item()));
         return {pca.mean, pca.components, pca.variances};
       }},
      {"pca.encode",
       [](const Tensors& in) -> Tensors {
         return {Pca{in[1], in[2], in[3]}.encode(in[0])};
       }},
      {"pca.decode",
       [](const Tensors& in) -> Tensors {
         return {Pca{in[1], in[2], in[3]}.decode(in[0])};
       }},
      {"descend", training},
  });
}

}  // namespace gradus::grade
