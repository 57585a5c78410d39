// Your file for exercise 11. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/debiasing_loss.hpp"

#include <cmath>

#include "gradus/base/todo.hpp"
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
  // TODO(11.1) Return [B], a Var:
  //   z      = mu + e^(logvar/2) noise          logvar is the logarithm of the *variance*, here and in the KL
  //   loss_b = -log p(face_b | logit_b) + face_b weight ( nll(z)_b + KL( N(mu, e^logvar) || N(0, 1) )_b )
  // Every example is classified; only faces (face_b = 1) have the second term. Call nll exactly once.
  // Given: reparameterize, gaussian_kl, bernoulli_nll (logits [B] and targets [B] give [B]), and +, * of Vars of
  // equal shape; Var(face) is a constant.
  todo("11.1", nll, weight);
}

}  // namespace gradus
