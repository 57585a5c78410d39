#include "gradus/generative/debiasing_loss.hpp"

#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {

Var debiasing_loss(const Var& logits, const Tensor& face, const Var& mu, const Var& logvar,
                   const Tensor& noise, const std::function<Var(const Var& z)>& nll, Real weight) {
  check_rank("debiasing_loss", "logits", logits.value(), 1);
  check_same_shape("debiasing_loss (logits, face)", logits.value(), face);
  check_rank("debiasing_loss", "mu", mu.value(), 2);
  check_same_shape("debiasing_loss (mu, logvar)", mu.value(), logvar.value());
  check_same_shape("debiasing_loss (mu, noise)", mu.value(), noise);
  GRADUS_CHECK(mu.dim(0) == face.dim(0), "debiasing_loss: ", face.dim(0), " labels and mu ", mu.shape(),
               ", expected one row per label");
  // [11.1]
  const Var reconstruction = nll(reparameterize(mu, logvar, noise));
  check_same_shape("debiasing_loss (nll, face)", reconstruction.value(), face);
  const Var vae = weight * (reconstruction + gaussian_kl(mu, logvar));
  return bernoulli_nll(logits, face) + Var(face) * vae;
  // [end]
}

}  // namespace gradus
