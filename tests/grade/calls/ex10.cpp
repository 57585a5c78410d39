#include "../calls.hpp"
#include "gradus/generative/expectation_maximization.hpp"
#include "gradus/generative/k_means.hpp"
#include "kept.hpp"

namespace gradus::grade {
namespace {

std::vector<int> whole(const Tensor& numbers) {
  std::vector<int> out;
  for (const Real value : numbers.values()) out.push_back(static_cast<int>(value));
  return out;
}

Tensor as_tensor(const std::vector<int>& list) {
  Tensor out({static_cast<Index>(list.size())});
  for (Index i = 0; i < out.size(); ++i) out[i] = static_cast<Real>(list[static_cast<std::size_t>(i)]);
  return out;
}

}  // namespace

std::vector<Call> calls_10() {
  return with_inputs_kept({
      {"nearest_means",
       [](const Tensors& in) -> Tensors { return {as_tensor(nearest_means(in[0], in[1]))}; }},
      {"cluster_means",
       [](const Tensors& in) -> Tensors { return {cluster_means(in[0], whole(in[1]), in[2])}; }},
      {"mixture_log_likelihood",
       [](const Tensors& in) -> Tensors { return {mixture_log_likelihood(in[0])}; }},
      {"responsibilities", [](const Tensors& in) -> Tensors { return {responsibilities(in[0])}; }},
      {"m_step",
       [](const Tensors& in) -> Tensors {
         const MixtureModel model = m_step(in[0], in[1], in[2].item());
         return {model.weights, model.means, model.covariances};
       }},
  });
}

}  // namespace gradus::grade
