#include "gradus/ops/dropout.hpp"

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// y = x m              dx = dy m       m is 0 or 1 / (1 - p)
struct Dropout {
  Tensor mask;
  Tensor forward(const Tensor& x) {
    return zipped(x, mask, [](Real v, Real m) { return v * m; });
  }
  Grads<1> backward(const Tensor& dy) const {
    return {zipped(dy, mask, [](Real d, Real m) { return d * m; })};
  }
};

}  // namespace

Var dropout(const Var& x, Real p, Rng& rng) {
  GRADUS_CHECK(p >= 0 && p < 1, "dropout: the probability must be in [0, 1), got ", p);
  Tensor mask = Tensor::bernoulli(x.shape(), rng, 1 - p);
  map(mask.size(), mask.data(), mask.data(), [scale = 1 / (1 - p)](Real m) { return m * scale; });
  return record(Dropout{std::move(mask)}, x);
}

}  // namespace gradus
