// Panel 2, "Draw a digit": the encoder and the decoder of 12_manifold, and test digits to compare with.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "4_uses/vae_scores.hpp"
#include "answer.hpp"
#include "gradus/generative/neighbours.hpp"
#include "gradus/generative/roc.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/ops/reduction.hpp"

namespace gradus::studio {
namespace {

using lecture::Scores;

struct Digits {
  Rng rng{1};
  lecture::Vae vae{rng, {784, 400, 200, 2}};
  Tensor images, labels, codes;  ///< of the test digits: [N, 784], [N], [N, 2]
  double typical = 0;            ///< their mean -ELBO
  Scores scores;
};

Digits& loaded() {
  static Digits digits;
  return digits;
}

TensorFile parsed(const std::uint8_t* bytes, int count, const char* name) {
  return parse_safetensors(std::as_bytes(std::span(bytes, static_cast<std::size_t>(count))), name);
}

Tensor picture(const float* pixels, int count) {
  return Tensor::of({1, count}, std::span(pixels, static_cast<std::size_t>(count)));
}

/// The same random numbers in every call, so that the score of a drawing changes only with the drawing.
Scores scores_of(const Tensor& x) {
  Rng noise(1, 2);
  return lecture::scores_of(loaded().vae, x, loaded().typical, noise);
}

}  // namespace

extern "C" {

/// Loads the tensors of the VAE that are in the file, of its encoder or of its decoder.
EMSCRIPTEN_KEEPALIVE const Answer* draw_open(const std::uint8_t* bytes, int count) {
  return answer([&] {
    const LoadReport report =
        load_tensors(parsed(bytes, count, "12_manifold/manifold"), loaded().vae.state(), "model.");
    GRADUS_CHECK(!report.loaded.empty(), "12_manifold/manifold: no tensor of a VAE 784-400-200-2");
  });
}

/// Loads the test digits and encodes them, after the VAE: their codes [N, 2].
EMSCRIPTEN_KEEPALIVE const Answer* draw_test(const std::uint8_t* bytes, int count) {
  return answer([&] {
    Digits& digits = loaded();
    for (const auto& [name, tensor] : parsed(bytes, count, "12_manifold/test_digits").tensors)
      (name == "digits.images" ? digits.images : digits.labels) = tensor;
    digits.codes = digits.vae.encode(digits.images).mu.value();
    digits.scores = scores_of(digits.images);
    digits.typical = mean(digits.scores[0]).item();
    digits.scores[2] = lecture::two_sided(digits.scores[0], digits.typical);
    return digits.codes;
  });
}

/// The test digits' labels [N].
EMSCRIPTEN_KEEPALIVE const Answer* draw_labels() {
  return answer([&] {
    std::vector<float> out = numbers_of(loaded().labels);
    for (float& label : out) label = std::round(label);
    return out;
  });
}
/// The picture of a test digit [784].
EMSCRIPTEN_KEEPALIVE const Answer* draw_picture(int i) {
  return answer([&] { return loaded().images.row(i); });
}

/// q(z|x) of a picture: {mu, standard deviation}, two numbers each.
EMSCRIPTEN_KEEPALIVE const Answer* draw_encode(const float* pixels, int count) {
  return answer([&] {
    const auto [mu, logvar] = loaded().vae.encode(picture(pixels, count));
    return std::vector<float>{mu.value()[0], mu.value()[1], std::exp(logvar.value()[0] / 2),
                              std::exp(logvar.value()[1] / 2)};
  });
}
/// The reconstruction from the mean code [784].
EMSCRIPTEN_KEEPALIVE const Answer* draw_reconstruct(const float* pixels, int count) {
  return answer(
      [&] { return loaded().vae.pictures(loaded().vae.encode(picture(pixels, count)).mu.value()); });
}

/// The k test digits with the nearest codes, nearest first.
EMSCRIPTEN_KEEPALIVE const Answer* draw_near(const float* z, int K, int k) {
  return answer([&] {
    std::vector<std::pair<Real, float>> found;
    for (Index i = 0; i < loaded().codes.dim(0); ++i)
      found.emplace_back(squared_distance(z, loaded().codes.data() + i * K, K), static_cast<float>(i));
    GRADUS_CHECK(k >= 0, k, " is no number of neighbours");
    k = std::min(k, static_cast<int>(found.size()));
    std::partial_sort(found.begin(), found.begin() + k, found.end());
    std::vector<float> out;
    for (int i = 0; i < k; ++i) out.push_back(found[static_cast<std::size_t>(i)].second);
    return out;
  });
}

/// Per score of 20_outliers: its value, the mean over the test digits, and the share of test digits below it.
EMSCRIPTEN_KEEPALIVE const Answer* draw_scores(const float* pixels, int count) {
  return answer([&] {
    const Scores of_picture = scores_of(picture(pixels, count));
    std::vector<float> out;
    for (std::size_t s = 0; s < of_picture.size(); ++s) {
      const double below = auroc(loaded().scores[s].values(), of_picture[s].values());
      out.insert(out.end(), {of_picture[s][0], mean(loaded().scores[s]).item(), static_cast<float>(below)});
    }
    return out;
  });
}

}  // extern "C"

}  // namespace gradus::studio
