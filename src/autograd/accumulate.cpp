#include "gradus/autograd/tape.hpp"

#include "gradus/base/check.hpp"
#include "gradus/kernels/elementwise.hpp"

namespace gradus {

void accumulate(Tensor& sum, Tensor grad) {
  GRADUS_CHECK(grad, "accumulate: the gradient is empty, there is nothing to add");
  GRADUS_CHECK(!sum || sum.shape() == grad.shape(), "accumulate: the sum is ", sum.shape(),
               ", the gradient to add is ", grad.shape());
  // [1.5]
  const auto plus = [](Real a, Real b) { return a + b; };
  if (!sum) {
    sum = std::move(grad);
  } else if (sum.unique()) {
    zip(sum.size(), sum.data(), grad.data(), sum.data(), plus);
  } else {
    sum = zipped(sum, grad, plus);
  }
  // [end]
}

}  // namespace gradus
