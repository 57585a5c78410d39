#include <cmath>

#include "gradus/generative/elbo.hpp"
#include "gradus/ops/losses.hpp"
#include "value_and_gradients.hpp"

namespace gradus::grade {
namespace {

/// ||x_b - x_hat_b||^2, as saved by LearnedGaussianNll: [B]
Tensor squared_distances(const Tensor& x_hat, const Tensor& x) {
  Tensor out = Tensor::zeros({x.dim(0)});
  for (Index i = 0; i < x.size(); ++i) out[i / x.dim(1)] += (x[i] - x_hat[i]) * (x[i] - x_hat[i]);
  return out;
}

/// For log_w whose weights sum to 1 in every row: [B, k]
Tensor exponentials(const Tensor& log_w) {
  Tensor w(log_w.shape());
  for (Index i = 0; i < w.size(); ++i) w[i] = std::exp(log_w[i]);
  return w;
}

}  // namespace

std::vector<Call> calls_05() {
  return {
      {"bernoulli_nll", [](const Tensors& in) -> Tensors { return {BernoulliNll{}.forward(in[0], in[1])}; }},
      {"bernoulli_nll.backward",
       [](const Tensors& in) -> Tensors {
         return {BernoulliNll{in[0], in[1]}.backward(in[2])[0]};
       }},
      {"bernoulli_nll.constant",
       [](const Tensors& in) -> Tensors {
         return {BernoulliNll{in[0], in[1]}.backward(in[2])[1]};
       }},
      {"fixed_gaussian_nll",
       [](const Tensors& in) -> Tensors { return {fixed_gaussian_nll(in[0], in[1], in[2].item()).value()}; }},
      {"fixed_gaussian_nll.backward",
       [](const Tensors& in) -> Tensors {
         const auto nll = [&](const std::vector<Var>& v) {
           return fixed_gaussian_nll(v[0], in[1], in[2].item());
         };
         return {value_and_gradients(nll, {in[0]}, in[3])[1]};
       }},
      {"learned_gaussian_nll",
       [](const Tensors& in) -> Tensors {
         LearnedGaussianNll op;
         Tensor nll = op.forward(in[0], in[1], in[2]);
         return {nll, op.squared};
       }},
      {"learned_gaussian_nll.backward",
       [](const Tensors& in) -> Tensors {
         const LearnedGaussianNll op{in[0], in[1], in[2], squared_distances(in[0], in[2])};
         const Grads<3> grads = op.backward(in[3], {true, true, false});
         return {grads[0], grads[1]};
       }},
      {"learned_gaussian_nll.constant",
       [](const Tensors& in) -> Tensors {
         const LearnedGaussianNll op{in[0], in[1], in[2], squared_distances(in[0], in[2])};
         return {op.backward(in[3], {true, true, false})[2]};
       }},
      {"elbo",
       [](const Tensors& in) -> Tensors {
         return value_and_gradients([](const std::vector<Var>& v) { return elbo(v[0], v[1]); },
                                    {in[0], in[1]}, in[2]);
       }},
      {"log_importance_weight",
       [](const Tensors& in) -> Tensors { return {log_importance_weight(in[0], in[1], in[2], in[3])}; }},
      {"importance_weighted_bound",
       [](const Tensors& in) -> Tensors {
         ImportanceWeightedBound op;
         Tensor bound = op.forward(in[0]);
         return {bound, op.weights};
       }},
      {"importance_weighted_bound.backward",
       [](const Tensors& in) -> Tensors {
         return {ImportanceWeightedBound{exponentials(in[0])}.backward(in[1])[0]};
       }},
  };
}

}  // namespace gradus::grade
