#include "gradus/generative/change_of_variables.hpp"

#include <cmath>
#include <numbers>
#include <utility>

#include "gradus/base/fast_math.hpp"
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
  // [13.5]
  const Index B = z.dim(0), D = z.dim(1);
  Tensor log_p({B});
  row_sums(B, D, log_p.data(), [=, c = z.data()](Index b, Index k) { return c[b * D + k] * c[b * D + k]; });
  const Real constant = static_cast<Real>(static_cast<double>(D) * std::log(2 * std::numbers::pi));
  for (Index b = 0; b < B; ++b) log_p[b] = Real(-0.5) * (log_p[b] + constant) + log_det[b];
  return log_p;
  // [end]
}

Grads<2> ChangeOfVariables::backward(const Tensor& dlog_p) const {
  // [13.6]
  // dz = -z dlog_p      dlog_det = dlog_p
  return {scaled_rows(dlog_p, z.shape(), [c = z.data()](Index i) { return -c[i]; }), dlog_p.clone()};
  // [end]
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
