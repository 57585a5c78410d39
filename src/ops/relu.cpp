#include "gradus/ops/activation.hpp"

#include "gradus/kernels/elementwise.hpp"

namespace gradus {

Tensor Relu::forward(const Tensor& x) {
  // [1.1]
  return y = mapped(x, [](Real v) { return v < 0 ? Real(0) : v; });  // this way round, NaN passes
  // [end]
}

Grads<1> Relu::backward(const Tensor& dy) const {
  // [1.2]
  // dx = dy where y > 0, and where y is NaN: this way round, the gradient does not hide it
  return {zipped(dy, y, [](Real d, Real v) { return v <= 0 ? Real(0) : d; })};
  // [end]
}

Var relu(const Var& x) { return record(Relu{}, x); }

}  // namespace gradus
