// Your file for exercise 6. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/vae_loss.hpp"

#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor VaeLoss::forward(const Tensor& nll, const Tensor& kl) {
  check_rank("vae_loss", "nll", nll, 1);
  check_same_shape("vae_loss (nll, kl)", nll, kl);
  // TODO(6.3) Return the loss of every example, [B], which training MINIMISES: the reconstruction term
  // nll_b plus beta times the divergence kl_b. Both are costs: nll is already -log p(x|z).
  todo("6.3");
}

Grads<2> VaeLoss::backward(const Tensor& dloss) const {
  // TODO(6.4) Return { dL/dnll, dL/dkl }, both [B], from dloss = dL/dloss [B].
  todo("6.4", dloss);
}

Var vae_loss(const Var& nll, const Var& kl, Real beta) { return record(VaeLoss{beta}, nll, kl); }

Real warmed_beta(Real beta, double progress, double warm_up) {
  return warm_up > 0 && progress < warm_up ? static_cast<Real>(beta * progress / warm_up) : beta;
}

}  // namespace gradus
