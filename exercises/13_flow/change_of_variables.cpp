// Your file for exercise 13. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/change_of_variables.hpp"

#include <cmath>
#include <numbers>
#include <utility>

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_alpha(const char* op, Real alpha) {
  GRADUS_CHECK(alpha >= 0 && alpha < Real(0.5), op, ": alpha must be in [0, 1/2), got ", alpha);
}

}  // namespace

Tensor ChangeOfVariables::forward(const Tensor& z_in, const Tensor& log_det) {
  check_rank("change_of_variables", "z", z_in, 2);
  GRADUS_CHECK(log_det.shape() == Shape{z_in.dim(0)}, "change_of_variables: log_det must be [", z_in.dim(0),
               "] for z ", z_in.shape(), ", got ", log_det.shape());
  z = z_in;  // backward needs it
  // TODO(13.5) Return the log density of every example, [B], from its code z [B, D] and log_det [B]:
  //   log p_b = -1/2 sum_k z_bk^2 - D/2 log(2 pi) + log_det_b
  todo("13.5");
}

Grads<2> ChangeOfVariables::backward(const Tensor& dlog_p) const {
  // TODO(13.6) Return { dL/dz, dL/dlog_det }, [B, D] and [B], from dlog_p = dL/dlog_p [B].
  // Return new tensors: a copy of a Tensor shares its numbers with the original, clone() does not.
  todo("13.6", dlog_p);
}

Var change_of_variables(const Var& z, const Var& log_det) { return record(ChangeOfVariables{}, z, log_det); }

Transformed dequantize(const Tensor& x, const Tensor& noise, Index levels) {
  check_not_empty("dequantize", x);
  check_same_shape("dequantize", x, noise);
  GRADUS_CHECK(levels >= 2, "dequantize: there must be at least 2 levels, got ", levels);
  const Real last = static_cast<Real>(levels - 1), count = static_cast<Real>(levels);
  const double D = static_cast<double>(x.shape().row_size());
  Tensor u = zipped(x, noise, [=](Real v, Real n) { return (std::round(v * last) + n) / count; });
  for (const Real v : u.values())
    GRADUS_CHECK(v >= 0 && v <= 1,
                 "dequantize: x must be in [0, 1] and the noise in [0, 1); a value becomes ", v);
  return {std::move(u),
          Tensor::full({x.dim(0)}, static_cast<Real>(-D * std::log(static_cast<double>(levels))))};
}

Transformed logit_transform(const Tensor& u, Real alpha) {
  check_not_empty("logit_transform", u);
  check_alpha("logit_transform", alpha);
  const Tensor p = mapped(u, [=](Real v) { return alpha + (1 - 2 * alpha) * v; });
  for (const Real v : p.values())
    GRADUS_CHECK(v > 0 && v < 1, "logit_transform: a value becomes ", v, ", must be inside (0, 1)");
  const Index B = u.dim(0), D = u.shape().row_size();
  Transformed out{mapped(p, [](Real v) { return fast_log(v) - fast_log(1 - v); }), Tensor({B})};
  const Real slope = std::log(1 - 2 * alpha);
  row_sums(B, D, out.log_det.data(), [=, q = p.data()](Index b, Index k) {
    const Real v = q[b * D + k];
    return slope - fast_log(v) - fast_log(1 - v);
  });
  return out;
}

Tensor inverse_logit(const Tensor& v, Real alpha) {
  check_alpha("inverse_logit", alpha);
  return mapped(v, [=](Real a) {
    const Real u = (fast_sigmoid(a) - alpha) / (1 - 2 * alpha);
    return u < 0 ? Real(0) : u > 1 ? Real(1) : u;
  });
}

double bits_per_dimension(double log_p, Index D, Index levels) {
  GRADUS_CHECK(D >= 1 && levels >= 1, "bits_per_dimension: D and levels must be positive, got ", D, " and ",
               levels);
  return -log_p / (static_cast<double>(D) * std::numbers::ln2) + std::log2(static_cast<double>(levels));
}

}  // namespace gradus
