#pragma once
// The slides' autoencoder for digits, 784-400-200-K-200-400-784, and how it is trained.
#include <string>

#include "gradus/gradus.hpp"

/// x [B, 784] -> z [B, K]: relu inside, none on the code, so that it may be any number.
struct Encoder : gradus::Module {
  Encoder(gradus::Module& parent, const std::string& name, gradus::Index code)
      : Module(parent, name), latent(*this, "latent", 200, code) {}
  gradus::Linear hidden1{*this, "hidden1", 784, 400}, hidden2{*this, "hidden2", 400, 200}, latent;
  gradus::Var operator()(const gradus::Var& x) { return latent(relu(hidden2(relu(hidden1(x))))); }
};

/// z [B, K] -> x^ [B, 784] in (0, 1)
struct Decoder : gradus::Module {
  Decoder(gradus::Module& parent, const std::string& name, gradus::Index code)
      : Module(parent, name), hidden1(*this, "hidden1", code, 200) {}
  gradus::Linear hidden1, hidden2{*this, "hidden2", 200, 400}, pixels{*this, "pixels", 400, 784};
  gradus::Var operator()(const gradus::Var& z) { return sigmoid(pixels(relu(hidden2(relu(hidden1(z)))))); }
};

struct Autoencoder : gradus::Module {
  Autoencoder(gradus::Rng& random, gradus::Index code)
      : Module(random), encoder(*this, "encoder", code), decoder(*this, "decoder", code) {}
  Encoder encoder;
  Decoder decoder;
  gradus::Var operator()(const gradus::Var& x) { return decoder(encoder(x)); }
};

/// L(x, x^) = ||x - x^||^2, Adam at 1e-3 falling over the second half, batches of 128.
inline gradus::Plot train_autoencoder(gradus::Program& program, const std::string& name, Autoencoder& model,
                                      const gradus::Dataset& digits, gradus::Index epochs) {
  using namespace gradus;
  Adam adam(model.parameters());
  Loader loader(digits, {.batch = 128, .shuffle = true}, program.rng.split("order"));
  Trainer trainer(program, name, {{"model", model}, {"adam", adam}}, loader, epochs);
  for (const Batch& batch : trainer) {
    adam.lr = Real(1e-3) * decay_second_half(trainer.progress());
    const Real loss = descend(adam, [&] { return mean(squared_error(model(batch.images), batch.images)); });
    trainer.report({{"squared error", loss}});
  }
  return trainer.plot("Training: " + name).x("epoch").y("squared error a digit");
}
