#pragma once
// A VAE of digits, and a diffusion on its codes in place of the prior.
#include <string>

#include "3_variational/vae.hpp"
#include "5_adversarial/dcgan.hpp"
#include "7_models/denoiser.hpp"

namespace gradus::lecture {

/// All settings of both trainings.
struct LatentRecipe {
  Index vae_steps = 1800, steps = 2500, hidden = 256, T = 100, codes = 20;

  std::string words() const {
    return text("VAE 784-400-", codes, " of ", vae_steps, " steps, noise of its codes by three layers of ",
                hidden, ", ", steps, " steps, T ", T);
  }
};

inline LatentRecipe latent_recipe(const Program& program) {
  return {.vae_steps = program.pick<Index>(1800, 14000, 6),
          .steps = program.pick<Index>(2500, 8000, 6),
          .hidden = program.pick<Index>(256, 256, 16),
          .T = program.pick<Index>(100, 100, 10)};
}

/// x -> z by the VAE's encoder; noise -> z by the diffusion; z -> x by the decoder.
struct LatentDiffusion {
  LatentDiffusion(Program& program, const std::string& name_in, const LatentRecipe& recipe_in)
      : name(name_in),
        recipe(recipe_in),
        rng(program.rng.split(name + " weights")),
        vae(rng, {784, 400, recipe.codes}),
        diffusion(rng, name, recipe.codes, recipe.hidden, recipe.T) {}

  /// Codes [count, K] in T ancestral steps.
  Tensor codes(Index count, Rng& noise) {
    return diffusion.ancestral(Tensor::randn({count, recipe.codes}, noise), noise);
  }
  /// Codes of images [N, 784]: one draw of q(z|x) per image.
  Tensor encode(const Tensor& images, Rng& noise) {
    const auto [mu, logvar] = vae.encode(images);
    return reparameterize(mu, logvar, Tensor::randn(mu.shape(), noise)).value();
  }
  /// Pictures [N, 28, 28, 1] of codes.
  Tensor pictures(const Tensor& z) { return vae.pictures(z).reshape({z.dim(0), 28, 28, 1}); }
  State state() {
    State all;
    all.add("vae", vae.state());
    all.add("average", diffusion.average.state());
    return all;
  }

  std::string name;
  LatentRecipe recipe;
  Rng rng;
  Vae vae;
  PointDiffusion diffusion;
};

inline std::filesystem::path kept_at(const Program& program, const LatentDiffusion& model,
                                     const Dataset& digits) {
  return cache_place(program, model.name, text(model.recipe.words(), ", seed ", program.options.seed),
                     digits);
}

/// The VAE first, then the diffusion on fresh draws of its codes. Keeps both networks in the cache.
/// Returns the curve of the diffusion's loss.
inline Curve fit_latent(Program& program, LatentDiffusion& model, const Dataset& digits) {
  const Dataset flat = digits.flat();
  train_vae(program, model.name + "_vae", model.vae, flat, {.steps = model.recipe.vae_steps});
  const Code all = model.vae.encode(flat.images);
  const Tensor mu = all.mu.value(), logvar = all.logvar.value();
  const Draw data = [=](Index count, Rng& rng) -> Labelled {
    std::vector<Index> rows;
    for (Index b = 0; b < count; ++b)
      rows.push_back(static_cast<Index>(rng.below(static_cast<std::uint64_t>(mu.dim(0)))));
    const Tensor m = mu.gather(rows), v = logvar.gather(rows);
    return {reparameterize(m, v, Tensor::randn(m.shape(), rng)).value()};
  };
  Curve loss = model.diffusion.train(program, data, model.recipe.steps);
  save_checkpoint(kept_at(program, model, digits), model.state(), {{"recipe", model.recipe.words()}});
  return loss;
}

/// The same, while other programs that want the weights wait.
inline Curve train_latent(Program& program, LatentDiffusion& model, const Dataset& digits) {
  return with_cached(kept_at(program, model, digits), [&] { return fit_latent(program, model, digits); });
}

/// Loads both networks if 35_latent_diffusion has kept them with the same settings, or trains them.
inline void load_or_train(Program& program, LatentDiffusion& model, const Dataset& digits) {
  const std::filesystem::path kept = kept_at(program, model, digits);
  with_cached(kept, [&] {
    if (!load_cached(kept, model.state())) fit_latent(program, model, digits);
  });
}

}  // namespace gradus::lecture
