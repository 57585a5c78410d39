// Panel 4, "VAE live": a VAE of points in the plane, or of generated digits,
// trained step by step by the library's own terms.
#include <cmath>
#include <memory>

#include "3_variational/vae_net.hpp"
#include "answer.hpp"
#include "gradus/data/generated/digits.hpp"
#include "gradus/data/generated/mixture.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/optim/optimizer.hpp"

namespace gradus::studio {
namespace {

constexpr Index shown = 160, batch = 128;
constexpr int digits = 3;

GaussianMixture mixture_of(int kind) {
  if (kind == 0) return two_moons();
  if (kind == 1) return ring_of_gaussians(8, 2, Real(0.15));
  return {Tensor::of({3, 2}, {-1.6F, -1.2F, 1.7F, -0.6F, 0, 1.6F}), Real(0.35)};
}

/// Generated digits, made once: [N, 784]
const Split& generated() {
  static const Split split = [] {
    const Split made = generated_digits(2000, shown);
    return Split{made.train.flat(), made.test.flat()};
  }();
  return split;
}

/// The data [N, D]: points are drawn anew each time, digits are drawn from the generated ones.
Tensor sample(int kind, Index count, Rng& rng) {
  if (kind != digits) return mixture_of(kind).sample(count, rng);
  std::vector<Index> rows;
  for (Index i = 0; i < count; ++i)
    rows.push_back(static_cast<Index>(rng.below(static_cast<std::uint64_t>(generated().train.size()))));
  return generated().train.images.gather(rows);
}

/// One training: the VAE, its optimizer, the data, and the examples and codes that the page shows.
class Training {
 public:
  Training(std::uint64_t seed, int kind, Index K)
      : init_(Rng(seed).split("nets")),
        noise_(Rng(seed).split("training")),
        kind_(kind),
        vae_(init_, kind == digits ? std::vector<Index>{784, 400, K} : std::vector<Index>{2, 64, 64, K}),
        adam_(vae_.parameters(), {.lr = Real(2e-3)}) {
    Rng looks = Rng(seed).split("looks");
    examples_ = kind == digits ? generated().test.images : sample(kind, shown, looks);
    prior_ = Tensor::randn({kind == digits ? 40 : 400, K}, looks);
  }

  /// One step; {C ||x - x_hat||^2, KL}, means over the batch.
  std::vector<float> step(Real beta, Real C) {
    const Tensor x = sample(kind_, batch, noise_);
    Var reconstruction, kl;
    descend(adam_, [&] {
      const auto [mu, logvar] = vae_.encode(x);
      const Var z = reparameterize(mu, logvar, Tensor::randn(mu.shape(), noise_));
      reconstruction = mean(fixed_gaussian_nll(decoded(z), x, C));
      kl = mean(gaussian_kl(mu, logvar));
      return vae_loss(reconstruction, kl, beta);
    });
    return {reconstruction.item(), kl.item()};
  }

  const Tensor& examples() const { return examples_; }
  /// The classes of the shown digits; empty for points.
  std::vector<float> labels() const {
    if (kind_ != digits) return {};
    return {generated().test.labels.begin(), generated().test.labels.end()};
  }
  /// q(z|x) of the shown examples: mu [shown * K], then the standard deviations.
  std::vector<float> codes() {
    const auto [mu, logvar] = vae_.encode(examples_);
    std::vector<float> out = numbers_of(mu.value());
    for (const Real v : logvar.value().values()) out.push_back(std::exp(v / 2));
    return out;
  }
  Tensor reconstructions() { return decoded(vae_.encode(examples_).mu).value(); }
  /// Decoded samples of the prior.
  Tensor samples() { return decoded(prior_).value(); }

 private:
  Var decoded(const Var& z) { return kind_ == digits ? sigmoid(vae_.decode(z)) : vae_.decode(z); }

  Rng init_, noise_;
  int kind_;
  lecture::Vae vae_;
  Adam adam_;
  Tensor examples_, prior_;
};

std::unique_ptr<Training> training;

Training& running() {
  GRADUS_CHECK(training, "the training has not begun");
  return *training;
}

}  // namespace

extern "C" {

/// Starts again: the same seed, data (0 moons, 1 ring, 2 three clusters, 3 digits) and K give the same
/// training.
EMSCRIPTEN_KEEPALIVE const Answer* elbo_reset(int seed, int kind, int K) {
  return answer([&] { training = std::make_unique<Training>(static_cast<std::uint64_t>(seed), kind, K); });
}
/// {reconstruction term, KL term} of one step.
EMSCRIPTEN_KEEPALIVE const Answer* elbo_step(double beta, double C) {
  return answer([&] { return running().step(static_cast<Real>(beta), static_cast<Real>(C)); });
}
EMSCRIPTEN_KEEPALIVE const Answer* elbo_examples() {
  return answer([&] { return running().examples(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* elbo_labels() {
  return answer([&] { return running().labels(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* elbo_codes() {
  return answer([&] { return running().codes(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* elbo_reconstructions() {
  return answer([&] { return running().reconstructions(); });
}
EMSCRIPTEN_KEEPALIVE const Answer* elbo_samples() {
  return answer([&] { return running().samples(); });
}

}  // extern "C"

}  // namespace gradus::studio
