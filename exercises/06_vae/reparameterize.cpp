// Your file for exercise 6. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/reparameterize.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor Reparameterize::forward(const Tensor& mu, const Tensor& logvar_in, const Tensor& noise_in) {
  check_same_shape("reparameterize (mu, logvar)", mu, logvar_in);
  check_same_shape("reparameterize (mu, noise)", mu, noise_in);
  logvar = logvar_in, noise = noise_in;  // backward needs them
  // TODO(6.1) Return the sample z, of the shape of mu:
  //   z_i = mu_i + sigma_i noise_i
  // sigma is the standard deviation; logvar is the logarithm of the variance sigma^2.
  // Every element has its own noise. logvar may be any number; do not clamp it:
  // at -1000 and 1000 a double can hold sigma, but not sigma^2.
  todo("6.1");
}

Grads<3> Reparameterize::backward(const Tensor& dz) const {
  // TODO(6.2) Return { dL/dmu, dL/dlogvar, Tensor() } from dz = dL/dz, all of one shape.
  // The noise is a constant: an empty tensor in its place means that no gradient flows to it.
  // logvar may be any number, as in 6.1.
  todo("6.2", dz);
}

Var reparameterize(const Var& mu, const Var& logvar, const Tensor& noise) {
  return record(Reparameterize{}, mu, logvar, Var(noise));
}

}  // namespace gradus
