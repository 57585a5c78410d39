// Twenty training steps of a VAE compared with PyTorch's (tests/golden/make_vae_steps.py):
// same weights, images and noise.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/generative/vae_loss.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"

using namespace gradus;

namespace {

/// The script's hash: numbers in [0, 1) that both sides can generate.
Tensor uniform(std::uint64_t stream, const Shape& shape) {
  Tensor out(shape);
  for (Index i = 0; i < out.size(); ++i) {
    std::uint32_t x =
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(i) * 2654435761u + stream * 40503u + 12345u);
    for (int round = 0; round < 2; ++round) x = (x ^ (x >> 16)) * 0x45D9F3Bu;
    x ^= x >> 16;
    out[i] = static_cast<Real>(x >> 8) / Real(16777216);
  }
  return out;
}

Tensor initial(std::uint64_t stream, const Shape& shape) {
  const float scale =
      static_cast<float>(1 / std::sqrt(shape.rank() == 2 ? static_cast<double>(shape.back()) : 100.0));
  Tensor out = uniform(stream, shape);
  for (Real& v : out.values()) v = (2 * v - 1) * scale;
  return out;
}

}  // namespace

TEST_CASE("twenty VAE training steps agree with PyTorch's to 1e-4 in every loss term") {
  std::ifstream file(std::string(GRADUS_SOURCE_DIR) + "/tests/golden/vae_steps.json");
  const auto golden = nlohmann::json::parse(file)["steps"];
  REQUIRE(golden.size() == 20);
  const Index B = 64, D = 784, H = 400, K = 20;
  Parameter w1(initial(1, {H, D})), b1(initial(2, {H})), wm(initial(3, {K, H})), bm(initial(4, {K})),
      wv(initial(5, {K, H})), bv(initial(6, {K})), w3(initial(7, {H, K})), b3(initial(8, {H})),
      w4(initial(9, {D, H})), b4(initial(10, {D}));
  Adam adam({&w1, &b1, &wm, &bm, &wv, &bv, &w3, &b3, &w4, &b4});
  for (std::uint64_t step = 0; step < 20; ++step) {
    const Tensor x = uniform(100 + step % 4, {B, D});
    Tensor noise = uniform(200 + step, {B, K});
    for (Real& v : noise.values()) v = (v - Real(0.5)) * Real(3.4641016);
    Tape tape;
    const Var h = relu(linear(x, w1, b1)), mu = linear(h, wm, bm), logvar = linear(h, wv, bv);
    const Var z = reparameterize(mu, logvar, noise);
    const Var recon = mean(bernoulli_nll(linear(relu(linear(z, w3, b3)), w4, b4), x));
    const Var kl = mean(gaussian_kl(mu, logvar));
    const Var loss = vae_loss(recon, kl);
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
    const double ours[] = {double(recon.item()), double(kl.item()), double(loss.item())};
    for (std::size_t term = 0; term < 3; ++term) {
      const double theirs = golden[step][term].get<double>();
      CAPTURE(step);
      CAPTURE(term);
      CHECK(std::abs(ours[term] - theirs) <= 1e-4 * std::abs(theirs));
    }
  }
}
