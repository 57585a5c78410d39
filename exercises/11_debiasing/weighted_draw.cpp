// Your file for exercise 11. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/base/weighted_draw.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"

namespace gradus {

std::vector<Index> weighted_draw(std::span<const Real> weights, std::span<const Real> uniforms) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    GRADUS_CHECK(weights[i] >= 0 && std::isfinite(weights[i]), "weighted_draw: weight ", i, " is ",
                 weights[i], ", expected a finite number of at least 0");
    sum += weights[i];
  }
  GRADUS_CHECK(std::isnormal(sum), "weighted_draw: the ", weights.size(), " weights sum to ", sum,
               ", expected a positive number that is neither infinite nor denormal");
  for (const Real u : uniforms)
    GRADUS_CHECK(0 <= u && u < 1, "weighted_draw: uniform number ", u, ", expected 0 <= u < 1");
  // TODO(11.5) Return one example per uniform number u: the first i with w_0 + .. + w_i > u (w_0 + .. + w_N-1).
  // The weights need not sum to 1. An example with weight 0 is never drawn. Use double for the sums.
  todo("11.5");
}

}  // namespace gradus
