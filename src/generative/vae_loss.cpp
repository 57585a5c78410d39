#include "gradus/generative/vae_loss.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor VaeLoss::forward(const Tensor& nll, const Tensor& kl) {
  check_rank("vae_loss", "nll", nll, 1);
  check_same_shape("vae_loss (nll, kl)", nll, kl);
  // SOLUTION(6.3) Return the loss of every example, [B], what training MINIMISES: the reconstruction term
  // nll_b and, weighted with beta, the divergence kl_b. Both arrive as costs: nll is already -log p(x|z).
  //
  return zipped(nll, kl, [b = beta](Real n, Real k) { return n + b * k; });
  // END
}

Grads<2> VaeLoss::backward(const Tensor& dloss) const {
  // SOLUTION(6.4: dloss) Return { dL/dnll, dL/dkl }, both [B], from dloss = dL/dloss [B].
  //
  // dnll = dloss         dkl = beta dloss
  return {dloss, mapped(dloss, [b = beta](Real d) { return b * d; })};
  // END
}

Var vae_loss(const Var& nll, const Var& kl, Real beta) { return record(VaeLoss{beta}, nll, kl); }

Real warmed_beta(Real beta, double progress, double warm_up) {
  return warm_up > 0 && progress < warm_up ? static_cast<Real>(beta * progress / warm_up) : beta;
}

}  // namespace gradus
