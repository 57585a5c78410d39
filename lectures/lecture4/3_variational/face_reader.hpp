#pragma once
// A regressor that reads the five factors from a picture of a generated face.
// It is trained on generated pictures and their true factors and never sees a code,
// so it measures decoded pictures independently of the VAE.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

struct FaceReader : Module {
  /// Names without spaces, for figures, in the order of FaceFactors.
  static constexpr std::array<const char*, 5> keys = {"azimuth", "smile", "mouth", "tone", "width"};

  Mlp layers{*this, "layers", {1024, 256, 5}, relu};
  using Module::Module;

  /// pictures [N, 1024] -> factors [N, 5]
  Tensor read(const Tensor& pictures) { return layers(pictures).value(); }

  /// Trains on slightly noisy pictures, so that the result does not depend on single
  /// pixels, which a decoder blurs.
  void fit(Program& program, const Faces& faces, Index steps) {
    Rng noise = program.rng.split("reader");
    const Dataset data = faces.data.flat();
    Adam adam(parameters());
    Loader loader(data, {.batch = 128, .shuffle = true, .drop_last = true}, noise.split("order"));
    Trainer trainer(program.session(), "reader",
                    {{"model", *this}, {"adam", adam}, {"noise", noise}, {"loader", loader}}, Steps{steps});
    while (trainer.next()) {
      const Batch& batch = loader.next();
      adam.lr = Real(1e-3) * linear_decay(trainer.progress(), Real(0.02));
      const Real loss = descend(adam, [&] {
        const Var x = batch.images + Var(Tensor::randn(batch.images.shape(), noise, 0, Real(0.02)));
        return mean(squared_error(layers(x), faces.factors.gather(batch.indices)));
      });
      trainer.report({{"squared error", loss}});
    }
  }
};

/// Standard deviation of a factor that is uniform over its range.
inline double factor_sd(std::size_t factor) {
  return (FaceFactors::high[factor] - FaceFactors::low[factor]) / std::sqrt(12.0);
}

/// Change of the five factors between two lists of faces, in standard deviations of each factor.
struct FactorChange {
  std::array<double, 5> mean{};     ///< mean change over all faces
  std::array<double, 5> typical{};  ///< root mean square: the change of a typical face

  FactorChange(const Tensor& before, const Tensor& after) {
    const Index N = before.dim(0);
    for (Index i = 0; i < N * 5; ++i) {
      const auto f = static_cast<std::size_t>(i % 5);
      const double change = (double(after[i]) - before[i]) / factor_sd(f);
      mean[f] += change / double(N), typical[f] += change * change / double(N);
    }
    for (double& t : typical) t = std::sqrt(t);
  }

  /// The index of the factor other than `wanted` with the largest change.
  static std::size_t worst(const std::array<double, 5>& change, std::size_t wanted) {
    std::size_t most = wanted == 0 ? 1 : 0;
    for (std::size_t f = 0; f < 5; ++f)
      if (f != wanted && std::abs(change[f]) > std::abs(change[most])) most = f;
    return most;
  }
};

/// Range of each factor along traversals: largest minus smallest value read, in standard deviations
/// of the factor. read [traversals * steps, 5], the steps of a traversal together -> [traversals, 5]
inline Tensor factor_ranges(const Tensor& read, Index steps) {
  Tensor range({read.dim(0) / steps, 5});
  for (Index i = 0; i < range.size(); ++i) {
    const Real* value = read.data() + i / 5 * steps * 5 + i % 5;
    Real low = *value, high = low;
    for (Index s = 1; s < steps; ++s) low = std::min(low, value[s * 5]), high = std::max(high, value[s * 5]);
    range[i] = static_cast<Real>((high - low) / factor_sd(static_cast<std::size_t>(i % 5)));
  }
  return range;
}

}  // namespace gradus::lecture
