// The debiasing VAE's parts: histograms, weights, weighted draws, the weighted loader, loss and codes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/weighted_draw.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/generative/debiasing_loss.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/latent_means.hpp"
#include "gradus/generative/resampling.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

double sum_of(const Tensor& x) { return std::accumulate(x.values().begin(), x.values().end(), 0.0); }

std::vector<Index> order_of(Loader& loader) {
  std::vector<Index> seen;
  for (const Batch& batch : loader) seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
  return seen;
}

Dataset counting(Index count) {
  Dataset dataset;
  dataset.name = "counting";
  dataset.images = Tensor({count, 1});
  for (Index i = 0; i < count; ++i) dataset.images[i] = static_cast<Real>(i);
  return dataset;
}

}  // namespace

TEST_CASE("latent_histograms: shares of equal bins; the largest value is in the last bin") {
  const LatentHistograms h = latent_histograms(Tensor::of({5, 1}, {0, 1, 2, 3, 10}), 5);
  CHECK(numbers(h.share) == std::vector<Real>{Real(0.4), Real(0.4), 0, 0, Real(0.2)});
  CHECK(h.low[0] == 0);
  CHECK(h.width[0] == 2);
  CHECK(h.bin(0, 10) == 4);
  CHECK(h.bin(0, -7) == 0);
  CHECK(h.bin(0, 99) == 4);
}

TEST_CASE("latent_histograms: rows sum to 1; a constant unit has one bin") {
  Rng rng(1);
  Tensor mu = Tensor::randn({200, 3}, rng);
  for (Index n = 0; n < 200; ++n) mu[3 * n + 1] = 7;
  const LatentHistograms h = latent_histograms(mu);
  for (Index k = 0; k < 3; ++k) CHECK(sum_of(h.share.row(k)) == doctest::Approx(1));
  CHECK(h.share[10] == 1);
  CHECK(h.bin(1, 7) == 0);
}

TEST_CASE("resampling_weights: sum to 1 and equal the definition by brute force") {
  Rng rng(2);
  for (const Real alpha : {Real(0), Real(0.01), Real(1), Real(1e6)}) {
    const Tensor mu = Tensor::randn({60, 4}, rng);
    const LatentHistograms h = latent_histograms(mu, 7);
    const Tensor w = resampling_weights(mu, h, alpha);
    CHECK(sum_of(w) == doctest::Approx(1));
    std::vector<double> expected;
    for (Index n = 0; n < 60; ++n) {
      double largest = 0;
      for (Index k = 0; k < 4; ++k) {
        double low = 1e9, high = -1e9, same = 0;
        for (Index m = 0; m < 60; ++m)
          low = std::min<double>(low, mu[4 * m + k]), high = std::max<double>(high, mu[4 * m + k]);
        const auto bin = [&](double v) { return std::min(6.0, std::floor((v - low) / (high - low) * 7)); };
        for (Index m = 0; m < 60; ++m) same += bin(mu[4 * m + k]) == bin(mu[4 * n + k]);
        largest = std::max(largest, 1 / (same / 60 + alpha));
      }
      expected.push_back(largest);
    }
    const double total = std::accumulate(expected.begin(), expected.end(), 0.0);
    for (Index n = 0; n < 60; ++n)
      CHECK(w[n] == doctest::Approx(expected[static_cast<std::size_t>(n)] / total).epsilon(1e-4));
  }
}

TEST_CASE("resampling_weights: alpha -> infinity gives equal weights; a rare code gets a larger one") {
  const Tensor mu = Tensor::of({5, 1}, {0, 0, 0, 0, 1});
  const LatentHistograms h = latent_histograms(mu, 2);
  const Tensor rare = resampling_weights(mu, h, 0), even = resampling_weights(mu, h, Real(1e9));
  CHECK(rare[4] == doctest::Approx(0.5));
  CHECK(rare[0] == doctest::Approx(0.125));
  for (const Real w : even.values()) CHECK(w == doctest::Approx(0.2));
  CHECK(contains(message([&] { resampling_weights(mu, h, -1); }), "alpha"));
  CHECK(contains(message([&] { resampling_weights(Tensor::zeros({2, 3}), h, 1); }), "one row per unit"));
  CHECK(contains(message([&] { latent_histograms(Tensor::of({1, 1}, {NAN})); }), "finite"));
  CHECK(contains(message([&] { latent_histograms(mu, 0); }), "0 bins"));
}

