#include "gradus/generative/with_label.hpp"

#include "gradus/ops/checks.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

Var with_label(const Var& x, const std::vector<int>& labels, int classes) {
  check_rank("with_label", "x", x.value(), 2);
  GRADUS_CHECK(x.dim(0) == static_cast<Index>(labels.size()), "with_label: x ", x.shape(), " needs ",
               x.dim(0), " labels, got ", labels.size());
  check_labels("with_label", labels, classes);
  // [8.3]
  Tensor hot = Tensor::zeros({x.dim(0), classes});
  for (Index b = 0; b < x.dim(0); ++b) hot[b * classes + labels[static_cast<std::size_t>(b)]] = 1;
  return concat({x, Var(hot)}, 1);
  // [end]
}

}  // namespace gradus
