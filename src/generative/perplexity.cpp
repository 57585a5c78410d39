#include "gradus/generative/perplexity.hpp"

#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

double perplexity(const Tensor& nll) {
  GRADUS_CHECK(nll.rank() == 1 && nll.size() > 0, "perplexity: nll must be [N] with N >= 1, got ",
               nll.shape());
  return std::exp(total(nll.size(), [&](Index n) { return double{nll[n]}; }) /
                  static_cast<double>(nll.size()));
}

}  // namespace gradus
