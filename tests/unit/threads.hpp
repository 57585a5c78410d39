#pragma once
// Checks that results have the same bits at any number of threads.
#include <omp.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

/// f(inputs), and the gradients of all inputs for random dy.
inline std::vector<gradus::Tensor> value_and_gradients(
    const std::function<gradus::Var(std::span<const gradus::Var>)>& f,
    const std::vector<gradus::Tensor>& inputs) {
  std::vector<std::unique_ptr<gradus::Parameter>> parameters;
  gradus::Tape tape;
  std::vector<gradus::Var> vars;
  for (const gradus::Tensor& input : inputs) {
    parameters.push_back(std::make_unique<gradus::Parameter>(input.clone()));
    vars.emplace_back(*parameters.back());
  }
  const gradus::Var y = f(vars);
  gradus::Rng rng(1);
  tape.backward(sum(y * gradus::Tensor::randn(y.shape(), rng)));
  std::vector<gradus::Tensor> out{y.value().clone()};
  for (const auto& parameter : parameters) out.push_back(parameter->grad.clone());
  return out;
}

/// Calls `run` with 1, 2, 3 and 5 threads and compares all returned tensors.
inline bool same_bits_at_any_threads(const std::function<std::vector<gradus::Tensor>()>& run) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const std::vector<gradus::Tensor> one = run();
  bool same = true;
  for (const int threads : {2, 3, 5}) {
    omp_set_num_threads(threads);
    const std::vector<gradus::Tensor> more = run();
    for (std::size_t i = 0; i < one.size(); ++i) same = same && same_bits(one[i], more[i]);
  }
  omp_set_num_threads(before);
  return same;
}
