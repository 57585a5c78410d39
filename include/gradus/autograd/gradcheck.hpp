#pragma once
// gradcheck: is backward the derivative of forward?
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradus/autograd/op.hpp"

namespace gradus {

/// The largest error found: |analytic - numeric| / max(1, |analytic|, |numeric|).
struct GradcheckResult {
  double error = 0;   ///< 0 when all elements agree
  std::string where;  ///< "input 1, element 7: backward 0.25, differences 0.5"
};

/// Compares the gradients of `f`, a function of the inputs with any output shape, with central differences.
/// The output y is first reduced to the scalar sum_i c_i y_i with random c, so every output element counts.
/// Only the double build reaches 1e-7; in float, differences below 1e-2 are noise. `f` must be deterministic,
/// and no input may lie within `step` of a kink. With `probes` > 0, only that many randomly chosen elements
/// of each input are checked: two evaluations of `f` per element take long when the inputs are large. Throws
/// Error when no gradient reaches an input.
GradcheckResult gradcheck(const std::function<Var(std::span<const Var>)>& f,
                          const std::vector<Tensor>& inputs, double step = 1e-5, std::uint64_t seed = 1,
                          Index probes = 0);

}  // namespace gradus
