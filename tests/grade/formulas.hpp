#pragma once
// Helpers for writing the formulas of mistakes: loops over rows and over numbers, in double.
#include "check.hpp"

namespace gradus::grade {

/// out_b = sum_k f(i) for the rows of x [B, ..], i = b K + k
template <class F>
Tensor rows_summed(const Tensor& x, F f) {
  Tensor out({x.dim(0)});
  const Index width = x.shape().row_size();
  for (Index b = 0; b < x.dim(0); ++b) {
    double sum = 0;
    for (Index i = b * width; i < (b + 1) * width; ++i) sum += f(i);
    out[b] = static_cast<Real>(sum);
  }
  return out;
}

/// out_i = f(i, b) for every number of x [B, ..], where b is its row
template <class F>
Tensor each(const Tensor& x, F f) {
  Tensor out(x.shape());
  for (Index i = 0; i < x.size(); ++i) out[i] = static_cast<Real>(f(i, i / x.shape().row_size()));
  return out;
}

/// A check worth one point: backward returns an empty tensor as the gradient of a constant.
/// `call` returns only that gradient.
inline Check constant_check(const std::string& todo, const std::string& call, const std::string& id,
                            const std::string& constant, std::function<Tensors(Rng&, int)> draw,
                            std::vector<std::string> inputs) {
  return {.todo = todo,
          .title = "a constant has no gradient",
          .points = 1,
          .call = call,
          .draw = [draw = std::move(draw)](Rng& rng, int number) { return draw(rng, number + 2); },  // small
          .cases = 2,
          .mistakes = {{id, constant + " gets a gradient: it is a constant, so return an empty tensor",
                        [](const Tensors& in) -> Tensors { return {Tensor::zeros(in[0].shape())}; }}},
          .inputs = std::move(inputs),
          .outputs = {"the gradient of " + constant}};
}

inline double width_of(const Tensor& x) { return static_cast<double>(x.shape().row_size()); }
inline double height_of(const Tensor& x) { return static_cast<double>(x.dim(0)); }

}  // namespace gradus::grade