TEST_CASE("resampling_weights: alpha = infinity and empty bins") {
  const LatentHistograms h = latent_histograms(Tensor::of({4, 1}, {0, 0, 0, 9}), 3);
  const Tensor other = Tensor::of({2, 1}, {0, 4});  // 4 is in the empty bin
  CHECK(same_bits(resampling_weights(other, h, std::numeric_limits<Real>::infinity()),
                  Tensor::of({2}, {Real(0.5), Real(0.5)})));
  CHECK(contains(message([&] { resampling_weights(other, h, 0); }),
                 {"example 1", "unit 0", "share 0", "alpha is 0", "not a finite number"}));
  const Tensor w = resampling_weights(other, h, Real(0.25));  // 1 / (3/4 + 1/4), 1 / (1/4)
  CHECK(w[0] == doctest::Approx(0.2));
  CHECK(w[1] == doctest::Approx(0.8));
  CHECK(contains(message([&] { resampling_weights(other, h, NAN); }), "alpha is nan"));
  LatentHistograms broken = h;
  broken.width.clear();
  CHECK(contains(message([&] { resampling_weights(other, broken, 1); }), {"0 widths", "one row per unit"}));
  broken = h;
  broken.share = Tensor::full({1, 3}, NAN);
  CHECK(contains(message([&] { resampling_weights(other, broken, 1); }), "share nan"));
}

TEST_CASE("LatentHistograms: bin of infinities, of NaN and of a unit that is not there") {
  const LatentHistograms h = latent_histograms(Tensor::of({3, 1}, {0, 1, 2}), 4);
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  CHECK(h.bin(0, infinity) == 3);
  CHECK(h.bin(0, -infinity) == 0);
  CHECK(contains(message([&] { h.bin(0, NAN); }), "bin of nan"));
  CHECK(contains(message([&] { h.bin(1, 0); }), "unit 1"));
  CHECK(contains(message([&] { h.bin(-1, 0); }), "unit -1"));
  constexpr Real largest = std::numeric_limits<Real>::max();
  CHECK(contains(message([&] { latent_histograms(Tensor::of({2, 1}, {-largest, largest})); }), "example 0"));
  CHECK(latent_histograms(Tensor::of({2, 1}, {-largest / 2, largest / 2}), 2).share[1] == Real(0.5));
}

TEST_CASE("weighted_draw: the inverse of the distribution function; zero weights are never drawn") {
  const std::vector<Real> w = {0, 2, 0, 1, 1, 0};
  CHECK(weighted_draw(w, std::vector<Real>{0, Real(0.49), Real(0.5), Real(0.74), Real(0.75),
                                           Real(0.9999999)}) == std::vector<Index>{1, 1, 3, 3, 4, 4});
  Rng rng(3);
  Tensor u = Tensor::uniform({40000}, rng);
  std::vector<double> counts(6);
  for (const Index i : weighted_draw(w, u.values())) counts[static_cast<std::size_t>(i)] += 1.0 / 40000;
  CHECK(counts[0] + counts[2] + counts[5] == 0);
  CHECK(counts[1] == doctest::Approx(0.5).epsilon(0.02));
  CHECK(counts[3] == doctest::Approx(0.25).epsilon(0.04));
  CHECK(contains(message([&] { weighted_draw(std::vector<Real>{0, 0}, {}); }), "sum to 0"));
  CHECK(contains(message([&] { weighted_draw(std::vector<Real>{1, -1}, {}); }), "weight 1"));
  CHECK(contains(message([&] { weighted_draw(w, std::vector<Real>{1}); }), "0 <= u < 1"));
  constexpr Real largest = std::numeric_limits<Real>::max(), least = std::numeric_limits<Real>::denorm_min();
  const std::vector<Real> large{largest, largest}, small{least}, late{Real(0.9)};
  if (sizeof(Real) == sizeof(double)) {
    CHECK(contains(message([&] { weighted_draw(large, late); }), "sum to inf"));
    CHECK(contains(message([&] { weighted_draw(small, late); }), "denormal"));
  } else {  // the sums are in double
    CHECK(weighted_draw(large, late) == std::vector<Index>{1});
    CHECK(weighted_draw(small, late) == std::vector<Index>{0});
  }
}

