#pragma once
// Scores of a VAE for outliers.
#include <algorithm>
#include <array>
#include <cmath>

#include "3_variational/vae_net.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus::lecture {

/// The three scores of every image, larger means more unusual: the negative ELBO, the squared error of the
/// reconstruction, and |negative ELBO - typical|.
using Scores = std::array<Tensor, 3>;  // [N] each

/// |negative ELBO - typical|, for every image [N]
inline Tensor two_sided(const Tensor& nelbo, double typical) {
  return mapped(nelbo, [typical](Real value) { return std::abs(value - static_cast<Real>(typical)); });
}

inline Scores scores_of(Vae& vae, const Tensor& x, double typical, Rng& rng) {
  Tensor nelbo({x.dim(0)}), error({x.dim(0)});
  for (Index first = 0; first < x.dim(0); first += 500) {
    const Index last = std::min(first + 500, x.dim(0));
    const Tensor part = x.rows(first, last);
    const auto [mu, logvar] = vae.encode(part);
    Tensor sum = gaussian_kl(mu, logvar).value().clone();
    for (int draw = 0; draw < 3; ++draw) {
      const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), rng));
      const Tensor nll = bernoulli_nll(vae.decode(z), part).value();
      for (Index i = 0; i < sum.size(); ++i) sum[i] += nll[i] / 3;
    }
    nelbo.rows(first, last).copy_from(sum);
    error.rows(first, last).copy_from(squared_error(sigmoid(vae.decode(mu)), part).value());
  }
  return {nelbo, error, two_sided(nelbo, typical)};
}

}  // namespace gradus::lecture
