#include "gradus/generative/reparameterize.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor Reparameterize::forward(const Tensor& mu, const Tensor& logvar_in, const Tensor& noise_in) {
  check_same_shape("reparameterize (mu, logvar)", mu, logvar_in);
  check_same_shape("reparameterize (mu, noise)", mu, noise_in);
  logvar = logvar_in, noise = noise_in;  // backward needs them
  // [6.1]
  Tensor z(mu.shape());
  zip(z.size(), mu.data(), logvar.data(), noise.data(), z.data(),
      [](Real m, Real v, Real e) { return m + fast_exp(Real(0.5) * v) * e; });
  return z;
  // [end]
}

Grads<3> Reparameterize::backward(const Tensor& dz) const {
  // [6.2]
  // dmu = dz             dlogvar = dz noise exp(logvar / 2) / 2
  Tensor dlogvar(dz.shape());
  zip(dz.size(), dz.data(), logvar.data(), noise.data(), dlogvar.data(),
      [](Real d, Real v, Real e) { return d * e * Real(0.5) * fast_exp(Real(0.5) * v); });
  return {dz, dlogvar, Tensor()};
  // [end]
}

Var reparameterize(const Var& mu, const Var& logvar, const Tensor& noise) {
  return record(Reparameterize{}, mu, logvar, Var(noise));
}

}  // namespace gradus
