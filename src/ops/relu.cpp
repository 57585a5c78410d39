#include "gradus/ops/activation.hpp"

#include "gradus/kernels/elementwise.hpp"

namespace gradus {

Tensor Relu::forward(const Tensor& x) {
  // SOLUTION(1.1: x) Keep y = max(x, 0) in the member `y`, which backward reads, and return it. The result is
  // a new tensor of x's shape, any rank: x itself stays as it is. NaN stays NaN, so that a broken number is
  // seen and not hidden.
  //
  return y = mapped(x, [](Real v) { return v < 0 ? Real(0) : v; });  // this way round, NaN passes
  // END
}

Grads<1> Relu::backward(const Tensor& dy) const {
  // SOLUTION(1.2: dy) Return { dL/dx }, of y's shape, from dy = dL/dy. All that is left of x is y: it has to
  // tell which elements passed. At x = 0, where there is a corner, the gradient is 0.
  //
  // dx = dy where y > 0, and where y is NaN: this way round, the gradient does not hide it
  return {zipped(dy, y, [](Real d, Real v) { return v <= 0 ? Real(0) : d; })};
  // END
}

Var relu(const Var& x) { return record(Relu{}, x); }

}  // namespace gradus
