#include "gradus/autograd/tape.hpp"

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

void accumulate(Tensor& sum, Tensor grad) {
  GRADUS_CHECK(grad, "accumulate: the gradient is empty: none flows here, so there is nothing to add");
  GRADUS_CHECK(!sum || sum.shape() == grad.shape(), "accumulate: the sum is ", sum.shape(),
               ", the gradient to add is ", grad.shape());
  // SOLUTION(1.5: sum, grad) Add `grad` to `sum`: afterwards the handle `sum` has the sum of both. The two
  // have the same shape.
  // An empty sum (`!sum`) becomes `grad` as it is, no copy: std::move(grad).
  // Copies of a Tensor share one buffer. Where sum.unique() is false somebody else sees sum's buffer (it may
  // be another value's gradient): then never write into it, make a new tensor. Never write into grad's.
  //
  const auto plus = [](Real a, Real b) { return a + b; };
  if (!sum) {
    sum = std::move(grad);
  } else if (sum.unique()) {
    zip(sum.size(), sum.data(), grad.data(), sum.data(), plus);
  } else {
    sum = zipped(sum, grad, plus);
  }
  // END
}

}  // namespace gradus
