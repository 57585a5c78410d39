// Your file for exercise 13. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/affine_coupling.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

void check_mask(const char* op, const Tensor& mask, const Tensor& x) {
  check_rank(op, "x", x, 2);
  GRADUS_CHECK(mask.shape() == Shape{x.dim(1)}, op, ": mask must be [", x.dim(1), "] for x ", x.shape(),
               ", got ", mask.shape());
  for (const Real m : mask.values())
    GRADUS_CHECK(m == 0 || m == 1, op, ": the mask holds ", m, ", must be 0 or 1");
}

void check_coupling(const char* op, const Tensor& mask, const Tensor& x, const Tensor& s, const Tensor& t) {
  check_mask(op, mask, x);
  check_same_shape(op, x, s);
  check_same_shape(op, x, t);
}

}  // namespace

Tensor AffineCoupling::forward(const Tensor& x_in, const Tensor& log_scale, const Tensor& shift) {
  check_coupling("affine_coupling", mask, x_in, log_scale, shift);
  x = x_in, s = log_scale;  // backward needs them
  const Index B = x.dim(0), D = x.shape().row_size();
  Tensor y(x.shape());
  // TODO(13.1) Fill and return y [B, D] from x [B, D], log_scale s and shift t [B, D], and mask [D]:
  //   y_bk = x_bk                      where mask_k = 1
  //   y_bk = x_bk exp(s_bk) + t_bk     where mask_k = 0
  // s and t must not reach the coordinates that the mask keeps, not even as NaN: choose, do not multiply by 0.
  todo("13.1", B, D, shift);
}

Grads<3> AffineCoupling::backward(const Tensor& dy) const {
  const Index B = x.dim(0), D = x.shape().row_size();
  Tensor dx(x.shape()), ds(x.shape()), dt(x.shape());
  // TODO(13.2) Return { dL/dx, dL/ds, dL/dt }, all [B, D], from dy = dL/dy [B, D]. x and s are those of the forward pass.
  // Where mask_k = 1, ds and dt are 0. B, D and three new tensors dx, ds, dt are given.
  todo("13.2", B, D, dy);
}

Var affine_coupling(const Tensor& mask, const Var& x, const Var& log_scale, const Var& shift) {
  return record(AffineCoupling{mask}, x, log_scale, shift);
}

Tensor InverseCoupling::forward(const Tensor& y, const Tensor& log_scale, const Tensor& shift) {
  check_coupling("inverse_coupling", mask, y, log_scale, shift);
  s = log_scale;  // backward needs it, and x
  const Index B = y.dim(0), D = y.dim(1);
  x = Tensor(y.shape());
  // TODO(13.3) Fill and return x [B, D], the x from which affine_coupling makes y with the same s, t and mask.
  todo("13.3", B, D, shift);
}

Grads<3> InverseCoupling::backward(const Tensor& dx) const {
  // dy = dx (m + (1 - m) e^-s)      ds = -(1 - m) dx x      dt = -(1 - m) dx e^-s
  const Index B = x.dim(0), D = x.shape().row_size();
  Tensor dy(x.shape()), ds(x.shape()), dt(x.shape());
  const Real *m = mask.data(), *a = x.data(), *c = s.data(), *d = dx.data();
  for_rows(B, B * D, [=, of_y = dy.data(), of_s = ds.data(), of_t = dt.data()](Index b) {
#pragma omp simd
    for (Index k = 0; k < D; ++k) {
      const Index i = b * D + k;
      const Real moved = 1 / fast_exp(c[i]), scale = m[k] == 0 ? moved : Real(1), ds_in = -d[i] * a[i];
      of_y[i] = d[i] * scale;
      of_s[i] = m[k] == 0 ? ds_in : Real(0);
      of_t[i] = m[k] == 0 ? -d[i] * scale : Real(0);
    }
  });
  return {dy, ds, dt};
}

Var inverse_coupling(const Tensor& mask, const Var& y, const Var& log_scale, const Var& shift) {
  return record(InverseCoupling{mask}, y, log_scale, shift);
}

Tensor CouplingLogDet::forward(const Tensor& log_scale) {
  check_mask("coupling_log_det", mask, log_scale);
  shape = log_scale.shape();
  const Index B = shape[0], D = shape[1];
  Tensor log_det({B});
  // TODO(13.4) Fill and return log_det [B], the logarithm of |det dy/dx| of every example:
  //   log_det_b = sum of s_bk over the coordinates with mask_k = 0
  // The network that computes s and t reads only coordinates that the mask keeps.
  todo("13.4", B, D);
}

Grads<1> CouplingLogDet::backward(const Tensor& dlog_det) const {
  // ds_bk = (1 - m_k) dlog_det_b
  return {scaled_rows(dlog_det, shape, [D = shape[1], m = mask.data()](Index i) { return 1 - m[i % D]; })};
}

Var coupling_log_det(const Tensor& mask, const Var& log_scale) {
  return record(CouplingLogDet{mask}, log_scale);
}

Tensor checkerboard_mask(Index height, Index width, int parity) {
  GRADUS_CHECK(height >= 1 && width >= 1, "checkerboard_mask: the sizes must be positive, got ", height,
               " and ", width);
  Tensor mask({height * width});
  for (Index i = 0; i < mask.size(); ++i)
    mask[i] = (i / width + i % width + parity) % 2 == 0 ? Real(1) : Real(0);
  return mask;
}

Tensor random_half_mask(Index D, Rng& rng) {
  GRADUS_CHECK(D >= 1, "random_half_mask: D must be at least 1, got ", D);
  Tensor mask = Tensor::zeros({D});
  const std::vector<Index> order = rng.permutation(D);
  for (Index i = 0; i < (D + 1) / 2; ++i) mask[order[static_cast<std::size_t>(i)]] = 1;
  return mask;
}

Tensor opposite_mask(const Tensor& mask) {
  return mapped(mask, [](Real m) { return 1 - m; });
}

}  // namespace gradus
