// Gradients of the lectures' mathematics, in double, at odd shapes.
#include <algorithm>
#include <array>
#include <cmath>

#include "gradients.hpp"
#include "gradus/generative/cycle_loss.hpp"
#include "gradus/generative/debiasing_loss.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/trainable_mixture.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/generative/with_label.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"

using namespace gradus;

namespace {}  // namespace

TEST_CASE("gradients of the variational autoencoder's terms and of the divergences") {
  Rng rng(11);
  for (const auto& [B, K] : {std::pair<Index, Index>{1, 1}, {1, 5}, {7, 1}, {3, 13}, {5, 67}}) {
    const Tensor mu = Tensor::randn({B, K}, rng), logvar = Tensor::randn({B, K}, rng),
                 noise = Tensor::randn({B, K}, rng);
    const Tensor x = Tensor::uniform({B, K}, rng), x_hat = Tensor::uniform({B, K}, rng);
    check("gaussian_kl", [](Vars v) { return gaussian_kl(v[0], v[1]); }, {mu, logvar});
    check("reparameterize", [&](Vars v) { return reparameterize(v[0], v[1], noise); }, {mu, logvar});
    check("fixed_gaussian_nll", [&](Vars v) { return fixed_gaussian_nll(v[0], x, 5); }, {x_hat});
    check("learned_gaussian_nll", [&](Vars v) { return learned_gaussian_nll(v[0], v[1], x); },
          {x_hat, Tensor::of({1}, {Real(-0.3)})});
    check("cycle_loss", [&](Vars v) { return cycle_loss(v[0], x); }, {mu});
    check("identity_loss", [&](Vars v) { return identity_loss(v[0], x); }, {mu});
    check("importance_weighted_bound", [](Vars v) { return importance_weighted_bound(v[0]); }, {mu});
    check("elbo", [](Vars v) { return elbo(v[0], v[1]); },
          {Tensor::randn({B}, rng), Tensor::randn({B}, rng)});
    check("vae_loss", [](Vars v) { return vae_loss(v[0], v[1], 4); },
          {Tensor::randn({B}, rng), Tensor::randn({B}, rng)});
    const std::vector<int> labels(static_cast<std::size_t>(B), 1);
    check("with_label", [&](Vars v) { return with_label(v[0], labels, 3); }, {mu});
    const Tensor face = Tensor::bernoulli({B}, rng, Real(0.5));
    check("debiasing_loss",
          [&](Vars v) {
            const auto nll = [&](const Var& z) { return squared_error(z, x); };
            return debiasing_loss(v[0], face, v[1], v[2], noise, nll, Real(0.3));
          },
          {Tensor::randn({B}, rng), mu, logvar});
    // The formulas hold for all positive numbers; away from zero the differences are accurate.
    const Tensor p = Tensor::uniform({B, K}, rng, Real(0.5), Real(1.5)),
                 q = Tensor::uniform({B, K}, rng, Real(0.5), Real(1.5));
    check("kl_divergence", [](Vars v) { return kl_divergence(v[0], v[1], Real(0.5)); }, {p, q});
    check("js_divergence", [](Vars v) { return js_divergence(v[0], v[1], Real(0.5)); }, {p, q});
  }
}

TEST_CASE("gradients of a mixture's log likelihood for its weights, means, covariances and points") {
  Rng rng(12);
  for (const auto& [N, D, K] : {std::array<Index, 3>{1, 1, 1}, {5, 2, 1}, {7, 1, 5}, {3, 3, 2}, {11, 2, 3}}) {
    TrainableMixture model(rng, Tensor::randn({K, D}, rng), Real(0.7));
    for (Parameter* parameter : model.parameters())
      for (Real& value : parameter->value.values()) value += Real(0.3) * rng.normal();
    check("log_likelihood, x", [&](Vars v) { return model.log_likelihood(v[0]); },
          {Tensor::randn({N, D}, rng)});
    const Tensor x = Tensor::randn({N, D}, rng);
    for (Parameter* parameter : model.parameters()) {
      for (Parameter* other : model.parameters()) other->grad = Tensor();
      Tape tape;
      tape.backward(sum(model.log_likelihood(x)));
      const Tensor before = parameter->value.clone();
      for (Index i = 0; i < before.size(); ++i) {
        const auto moved = [&](Real step) {
          parameter->value[i] = before[i] + step;
          const Tensor log_p = model.log_likelihood(x).value();
          parameter->value[i] = before[i];
          double total = 0;
          for (const Real one : log_p.values()) total += one;
          return total;
        };
        const NoTape pause;
        const double difference = (moved(Real(1e-5)) - moved(Real(-1e-5))) / 2e-5;
        CAPTURE(model.name_of(*parameter));
        CHECK(std::abs(difference - parameter->grad[i]) < 1e-7 * std::max(1.0, std::abs(difference)));
      }
    }
  }
}
