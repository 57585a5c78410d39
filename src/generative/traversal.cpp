#include <algorithm>

#include "gradus/base/check.hpp"
#include "gradus/generative/manifold.hpp"

namespace gradus {

Tensor traversals(const Tensor& z, Index steps, Real low, Real high) {
  GRADUS_CHECK(z.rank() == 1 && steps >= 2, "traversals: z must be [K] and steps at least 2, got ", z.shape(),
               " and ", steps);
  // [6.5]
  const Index K = z.size();
  Tensor out({K * steps, K});
  for (Index k = 0; k < K; ++k)
    for (Index s = 0; s < steps; ++s) {
      Real* row = out.data() + (k * steps + s) * K;
      std::copy_n(z.data(), K, row);
      row[k] = low + (high - low) * static_cast<Real>(s) / static_cast<Real>(steps - 1);
    }
  return out;
  // [end]
}

}  // namespace gradus
