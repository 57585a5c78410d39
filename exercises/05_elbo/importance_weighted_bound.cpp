// Your file for exercise 5. The lesson is README.md beside it; every TODO is a part of its own.
#include <limits>

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor ImportanceWeightedBound::forward(const Tensor& log_w) {
  check_rank("importance_weighted_bound", "log_w", log_w, 2);
  const Index B = log_w.dim(0), k = log_w.dim(1);
  GRADUS_CHECK(k > 0, "importance_weighted_bound: log_w ", log_w.shape(), " has no sample");
  // TODO(5.8) Return the bound of every row, [B], from k samples each:
  //   bound_b = log( 1/k sum_s exp(log_w_bs) )
  // and keep in the op, for backward, the normalised weights [B, k]:
  //   weights_bs = exp(log_w_bs) / sum_r exp(log_w_br)
  // Logarithms of weights are numbers like -90 or -5000, whose exp is 0: subtract the row's largest first.
  todo("5.8", B);
}

Grads<1> ImportanceWeightedBound::backward(const Tensor& dbound) const {
  // TODO(5.9) Return { dL/dlog_w }, [B, k], from dbound = dL/dbound [B]. The normalised weights
  // [B, k] are what forward kept.
  todo("5.9", dbound);
}

Var importance_weighted_bound(const Var& log_w) { return record(ImportanceWeightedBound{}, log_w); }

}  // namespace gradus
