#pragma once
// The debiasing VAE: a classifier and a VAE with one encoder, its training with adaptive resampling, and its
// rates per group.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "4_uses/scores.hpp"

namespace gradus::lecture {

/// x [B, 32, 32, 3] -> conv 8 -> conv 16 (4 x 4, stride 2) -> 64 -> one logit, mu [B, K], logvar [B, K];
/// the decoder K -> 128 -> 3072. With `normed`, batch norm after each convolution, as in the lab.
struct DebiasingVae : Module {
  static constexpr Index K = 8, pixels = 32 * 32 * 3;
  struct Output {
    Var logits;      ///< [B], positive for a face
    Var mu, logvar;  ///< [B, K]
  };

  explicit DebiasingVae(Rng& random, bool normed_in = false) : Module(random), normed(normed_in) {}

  Output encode(const Var& x) {
    Var h = first(x);
    h = second(relu(normed ? first_norm(h) : h));
    h = relu(hidden(reshape(relu(normed ? second_norm(h) : h), {x.dim(0), 16 * 64})));
    const Var all = out(h);
    return {reshape(slice(all, 1, 0, 1), {x.dim(0)}), slice(all, 1, 1, 1 + K),
            clamp(slice(all, 1, 1 + K, 1 + 2 * K), -10, 10)};
  }
  /// Images [B, 32, 32, 3] from codes.
  Tensor pictures(const Tensor& z) { return sigmoid(decoder(z)).value().reshape({z.dim(0), 32, 32, 3}); }
  /// Logits [N] of images, in evaluation mode.
  Tensor logits(const Tensor& images) {
    return latent_means(
               *this,
               [this](const Tensor& x) {
                 return reshape(encode(x).logits, {x.dim(0), 1});
               },
               images)
        .reshape({images.dim(0)});
  }
  /// Mean codes [N, K] of images.
  Tensor codes(const Tensor& images) {
    return latent_means(
        *this, [this](const Tensor& x) { return encode(x).mu; }, images);
  }

