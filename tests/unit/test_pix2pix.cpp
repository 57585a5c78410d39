#include <doctest/doctest.h>

#include <cmath>

#include "6_translation/pix2pix.hpp"
#include "helpers.hpp"

using namespace gradus;
using namespace gradus::lecture;

namespace {

/// Both players with their initial weights, and one batch of pairs.
struct Players {
  explicit Players(std::uint64_t seed)
      : random(seed), generator(random, {.widths = {4, 8}}), discriminator(random, 2, 4) {}
  Rng random;
  Pix2PixUnet generator;
  PatchDiscriminator discriminator;
};

Pairs some_pairs(std::uint64_t seed) {
  Rng rng(seed);
  return {Tensor::uniform({3, 28, 28, 1}, rng), Tensor::uniform({3, 28, 28, 1}, rng)};
}

std::vector<Tensor> copies(Module& module) {
  std::vector<Tensor> out;
  for (const Parameter* p : module.parameters()) out.push_back(p->value.clone());
  return out;
}

}  // namespace

TEST_CASE("pix2pix: the U-Net's output has its input's size, in (0, 1)") {
  Rng random(1);
  Pix2PixUnet digits(random, {.widths = {4, 8}});
  const Tensor y = digits(Tensor::uniform({2, 28, 28, 1}, random)).value();
  CHECK(y.shape() == Shape{2, 28, 28, 1});
  for (const Real v : y.values()) CHECK((v > 0 && v < 1));
  Pix2PixUnet photos(random, {.inputs = 1, .outputs = 3, .widths = {4, 8, 8, 8}, .dropout = Real(0.5)});
  CHECK(photos(Tensor::uniform({2, 64, 64, 1}, random)).shape() == Shape{2, 64, 64, 3});
}

TEST_CASE("pix2pix: every patch has a logit, which depends on the input and on the output") {
  Players players(2);
  const auto [input, truth] = some_pairs(3);
  const Tensor other = some_pairs(4).input;
  const auto judged = [&](const Tensor& x, const Tensor& y) {
    return players.discriminator(concat({Var(x), Var(y)}, 3)).value();
  };
  const Tensor logits = judged(input, truth), moved_input = judged(other, truth),
               moved_output = judged(input, other);
  CHECK(logits.shape() == Shape{3 * 7 * 7});
  double by_input = 0, by_output = 0;
  for (Index i = 0; i < logits.size(); ++i) {
    by_input = std::max(by_input, std::abs(double(moved_input[i] - logits[i])));
    by_output = std::max(by_output, std::abs(double(moved_output[i] - logits[i])));
  }
  CHECK(by_input > 1e-3);
  CHECK(by_output > 1e-3);
}

TEST_CASE("pix2pix: in a step, D sees the input together with the truth and with G's output") {
  const Pairs pairs = some_pairs(5);
  Players twin(6);  // the same initial weights: the expected values
  const Var x = pairs.input;
  const Tensor fake = twin.generator(x).value();
  const double real_loss = mean(softplus(-twin.discriminator(concat({x, Var(pairs.truth)}, 3)))).item(),
               fake_loss = mean(softplus(twin.discriminator(concat({x, Var(fake)}, 3)))).item();
  Players players(6);
  Adam g_adam(players.generator.parameters(), {}), d_adam(players.discriminator.parameters(), {});
  const TranslatorLoss loss =
      translator_step(players.generator, players.discriminator, pairs, {.adversarial = true}, g_adam, d_adam);
  CHECK(loss.discriminator == doctest::Approx(real_loss + fake_loss).epsilon(1e-5));
  CHECK(loss.pixels == doctest::Approx(pixel_error(fake, pairs.truth)).epsilon(1e-5));
}

TEST_CASE("pix2pix: G's step changes only G and leaves D without gradients") {
  const Pairs pairs = some_pairs(7);
  Players players(8);
  Adam g_adam(players.generator.parameters(), {}), d_adam(players.discriminator.parameters(), {});
  const std::vector<Tensor> g_before = copies(players.generator), d_before = copies(players.discriminator);
  SUBCASE("through D") {
    generator_step(
        [&](const Var& y) {
          return players.discriminator(concat({Var(pairs.input), y}, 3));
        },
        players.discriminator, std::ref(players.generator), pairs.input, non_saturating_losses(), g_adam);
  }
  SUBCASE("by the pixels alone") {
    translator_step(players.generator, players.discriminator, pairs, {}, g_adam, d_adam);
  }
  const std::vector<Tensor> g_after = copies(players.generator), d_after = copies(players.discriminator);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < g_after.size(); ++i) moved += !same_bits(g_before[i], g_after[i]);
  CHECK(moved > g_after.size() / 2);
  for (std::size_t i = 0; i < d_after.size(); ++i) CHECK(same_bits(d_before[i], d_after[i]));
  for (const Parameter* p : players.discriminator.parameters()) CHECK_FALSE(static_cast<bool>(p->grad));
}
