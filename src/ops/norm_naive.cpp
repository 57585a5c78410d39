#include <cmath>

#include "gradus/ops/checks.hpp"
#include "gradus/ops/norm.hpp"

namespace gradus {

Tensor NaiveNormalize::forward(const Tensor& x) {
  check_rank("normalize", "x", x, 2);
  const Index S = x.dim(0), n = x.dim(1);
  h = Tensor(x.shape()), scale.resize(static_cast<std::size_t>(S));
  for (Index s = 0; s < S; ++s) {
    double m = 0, v = 0;
    for (Index i = 0; i < n; ++i) m += double{x[s * n + i]} / double(n);
    for (Index i = 0; i < n; ++i) v += (double{x[s * n + i]} - m) * (double{x[s * n + i]} - m) / double(n);
    const double r = scale[static_cast<std::size_t>(s)] = 1 / std::sqrt(v + double{epsilon});
    for (Index i = 0; i < n; ++i) h[s * n + i] = static_cast<Real>((double{x[s * n + i]} - m) * r);
  }
  return h;
}

// Each x_i changes its own h by r = 1 / sqrt(v + epsilon), all h by -r / n through m, and every h_j by
// -r h_i h_j / n through v: dx_i = r (dh_i - mean(dh) - h_i mean(dh h))
Grads<1> NaiveNormalize::backward(const Tensor& dh) const {
  const Index S = h.dim(0), n = h.dim(1);
  Tensor dx(h.shape());
  for (Index s = 0; s < S; ++s) {
    double mean_dh = 0, mean_dh_h = 0;
    for (Index i = s * n; i < (s + 1) * n; ++i) {
      mean_dh += double{dh[i]} / double(n);
      mean_dh_h += double{dh[i]} * double{h[i]} / double(n);
    }
    const double r = scale[static_cast<std::size_t>(s)];
    for (Index i = s * n; i < (s + 1) * n; ++i)
      dx[i] = static_cast<Real>(r * (double{dh[i]} - mean_dh - double{h[i]} * mean_dh_h));
  }
  return {dx};
}

}  // namespace gradus
