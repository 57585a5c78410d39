#pragma once
// The slides' autoencoder for digits, 784-400-200-K-200-400-784, and its training loop.
#include <string>

#include "support/lecture.hpp"

namespace gradus::lecture {

/// x [B, 784] -> z [B, K]: relu between the layers, none on the code, which is unbounded.
struct Encoder : Module {
  Encoder(Module& parent, const std::string& name, Index code)
      : Module(parent, name), latent(*this, "latent", 200, code) {}
  Linear hidden1{*this, "hidden1", 784, 400}, hidden2{*this, "hidden2", 400, 200}, latent;
  Var operator()(const Var& x) { return latent(relu(hidden2(relu(hidden1(x))))); }
};

/// z [B, K] -> x^ [B, 784] in (0, 1)
struct Decoder : Module {
  Decoder(Module& parent, const std::string& name, Index code)
      : Module(parent, name), hidden1(*this, "hidden1", code, 200) {}
  Linear hidden1, hidden2{*this, "hidden2", 200, 400}, pixels{*this, "pixels", 400, 784};
  Var operator()(const Var& z) { return sigmoid(pixels(relu(hidden2(relu(hidden1(z)))))); }
};

struct Autoencoder : Module {
  Autoencoder(Rng& random, Index code)
      : Module(random), encoder(*this, "encoder", code), decoder(*this, "decoder", code) {}
  Encoder encoder;
  Decoder decoder;
  Var operator()(const Var& x) { return decoder(encoder(x)); }
};

/// Loss ||x - x^||^2, batches of 128, Adam with learning rate 1e-3, which decays over the second half.
inline Plot train_autoencoder(Program& program, const std::string& name, Autoencoder& model,
                              const Dataset& digits, Index epochs) {
  Adam adam(model.parameters());
  Loader loader(digits, {.batch = 128, .shuffle = true}, program.rng.split("order"));
  Trainer trainer(program.session(), name, {{"model", model}, {"adam", adam}}, loader, epochs);
  for (const Batch& batch : trainer) {
    adam.lr = Real(1e-3) * decay_second_half(trainer.progress());
    const Real loss = descend(adam, [&] { return mean(squared_error(model(batch.images), batch.images)); });
    trainer.report({{"squared error", loss}});
  }
  return trainer.plot("Training: " + name).x("epoch").y("squared error per digit");
}

}  // namespace gradus::lecture
