// Panel 1, "Walk the latent space": decoders of the lecture's VAEs, and of a file that the user drops onto
// the page.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <string>

#include "answer.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"

namespace gradus::studio {
namespace {

/// The decoder of a VAE: z [B, K] -> pictures [B, pixels] in (0, 1).
struct Decoder : Module {
  Decoder(Rng& random, const std::vector<Index>& sizes, Activation between)
      : Module(random), layers(*this, "decoder", sizes, between) {}
  Tensor operator()(const Tensor& z) { return sigmoid(layers(z)).value(); }

  Mlp layers;
};

std::map<std::string, std::unique_ptr<Decoder>> decoders;

Decoder& decoder(const char* name) {
  const auto found = decoders.find(name);
  GRADUS_CHECK(found != decoders.end(), "no decoder \"", name, "\" is loaded");
  return *found->second;
}

const Tensor* find(const TensorFile& file, const std::string& name) {
  for (const auto& [key, tensor] : file.tensors)
    if (key == name) return &tensor;
  return nullptr;
}

/// What stands before "decoder." in the names of the weights; optimizers' names contain no layers.
std::string prefix_of(const TensorFile& file) {
  constexpr std::string_view end = "decoder.layer1.w";
  for (const auto& [key, tensor] : file.tensors)
    if (key.ends_with(end)) return key.substr(0, key.size() - end.size());
  throw Error(
      text(file.name, ": no tensor's name ends with ", end,
           "; the panel reads decoders of linear layers, as 11_vae, 12_manifold and 16_beta_vae save them"));
}

/// The sizes of the layers: {K, hidden .., pixels}.
std::vector<Index> sizes_of(const TensorFile& file, const std::string& prefix) {
  std::vector<Index> sizes;
  for (int i = 1;; ++i) {
    const std::string name = text(prefix, "decoder.layer", i, ".w");
    const Tensor* w = find(file, name);
    if (!w) return sizes;
    GRADUS_CHECK(w->rank() == 2 && w->size() > 0 && (sizes.empty() || w->dim(1) == sizes.back()), file.name,
                 ": ", name, " is ", w->shape(), ", expected [outputs, ",
                 sizes.empty() ? "K" : text(sizes.back()), "]");
    if (sizes.empty()) sizes.push_back(w->dim(1));
    sizes.push_back(w->dim(0));
  }
}

Tensor codes(const float* z, int count, Index K) {
  GRADUS_CHECK(count > 0 && count % K == 0, count, " numbers are no codes of ", K);
  return Tensor::of({count / K, K}, std::span(z, static_cast<std::size_t>(count)));
}

Index width_of(Decoder& from) { return from.layers.layers.front()->w.value.dim(1); }

}  // namespace

extern "C" {

/// Loads a decoder under a name: {K, pixels}. activation 0: relu, 1: tanh, between its layers.
EMSCRIPTEN_KEEPALIVE const Answer* latent_open(const char* name, const char* file_name,
                                               const std::uint8_t* bytes, int count, int activation) {
  return answer([&] {
    const TensorFile file =
        parse_safetensors(std::as_bytes(std::span(bytes, static_cast<std::size_t>(count))), file_name);
    const std::string prefix = prefix_of(file);
    const std::vector<Index> sizes = sizes_of(file, prefix);
    Rng rng;
    auto loaded = std::make_unique<Decoder>(rng, sizes, activation == 0 ? relu : Activation{tanh});
    const LoadReport report = load_tensors(file, loaded->state(), prefix);
    GRADUS_CHECK(report.missing.empty(), file_name, ": the tensor ", prefix, report.missing.front(),
                 " is missing");
    decoders[name] = std::move(loaded);
    return std::vector{static_cast<float>(sizes.front()), static_cast<float>(sizes.back())};
  });
}

/// The pictures of codes z [n, K]: [n, pixels].
EMSCRIPTEN_KEEPALIVE const Answer* latent_decode(const char* name, const float* z, int count) {
  return answer([&] {
    Decoder& from = decoder(name);
    return from(codes(z, count, width_of(from)));
  });
}

/// The codes of the sheet of n x n pictures, for K = 2.
EMSCRIPTEN_KEEPALIVE const Answer* latent_sheet(int n) {
  return answer([&] { return quantile_sheet(n); });
}

/// The codes at places (u, v) of the sheet, 0 .. 1 from its upper left corner.
EMSCRIPTEN_KEEPALIVE const Answer* latent_at(double u, double v) {
  return answer([&] {
    const auto within = [](double p) { return std::clamp(p, 0.002, 0.998); };
    return std::vector{static_cast<float>(normal_quantile(within(u))),
                       static_cast<float>(normal_quantile(1 - within(v)))};
  });
}

/// The places of codes z [n, 2] on the sheet, [n, 2].
EMSCRIPTEN_KEEPALIVE const Answer* latent_places(const float* z, int count) {
  return answer([&] {
    std::vector<float> out;
    for (int i = 0; i < count; ++i) {
      const double p = std::erfc(-z[i] / std::numbers::sqrt2) / 2;
      out.push_back(static_cast<float>(i % 2 == 0 ? p : 1 - p));
    }
    return out;
  });
}

/// The codes between a [K] and b [K], both included: on the straight line, or on the arc.
EMSCRIPTEN_KEEPALIVE const Answer* latent_path(const float* a, int K, const float* b, int, int steps,
                                               int arc) {
  return answer([&] {
    const Tensor from = codes(a, K, K).row(0), to = codes(b, K, K).row(0);
    return arc ? slerp(from, to, steps) : lerp(from, to, steps);
  });
}

/// Per unit, the codes of its traversal from z [K]: [K * steps, K].
EMSCRIPTEN_KEEPALIVE const Answer* latent_traversals(const float* z, int K, int steps) {
  return answer([&] { return traversals(codes(z, K, K).row(0), steps); });
}

/// Per unit, how much the picture changes while the unit goes from -2 to 2 and the others stay at z [K]:
/// the root of the mean squared difference of a pixel, [K].
EMSCRIPTEN_KEEPALIVE const Answer* latent_effects(const char* name, const float* z, int K) {
  return answer([&] {
    Decoder& from = decoder(name);
    const Tensor pictures = from(traversals(codes(z, K, width_of(from)).row(0), 2, -2, 2));
    std::vector<float> effects;
    for (Index k = 0; k < K; ++k) {
      double sum = 0;
      const Tensor low = pictures.row(2 * k), high = pictures.row(2 * k + 1);
      for (Index i = 0; i < low.size(); ++i) sum += (high[i] - low[i]) * (high[i] - low[i]);
      effects.push_back(static_cast<float>(std::sqrt(sum / static_cast<double>(low.size()))));
    }
    return effects;
  });
}

}  // extern "C"

}  // namespace gradus::studio
