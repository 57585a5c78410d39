#include "../calls.hpp"
#include "gradus/generative/frechet.hpp"
#include "gradus/generative/metrics.hpp"
#include "gradus/generative/moments.hpp"
#include "gradus/generative/neighbours.hpp"

namespace gradus::grade {
namespace {

Tensor number(double value) { return Tensor::of({1}, {static_cast<Real>(value)}); }

/// A list as a tensor of this shape, or of shape [size] when the sizes differ.
template <class List>
Tensor as(const List& list, const Shape& shape) {
  if (list.empty()) return {};
  Tensor out(static_cast<Index>(list.size()) == shape.size() ? shape
                                                             : Shape{static_cast<Index>(list.size())});
  for (Index i = 0; i < out.size(); ++i) out[i] = static_cast<Real>(list[static_cast<std::size_t>(i)]);
  return out;
}

Moments moments(const Tensor& mean, const Tensor& covariance) {
  return {{mean.values().begin(), mean.values().end()},
          {covariance.values().begin(), covariance.values().end()}};
}

}  // namespace

std::vector<Call> calls_09() {
  return {
      {"inception_score", [](const Tensors& in) -> Tensors { return {number(inception_score(in[0]))}; }},
      {"frechet_distance",
       [](const Tensors& in) -> Tensors {
         return {number(frechet_distance(moments(in[0], in[1]), moments(in[2], in[3])))};
       }},
      {"ball_radii",
       [](const Tensors& in) -> Tensors {
         return {as(ball_radii(in[0], static_cast<Index>(in[1].item())), {in[0].dim(0)})};
       }},
      {"neighbour_scores",
       [](const Tensors& in) -> Tensors {
         const NeighbourScores s = neighbour_scores(in[0], in[1], static_cast<Index>(in[2].item()));
         return {number(s.precision), number(s.recall), number(s.density), number(s.coverage)};
       }},
  };
}

}  // namespace gradus::grade
