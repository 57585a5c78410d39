#include "gradus/generative/affine_coupling.hpp"

#include "gradus/base/fast_math.hpp"
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
  // [13.1]
  for_rows(
      B, B * D, [=, m = mask.data(), a = x.data(), c = s.data(), t = shift.data(), out = y.data()](Index b) {
#pragma omp simd
        for (Index k = 0; k < D; ++k) {
          const Index i = b * D + k;
          const Real moved = a[i] * fast_exp(c[i]) + t[i];  // in any case, so that the loop can use vectors
          out[i] = m[k] == 0 ? moved : a[i];
        }
      });
  return y;
  // [end]
}

Grads<3> AffineCoupling::backward(const Tensor& dy) const {
  const Index B = x.dim(0), D = x.shape().row_size();
  Tensor dx(x.shape()), ds(x.shape()), dt(x.shape());
  // [13.2]
  // dx = dy (m + (1 - m) e^s)      ds = (1 - m) dy x e^s      dt = (1 - m) dy
  const Real *m = mask.data(), *a = x.data(), *c = s.data(), *d = dy.data();
  for_rows(B, B * D, [=, of_x = dx.data(), of_s = ds.data(), of_t = dt.data()](Index b) {
#pragma omp simd
    for (Index k = 0; k < D; ++k) {
      const Index i = b * D + k;
      const Real moved = fast_exp(c[i]), scale = m[k] == 0 ? moved : Real(1), slope = d[i] * a[i] * scale;
      of_x[i] = d[i] * scale;
      of_s[i] = m[k] == 0 ? slope : Real(0);
      of_t[i] = m[k] == 0 ? d[i] : Real(0);
    }
  });
  return {dx, ds, dt};
  // [end]
}

Var affine_coupling(const Tensor& mask, const Var& x, const Var& log_scale, const Var& shift) {
  return record(AffineCoupling{mask}, x, log_scale, shift);
}

Tensor InverseCoupling::forward(const Tensor& y, const Tensor& log_scale, const Tensor& shift) {
  check_coupling("inverse_coupling", mask, y, log_scale, shift);
  s = log_scale;  // backward needs it, and x
  const Index B = y.dim(0), D = y.dim(1);
  x = Tensor(y.shape());
  // [13.3]
  // Divides by the factor of forward: e^-s, rounded, is not the inverse of the rounded e^s.
  for_rows(B, B * D,
           [=, m = mask.data(), v = y.data(), c = s.data(), t = shift.data(), out = x.data()](Index b) {
#pragma omp simd
             for (Index k = 0; k < D; ++k) {
               const Index i = b * D + k;
               const Real moved = (v[i] - t[i]) / fast_exp(c[i]);
               out[i] = m[k] == 0 ? moved : v[i];
             }
           });
  return x;
  // [end]
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
  // [13.4]
  row_sums(B, D, log_det.data(), [=, m = mask.data(), s = log_scale.data()](Index b, Index k) {
    return m[k] == 0 ? s[b * D + k] : Real(0);
  });
  return log_det;
  // [end]
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
