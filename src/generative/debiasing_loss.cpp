#include "gradus/generative/debiasing_loss.hpp"

#include <cmath>

#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus {
namespace {

/// code [B, K]; numbers of non-faces that are large or NaN become 0, constants. The VAE's terms of a non-face
/// and their gradients are multiplied by 0, so they must be finite: e^logvar is infinite from 89 on,
/// in float.
Var bounded(const Tensor& face, const Var& code) {
  constexpr Real limit = 30;
  Tensor kept(code.shape());
  for (Index i = 0; i < kept.size(); ++i)
    kept[i] = face[i / code.dim(1)] != 0 || std::abs(code.value()[i]) <= limit;
  return where(kept, code, Tensor::zeros(code.shape()));
}

}  // namespace

Var debiasing_loss(const Var& logits, const Tensor& face, const Var& all_mu, const Var& all_logvar,
                   const Tensor& noise, const std::function<Var(const Var& z)>& nll, Real weight) {
  check_rank("debiasing_loss", "logits", logits.value(), 1);
  check_same_shape("debiasing_loss (logits, face)", logits.value(), face);
  check_rank("debiasing_loss", "mu", all_mu.value(), 2);
  check_same_shape("debiasing_loss (mu, logvar)", all_mu.value(), all_logvar.value());
  check_same_shape("debiasing_loss (mu, noise)", all_mu.value(), noise);
  GRADUS_CHECK(all_mu.dim(0) == face.dim(0), "debiasing_loss: ", face.dim(0), " labels and mu ",
               all_mu.shape(), ", expected one row per label");
  for (const Real label : face.values())
    GRADUS_CHECK(label == 0 || label == 1, "debiasing_loss: a label is ", label, ", expected 0 or 1");
  const Var mu = bounded(face, all_mu), logvar = bounded(face, all_logvar);
  // [11.1]
  const Var reconstruction = nll(reparameterize(mu, logvar, noise));
  check_same_shape("debiasing_loss (nll, face)", reconstruction.value(), face);
  const Var vae = weight * (reconstruction + gaussian_kl(mu, logvar));
  return bernoulli_nll(logits, face) + Var(face) * vae;
  // [end]
}

}  // namespace gradus
