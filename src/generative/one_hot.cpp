#include "gradus/generative/one_hot.hpp"

#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor one_hot(const std::vector<int>& labels, int classes) {
  check_labels("one_hot", labels, classes);
  Tensor hot = Tensor::zeros({static_cast<Index>(labels.size()), classes});
  for (Index b = 0; b < hot.dim(0); ++b) hot[b * classes + labels[static_cast<std::size_t>(b)]] = 1;
  return hot;
}

}  // namespace gradus
