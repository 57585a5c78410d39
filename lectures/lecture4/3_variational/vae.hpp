#pragma once
// The training loop of the slides' variational autoencoder, and its measures.
#include <functional>
#include <string>
#include <vector>

#include "3_variational/vae_net.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "support/lecture.hpp"

namespace gradus::lecture {

/// Binarised digits: each pixel is 1 with probability equal to its grey value.
/// Their Bernoulli likelihood is a proper one.
inline Tensor binarised(const Tensor& grey, Rng& rng) {
  return zipped(Tensor::uniform(grey.shape(), rng), grey,
                [](Real uniform, Real ink) { return uniform < ink ? Real(1) : Real(0); });
}

/// -log p(x|z) per example, from the decoder's logits.
using Likelihood = std::function<Var(const Var& logits, const Tensor& x)>;

/// Bernoulli pixels; a grey pixel counts as a fraction of ink.
inline Var bernoulli(const Var& logits, const Tensor& x) { return bernoulli_nll(logits, x); }

/// C ||x - sigmoid(logits)||^2
inline Likelihood gaussian(Real C) {
  return [C](const Var& logits, const Tensor& x) { return fixed_gaussian_nll(sigmoid(logits), x, C); };
}

struct VaeTraining {
  Index epochs = 0;  ///< 0: `steps` counts
  Index steps = 0;
  Index batch = 128;
  Real lr = Real(1e-3);
  bool decay = true;  ///< of the learning rate, over the second half
  Real beta = 1;
  double warm_up = 0;     ///< fraction of the training in which the KL weight rises to beta
  bool binarise = false;  ///< new binary pixels are sampled for every batch
  Likelihood likelihood = bernoulli;
};

struct VaeCurves {
  Plot plot;  ///< of both terms
  Curve kl;
};

/// The loop of 6.S191 L4, "VAE optimization": encode, sample, decode, two terms, one step.
/// With --shards, a step is one tape per shard of the batch.
inline VaeCurves train_vae(Program& program, const std::string& name, Vae& vae, const Dataset& data,
                           const VaeTraining& how) {
  Rng noise = program.rng.split(name);
  Adam adam(vae.parameters(), {.lr = how.lr});
  Loader loader(data, {.batch = how.batch, .shuffle = true, .drop_last = true}, noise.split("order"));
  Shards& shards = program.shards();
  shards.share(loader);
  const Index steps = how.epochs > 0 ? how.epochs * loader.size() : how.steps;
  Trainer trainer(program.session(), name,
                  {{"model", vae}, {"adam", adam}, {"noise", noise}, {"loader", loader}}, Steps{steps});
  while (trainer.next()) {
    const Batch& batch = loader.next();
    if (how.decay) adam.lr = how.lr * decay_second_half(trainer.progress());
    const auto terms = shards.step({adam, vae, {}, noise}, [&](Shard& shard, const Optimizer& optimizer) {
      const Tensor grey = shard.rows(batch.images), x = how.binarise ? binarised(grey, shard.rng) : grey;
      Var recon, kl;
      descend(optimizer, [&] {
        const auto [mu, logvar] = vae.encode(x);
        const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), shard.rng));
        recon = mean(how.likelihood(vae.decode(z), x));
        kl = mean(gaussian_kl(mu, logvar));
        return vae_loss(recon, kl, warmed_beta(how.beta, trainer.progress(), how.warm_up));
      });
      return std::vector{recon.item(), kl.item()};
    });
    trainer.report({{"reconstruction", terms[0]}, {"KL", terms[1]}});
  }
  return {trainer.plot("Terms of the loss: " + name).x("step").y("nats per picture"),
          trainer.history().back()};
}

/// A unit is active when its KL is above this many nats: below, the decoder learns hardly anything from it.
constexpr double active_nats = 0.05;

/// Means over a data set, with one sample of z per example: reconstruction term, KL term, KL of every unit.
struct VaeMeasure {
  double reconstruction = 0, kl = 0;
  std::vector<double> unit_kl;  ///< [K]
  double neg_elbo() const { return reconstruction + kl; }
  int active() const {
    return static_cast<int>(
        std::count_if(unit_kl.begin(), unit_kl.end(), [](double nats) { return nats > active_nats; }));
  }
};

inline VaeMeasure measure_vae(Vae& vae, const Tensor& x, const Likelihood& likelihood, Rng& noise) {
  const auto [mu, logvar] = vae.encode(x);
  const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), noise));
  VaeMeasure out;
  out.reconstruction = mean(likelihood(vae.decode(z), x)).item();
  out.kl = mean(gaussian_kl(mu, logvar)).item();
  for (Index k = 0; k < mu.dim(1); ++k)
    out.unit_kl.push_back(mean(gaussian_kl(slice(mu, 1, k, k + 1), slice(logvar, 1, k, k + 1))).item());
  return out;
}

/// Squared error of the reconstruction from the mean code, summed over pixels, mean over examples.
inline double mean_code_error(Vae& vae, const Tensor& x) {
  return mean(squared_error(sigmoid(vae.decode(vae.encode(x).mu)), x)).item();
}

}  // namespace gradus::lecture
