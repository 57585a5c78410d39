#pragma once
// Shared code of the losses that take one logit per example.
#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

/// Throws Error unless there is one logit per example: [B] or [B, 1].
inline void check_logits(const char* op, const Tensor& logits) {
  GRADUS_CHECK(logits.rank() == 1 || (logits.rank() == 2 && logits.dim(1) == 1), op,
               ": logits must be [B] or [B, 1], one per example, got ", logits.shape());
}

/// loss_b = f(logit_b), [B]
template <class F>
Tensor each_logit(const Tensor& logits, F f) {
  return mapped(logits.reshape({logits.dim(0)}), f);
}

/// dlogit_b = dloss_b f(logit_b), of the shape of the logits
template <class F>
Tensor each_slope(const Tensor& dloss, const Tensor& logits, F f) {
  Tensor dlogits(logits.shape());
  zip(logits.size(), dloss.data(), logits.data(), dlogits.data(), [=](Real d, Real a) { return d * f(a); });
  return dlogits;
}

}  // namespace gradus