TEST_CASE("loader: weighted draws follow the weights, and depend on seed, stream, epoch and weights only") {
  Tensor weights = Tensor::full({50}, 1);
  weights[7] = 50;
  Loader loader(counting(50), {.batch = 8, .shuffle = true}, Rng(5));
  const std::vector<Index> plain = order_of(loader);
  loader.weigh(weights);
  double sevens = 0;
  std::vector<std::vector<Index>> epochs;
  for (int epoch = 0; epoch < 40; ++epoch) {
    epochs.push_back(order_of(loader));
    CHECK(epochs.back().size() == 50);
    sevens += static_cast<double>(std::count(epochs.back().begin(), epochs.back().end(), Index{7})) / 2000;
  }
  CHECK(sevens == doctest::Approx(50.0 / 99).epsilon(0.07));
  CHECK(epochs[0] != epochs[1]);
  Loader again(counting(50), {.batch = 10}, Rng(5));
  again.weigh(weights);
  again.seek(1, 0);
  CHECK(order_of(again) == epochs[0]);  // epoch 1: epoch 0 was the plain one
  again.weigh({});
  again.seek(0, 0);
  CHECK(order_of(again)[3] == 3);
  loader.weigh({});
  loader.seek(0, 0);
  CHECK(order_of(loader) == plain);
}

TEST_CASE("loader: a weighted epoch that is resumed in the middle gives the uninterrupted draws") {
  Rng rng(6);
  Tensor weights = Tensor::uniform({33}, rng);
  Loader whole(counting(33), {.batch = 4, .shuffle = true}, Rng(8));
  whole.weigh(weights);
  weights.fill(1);  // the loader has a copy
  std::vector<std::vector<Index>> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(whole.next().indices);
  Rng rng2(6);
  const Tensor same = Tensor::uniform({33}, rng2);
  for (std::size_t stop = 1; stop < 20; ++stop) {
    Loader before(counting(33), {.batch = 4, .shuffle = true}, Rng(8));
    before.weigh(same);
    for (std::size_t i = 0; i < stop; ++i) before.next();
    Loader after(counting(33), {.batch = 4, .shuffle = true}, Rng(8));
    after.seek(before.epoch(), before.position());
    after.weigh(same);
    for (std::size_t i = stop; i < 20; ++i) CHECK(after.next().indices == expected[i]);
  }
  CHECK(contains(message([&] { whole.weigh(Tensor::full({3}, 1)); }), {"[3]", "33 examples"}));
  CHECK(contains(message([&] { whole.weigh(Tensor::zeros({33})); }), "sum to 0"));
}

TEST_CASE("debiasing_loss: every example is classified, and only faces have a VAE term") {
  Rng rng(7);
  const Tensor logits = Tensor::randn({4}, rng), face = Tensor::of({4}, {1, 0, 1, 0}),
               mu = Tensor::randn({4, 3}, rng), logvar = Tensor::randn({4, 3}, rng),
               noise = Tensor::randn({4, 3}, rng);
  int calls = 0;
  const auto nll = [&](const Var& z) {
    ++calls;
    return squared_error(z, Tensor::zeros({4, 3}));
  };
  const Tensor loss = debiasing_loss(logits, face, mu, logvar, noise, nll, Real(0.5)).value();
  CHECK(calls == 1);
  const Tensor kl = gaussian_kl(mu, logvar).value();
  for (Index b = 0; b < 4; ++b) {
    double expected = std::log1p(std::exp(face[b] == 1 ? -logits[b] : logits[b])), error = 0;
    for (Index k = 0; k < 3; ++k) {
      const Index i = 3 * b + k;
      error += std::pow(mu[i] + std::exp(logvar[i] / 2.0) * noise[i], 2);
    }
    if (face[b] == 1) expected += 0.5 * (error + kl[b]);
    CHECK(loss[b] == doctest::Approx(expected).epsilon(1e-4));
  }
  CHECK(contains(
      message([&] { debiasing_loss(logits, Tensor::full(face.shape(), -1), mu, logvar, noise, nll); }),
      "expected 0 or 1"));
  CHECK(contains(message([&] { debiasing_loss(logits, Tensor::zeros({3}), mu, logvar, noise, nll); }),
                 "debiasing_loss (logits, face)"));
  CHECK(contains(
      message([&] { debiasing_loss(logits, face, mu.rows(0, 3), logvar.rows(0, 3), noise.rows(0, 3), nll); }),
      "one row per label"));
}

