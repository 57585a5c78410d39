#include "gradus/generative/vae_loss.hpp"

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor VaeLoss::forward(const Tensor& nll, const Tensor& kl) {
  check_rank("vae_loss", "nll", nll, 1);
  check_same_shape("vae_loss (nll, kl)", nll, kl);
  // [6.3]
  return zipped(nll, kl, [b = beta](Real n, Real k) { return n + b * k; });
  // [end]
}

Grads<2> VaeLoss::backward(const Tensor& dloss) const {
  // [6.4]
  // dnll = dloss         dkl = beta dloss
  return {dloss, mapped(dloss, [b = beta](Real d) { return b * d; })};
  // [end]
}

Var vae_loss(const Var& nll, const Var& kl, Real beta) { return record(VaeLoss{beta}, nll, kl); }

Real warmed_beta(Real beta, double progress, double warm_up) {
  return warm_up > 0 && progress < warm_up ? static_cast<Real>(beta * progress / warm_up) : beta;
}

}  // namespace gradus
