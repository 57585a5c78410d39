// Your file for exercise 8. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/with_label.hpp"

#include "gradus/base/todo.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

Var with_label(const Var& x, const std::vector<int>& labels, int classes) {
  check_rank("with_label", "x", x.value(), 2);
  GRADUS_CHECK(x.dim(0) == static_cast<Index>(labels.size()), "with_label: x ", x.shape(), " needs ",
               x.dim(0), " labels, got ", labels.size());
  check_labels("with_label", labels, classes);
  // TODO(8.3) Return [B, K + classes]: on the left x, on the right a row of zeros with a single 1
  // at the index of the label (label 0 is the first column). Gradients must reach x, so join the two parts
  // with concat(.., axis) of gradus/ops/shaping.hpp instead of copying the numbers of x.
  todo("8.3", x, labels, classes);
}

}  // namespace gradus
