#include "gradus/generative/reparameterize.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor Reparameterize::forward(const Tensor& mu, const Tensor& logvar_in, const Tensor& noise_in) {
  check_same_shape("reparameterize (mu, logvar)", mu, logvar_in);
  check_same_shape("reparameterize (mu, noise)", mu, noise_in);
  logvar = logvar_in, noise = noise_in;  // backward needs them
  // SOLUTION(6.1) Return the sample z, of the shape of mu:
  //   z_i = mu_i + sigma_i noise_i
  // sigma is the standard deviation; logvar is the logarithm of the variance sigma^2. Every number has its
  // own noise. logvar may be any number and is not to be cut off: at -1000 and 1000 a double holds sigma,
  // but not sigma^2.
  //
  Tensor z(mu.shape());
  zip(z.size(), mu.data(), logvar.data(), noise.data(), z.data(),
      [](Real m, Real v, Real e) { return m + fast_exp(Real(0.5) * v) * e; });
  return z;
  // END
}

Grads<3> Reparameterize::backward(const Tensor& dz) const {
  // SOLUTION(6.2: dz) Return { dL/dmu, dL/dlogvar, Tensor() } from dz = dL/dz, all of one shape. The noise is
  // a constant: an empty tensor in its place says that no gradient flows there. logvar may be any number, as
  // in 6.1.
  //
  // dmu = dz             dlogvar = dz noise exp(logvar / 2) / 2
  Tensor dlogvar(dz.shape());
  zip(dz.size(), dz.data(), logvar.data(), noise.data(), dlogvar.data(),
      [](Real d, Real v, Real e) { return d * e * Real(0.5) * fast_exp(Real(0.5) * v); });
  return {dz, dlogvar, Tensor()};
  // END
}

Var reparameterize(const Var& mu, const Var& logvar, const Tensor& noise) {
  return record(Reparameterize{}, mu, logvar, Var(noise));
}

}  // namespace gradus
