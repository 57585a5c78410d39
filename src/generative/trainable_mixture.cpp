#include "gradus/generative/trainable_mixture.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"

namespace gradus {

TrainableMixture::TrainableMixture(Rng& random, const Tensor& means_in, Real deviation)
    : Module(random), logits(Tensor()), means(Tensor()), factors(Tensor()) {
  GRADUS_CHECK(means_in.rank() == 2 && means_in.size() > 0 && deviation > 0,
               "TrainableMixture: needs means [K, D] and a deviation above 0, got ", means_in.shape(),
               " and ", deviation);
  const Index K = means_in.dim(0), D = means_in.dim(1);
  diagonal_ = Tensor::zeros({K, D, D}), below_ = Tensor::zeros({K, D, D});
  for (Index k = 0; k < K; ++k)
    for (Index i = 0; i < D; ++i) {
      diagonal_[(k * D + i) * D + i] = 1;
      for (Index j = 0; j < i; ++j) below_[(k * D + i) * D + j] = 1;
    }
  logits.value = Tensor::zeros({K});
  means.value = means_in.clone();
  factors.value = Tensor::zeros({K, D, D});
  for (Index i = 0; i < diagonal_.size(); ++i)
    if (diagonal_[i] == 1) factors.value[i] = -std::log(deviation);
  add_parameter("logits", logits);
  add_parameter("means", means);
  add_parameter("factors", factors);
}

Var TrainableMixture::log_joint(const Var& x) {
  const Index K = means.value.dim(0), D = means.value.dim(1);
  GRADUS_CHECK(x.value().rank() == 2 && x.dim(1) == D, "TrainableMixture: x must be [N, ", D, "], got ",
               x.shape());
  // The inner product keeps exp of a large factor below the diagonal from becoming infinity * 0.
  const Var A = exp(Var(factors) * Var(diagonal_)) * Var(diagonal_) + Var(factors) * Var(below_);
  std::vector<Var> columns;
  for (Index k = 0; k < K; ++k) {
    const Var mean = reshape(slice(means, 0, k, k + 1), {D}), factor = reshape(slice(A, 0, k, k + 1), {D, D});
    const Var squared = row_sums(square(matmul(add_row(x, -mean), factor)));
    columns.push_back(reshape(squared, {x.dim(0), 1}) * Real(-0.5));
  }
  const Var log_determinants = row_sums(Var(factors) * Var(diagonal_));
  const Real constant = static_cast<Real>(-0.5 * static_cast<double>(D) * std::log(2 * std::numbers::pi));
  return add_row(concat(columns, 1), log_softmax(logits) + log_determinants + constant);
}

Var TrainableMixture::log_likelihood(const Var& x) { return log_sum_exp(log_joint(x)); }

}  // namespace gradus
