#pragma once
// The judge of the programs with generated faces: reads the five factors off a picture. It learns from
// pictures and the truth, and never sees a code: what it says of a decoded picture is not what the VAE hoped.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "support/lecture.hpp"

namespace gradus::lecture {

struct FaceReader : Module {
  /// Names without spaces, for figures; order of FaceFactors.
  static constexpr std::array<const char*, 5> keys = {"azimuth", "smile", "mouth", "tone", "width"};

  Mlp layers{*this, "layers", {1024, 256, 5}, relu};
  using Module::Module;

  /// pictures [N, 1024] -> factors [N, 5]
  Tensor read(const Tensor& pictures) { return layers(pictures).value(); }

  /// A little noise on the pictures keeps it from leaning on single pixels, which a decoder blurs.
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

/// Standard deviation of every factor, drawn uniformly from its range.
inline double factor_sd(std::size_t factor) {
  return (FaceFactors::high[factor] - FaceFactors::low[factor]) / std::sqrt(12.0);
}

/// How five factors changed between two lists of faces, in standard deviations of each.
struct FactorChange {
  std::array<double, 5> mean{};     ///< of all faces: what a vector does on the whole
  std::array<double, 5> typical{};  ///< root of the mean square: what it does to one face

  FactorChange(const Tensor& before, const Tensor& after) {
    const Index N = before.dim(0);
    for (Index i = 0; i < N * 5; ++i) {
      const auto f = static_cast<std::size_t>(i % 5);
      const double change = (double(after[i]) - before[i]) / factor_sd(f);
      mean[f] += change / double(N), typical[f] += change * change / double(N);
    }
    for (double& t : typical) t = std::sqrt(t);
  }

  /// Which other factor moved most.
  static std::size_t worst(const std::array<double, 5>& change, std::size_t wanted) {
    std::size_t most = wanted == 0 ? 1 : 0;
    for (std::size_t f = 0; f < 5; ++f)
      if (f != wanted && std::abs(change[f]) > std::abs(change[most])) most = f;
    return most;
  }
};

/// How far the factors range on walks: largest minus smallest value that was read, in standard deviations of
/// each factor. read [walks * steps, 5], a walk's steps together -> [walks, 5]
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
