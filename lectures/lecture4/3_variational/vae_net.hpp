#pragma once
// The slides' variational autoencoder for inputs [B, D].
#include <vector>

#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"

namespace gradus::lecture {

/// The encoder's output: one Gaussian per example, q(z|x) = N(mu, exp(logvar)).
struct Code {
  Var mu, logvar;  ///< [B, K]
};

/// x [B, D] -> mu, logvar [B, K] -> z -> logits [B, D].
/// With classes > 0, encoder and decoder also take one-hot labels.
struct Vae : Module {
  /// sizes: D, hidden layers, K; the decoder has the same sizes in reverse.
  Vae(Rng& random, std::vector<Index> sizes, Activation decoder_between = relu, Index classes = 0)
      : Module(random),
        hidden(*this, "hidden", encoder_sizes(sizes, classes), relu),
        mu(*this, "mu", sizes[sizes.size() - 2], sizes.back()),
        logvar(*this, "logvar", sizes[sizes.size() - 2], sizes.back()),
        decoder(*this, "decoder", decoder_sizes(sizes, classes), decoder_between) {}

  Code encode(const Var& x) {
    const Var h = relu(hidden(x));
    return {mu(h), clamp(logvar(h), -10, 10)};
  }
  Var decode(const Var& z) { return decoder(z); }
  /// Pictures instead of logits: [B, D] in (0, 1).
  Tensor pictures(const Tensor& z) { return sigmoid(decode(z)).value(); }

  Mlp hidden;
  Linear mu, logvar;
  Mlp decoder;

 private:
  static std::vector<Index> encoder_sizes(const std::vector<Index>& sizes, Index classes) {
    std::vector<Index> out(sizes.begin(), sizes.end() - 1);
    out.front() += classes;
    return out;
  }
  static std::vector<Index> decoder_sizes(const std::vector<Index>& sizes, Index classes) {
    std::vector<Index> out(sizes.rbegin(), sizes.rend());
    out.front() += classes;
    return out;
  }
};

}  // namespace gradus::lecture