  bool normed;
  Conv2d first{*this, "first", 3, 8, {.size = 4, .stride = 2, .padding = 1}};
  Conv2d second{*this, "second", 8, 16, {.size = 4, .stride = 2, .padding = 1}};
  BatchNorm first_norm{*this, "first_norm", 8}, second_norm{*this, "second_norm", 16};
  Linear hidden{*this, "hidden", 16 * 64, 64}, out{*this, "out", 64, 1 + 2 * K};
  Mlp decoder{*this, "decoder", {K, 128, pixels}, relu};
};

/// The faults of the lab's published solution, one at a time (errata 24).
enum class Fault { none, indicator, deviation, bytes, evaluation };

struct DebiasingTraining {
  bool vae = true;       ///< false: a plain classifier
  bool resample = true;  ///< false: every face is drawn with the same probability
  Real alpha = Real(0.005);
  Index epochs = 6, batch = 64;  ///< half of a batch are faces
  Fault fault = Fault::none;
};

/// Images as numbers 0 .. 255 with blue first, of which the lab computes its codes: [.., 3].
inline Tensor as_bytes(const Tensor& images) {
  Tensor out = images.clone();
  for (Index i = 0; i < out.size(); i += 3) std::swap(out[i], out[i + 2]);
  for (Real& value : out.values()) value *= 255;
  return out;
}

/// The loss of one batch, [B]: faces first, then equally many non-faces.
inline Var debiasing_batch_loss(DebiasingVae& net, const Tensor& x, const Tensor& face, Rng& noise,
                                const DebiasingTraining& how) {
  constexpr Real C = 4, weight = Real(0.02);  // of the squared error; of the VAE's term
  const auto [logits, mu, logvar] = net.encode(x);
  if (!how.vae) return bernoulli_nll(logits, face);
  const Index B = x.dim(0), decoded = how.fault == Fault::indicator ? B : B / 2;
  const Tensor epsilon = Tensor::randn(mu.shape(), noise),
               flat = x.reshape({B, DebiasingVae::pixels}).rows(0, decoded);
  const auto nll = [&](const Var& z) {  // of the faces; the term of a non-face is multiplied by 0
    const Var some = fixed_gaussian_nll(sigmoid(net.decoder(slice(z, 0, 0, decoded))), flat, C);
    return decoded == B ? some : concat({some, Var(Tensor::zeros({B - decoded}))}, 0);
  };
  if (how.fault != Fault::indicator && how.fault != Fault::deviation)
    return debiasing_loss(logits, face, mu, logvar, epsilon, nll, weight);
  // The lab's faults: the indicator on the classifier's term; z with e^logvar as the standard deviation,
  // while the KL term reads e^logvar as the variance.
  const Var spread = how.fault == Fault::deviation ? Real(2) * logvar : logvar;
  const Var vae = weight * (nll(reparameterize(mu, spread, epsilon)) + gaussian_kl(mu, logvar));
  const Var classified = bernoulli_nll(logits, face);
  return how.fault == Fault::indicator ? classified * Var(face) + vae : classified + Var(face) * vae;
}

/// The probability of every face in every epoch, [epochs, N]; kept in the checkpoint.
struct FaceWeights {
  Tensor rows{};
  State state() { return {.tensors = {{"rows", rows}}, .counters = {}}; }
};

/// Trains on faces and non-faces, images [N, 32, 32, 3]. Before every epoch but the first, the probabilities
/// of the faces are computed from the codes of all faces. Returns them: [epochs, N].
inline Tensor train_debiasing(Program& program, const std::string& name, DebiasingVae& net,
                              const Dataset& faces, const Dataset& others, const DebiasingTraining& how,
                              Rng noise) {
  Adam adam(net.parameters());
  const Index half = how.batch / 2, per_epoch = std::max<Index>(1, faces.size() / half);
  Loader face_loader(faces, {.batch = half, .drop_last = true}, noise.split("faces")),
      other_loader(others, {.batch = half, .shuffle = true, .drop_last = true}, noise.split("others"));
  FaceWeights weights{Tensor::full({how.epochs, faces.size()}, Real(1) / static_cast<Real>(faces.size()))};
  Tensor x({2 * half, 32, 32, 3}), face = Tensor::zeros({2 * half});
  face.rows(0, half).fill(1);
  Trainer trainer(program.session(), name,
                  {{"model", net},
                   {"adam", adam},
                   {"noise", noise},
                   {"weights", weights},
                   {"faces", face_loader},
                   {"others", other_loader}},
                  Steps{how.epochs * per_epoch, per_epoch});
  if (!trainer.finished()) face_loader.weigh(weights.rows.row(trainer.step() / per_epoch));
  while (trainer.next()) {
    if (how.fault == Fault::evaluation) net.eval();  // for the codes, and never net.train() again
    if (how.resample && trainer.step() % per_epoch == 0 && trainer.step() > 0) {
      const Tensor mu = net.codes(how.fault == Fault::bytes ? as_bytes(faces.images) : faces.images),
                   row = weights.rows.row(trainer.step() / per_epoch);
      weights.rows.row(trainer.step() / per_epoch)
          .copy_from(resampling_weights(mu, latent_histograms(mu), how.alpha));
      face_loader.weigh(row);
    }
    x.rows(0, half).copy_from(face_loader.next().images);
    x.rows(half, 2 * half).copy_from(other_loader.next().images);
    const Real loss = descend(adam, [&] { return mean(debiasing_batch_loss(net, x, face, noise, how)); });
    trainer.report({{"loss", loss}});
  }
  net.train();
  return weights.rows;
}

/// The rates of a trained network on a balanced test set.
struct GroupTest {
  std::vector<GroupRates> groups{};
  double accuracy = 0;        ///< mean over groups and labels
  double worst = 1;           ///< smallest true-positive rate of a group
  double false_positive = 0;  ///< mean over the groups
};

inline GroupTest test_groups(const Tensor& logits, const std::vector<int>& labels,
                             const std::vector<int>& group, int count) {
  GroupTest out{group_rates(logits.values(), labels, group, count)};
  for (const GroupRates& rates : out.groups) {
    GRADUS_CHECK(rates.true_positive.of > 0 && rates.false_positive.of > 0,
                 "test_groups: a group has no example of one label");
    out.accuracy += rates.balanced_accuracy() / count;
    out.worst = std::min(out.worst, rates.true_positive.rate);
    out.false_positive += rates.false_positive.rate / count;
  }
  return out;
}

}  // namespace gradus::lecture