TEST_CASE("debiasing_loss: non-faces give no gradient to the code") {
  Parameter mu(Tensor::full({2, 1}, 1)), logvar(Tensor::zeros({2, 1})), logits(Tensor::zeros({2}));
  Tape tape;
  const Var loss =
      debiasing_loss(logits, Tensor::of({2}, {0, 1}), mu, logvar, Tensor::zeros({2, 1}), [](const Var& z) {
        return squared_error(z, Tensor::zeros({2, 1}));
      });
  tape.backward(sum(loss));
  CHECK(mu.grad[0] == 0);
  CHECK(mu.grad[1] == doctest::Approx(3));  // of z^2 and of the KL
  CHECK(logits.grad[0] == doctest::Approx(0.5));
  CHECK(logits.grad[1] == doctest::Approx(-0.5));
}

TEST_CASE(
    "debiasing_loss: a non-face's code reaches neither loss nor gradients, not even when it is not finite") {
  const auto run = [](Real mean, Real spread) {  // code of the second example, a non-face
    Parameter mu(Tensor::of({2, 1}, {Real(0.5), mean})), logvar(Tensor::of({2, 1}, {Real(0.3), spread}));
    Tape tape;
    const Var loss = debiasing_loss(Tensor::of({2}, {1, 2}), Tensor::of({2}, {1, 0}), mu, logvar,
                                    Tensor::of({2, 1}, {Real(0.7), Real(-0.4)}), [](const Var& z) {
                                      return squared_error(z, Tensor::zeros({2, 1}));
                                    });
    tape.backward(sum(loss));
    return std::vector<Tensor>{loss.value(), mu.grad, logvar.grad};
  };
  const std::vector<Tensor> plain = run(2, 1);
  CHECK(plain[0][1] == doctest::Approx(std::log1p(std::exp(2.0))));
  CHECK(plain[2][0] != 0);
  CHECK(plain[2][1] == 0);
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  for (const auto& code : std::vector<std::pair<Real, Real>>{
           {2, 100}, {2, 800}, {2, infinity}, {2, -infinity}, {infinity, 1}, {NAN, 1}, {2, NAN}}) {
    INFO("mu ", code.first, ", logvar ", code.second);
    const std::vector<Tensor> got = run(code.first, code.second);
    for (std::size_t i = 0; i < 3; ++i) CHECK(same_bits(got[i], plain[i]));
  }
}

namespace {

struct Coder : Module {
  BatchNorm norm{*this, "norm", 2};
  Dropout drop{*this, "drop", Real(0.5)};
  using Module::Module;
  Var operator()(const Var& x) { return drop(norm(x)); }
};

}  // namespace

TEST_CASE("latent_means: evaluation mode during the call, the previous mode after it, in batches") {
  Rng rng(9);
  Coder coder(rng);
  const Tensor x = Tensor::randn({11, 2}, rng);
  coder(x);  // running statistics other than the initial ones
  std::vector<Index> sizes;
  const auto code = [&](const Tensor& batch) {
    CHECK_FALSE(coder.training());
    sizes.push_back(batch.dim(0));
    return coder(batch);
  };
  const Tensor before = coder.norm.running.mean.clone();
  const Tensor means = latent_means(coder, code, x, 4);
  CHECK(sizes == std::vector<Index>{4, 4, 3});
  CHECK(coder.training());
  CHECK(coder.drop.training());
  CHECK(same_bits(before, coder.norm.running.mean));
  CHECK(same_bits(means, latent_means(coder, code, x, 100)));
  coder.eval();
  CHECK(same_bits(means, coder(x).value()));
  latent_means(coder, code, x);
  CHECK_FALSE(coder.training());
  CHECK(contains(message([&] { latent_means(coder, code, x, 0); }), "batch of 0"));
}
