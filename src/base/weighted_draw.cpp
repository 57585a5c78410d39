#include "gradus/base/weighted_draw.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

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
  // [11.5]
  std::vector<Index> drawn;
  std::vector<double> up_to;  // w_0 + .. + w_i
  double partial = 0;
  for (const Real w : weights) up_to.push_back(partial += w);
  for (const Real u : uniforms)
    drawn.push_back(std::upper_bound(up_to.begin(), up_to.end(), u * partial) - up_to.begin());
  return drawn;
  // [end]
}

}  // namespace gradus
