// Exercise 11: the debiasing loss (11.1) and the codes of all images (11.2).
#include "ex11.hpp"

#include <algorithm>

#include "../calls/debiasing_game.hpp"
#include "../inputs.hpp"
#include "gradus/generative/gaussian_kl.hpp"
#include "gradus/generative/reparameterize.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/losses.hpp"

namespace gradus::grade {
namespace {

// 11.1: the loss

struct LossKnobs {
  enum { on_vae, on_class, on_both, on_none, inverted } indicator = on_vae;
  Real spread = 1, width = 1;  // z reads spread logvar, the KL reads width logvar
  Real kl = 1, nll = 1, weight_of_kl = 0, weight_of_nll = 0;  // 0: the weight itself
  bool no_weight = false, weight_on_class = false, at_mean = false, twice = false, label_inverted = false;
};
Function loss_with(LossKnobs knobs) {
  const DebiasingLoss loss = [knobs](const Var& logits, const Tensor& face, const Var& mu, const Var& logvar,
                                     const Tensor& noise, const std::function<Var(const Var&)>& nll,
                                     Real weight) {
    const Var y = face, other = affine(y, -1, 1);
    const Var z = knobs.at_mean ? mu : reparameterize(mu, knobs.spread * logvar, noise);
    if (knobs.twice) nll(z);
    const auto weighted = [&](Real own) { return knobs.no_weight ? Real(1) : own > 0 ? own : weight; };
    const Var vae = knobs.nll * weighted(knobs.weight_of_nll) * nll(z) +
                    knobs.kl * weighted(knobs.weight_of_kl) * gaussian_kl(mu, knobs.width * logvar);
    Var classified = bernoulli_nll(logits, knobs.label_inverted ? other.value() : face);
    if (knobs.weight_on_class) classified = weight * classified;
    using K = LossKnobs;
    if (knobs.indicator == K::on_class) return y * classified + vae;
    if (knobs.indicator == K::on_both) return y * classified + y * vae;
    if (knobs.indicator == K::on_none) return classified + vae;
    return classified + (knobs.indicator == K::inverted ? other : y) * vae;
  };
  return [=](const Tensors& in) { return debiasing_batch(in, loss); };
}
std::vector<Mistake> loss_mistakes() {
  return {
      {"db.indicator_on_class",
       "the indicator is on the classifier's term: non-faces get no classification loss (the lab's fault 1)",
       loss_with({.indicator = LossKnobs::on_class})},
      {"db.indicator_on_both", "the indicator is on both terms: non-faces have no loss at all",
       loss_with({.indicator = LossKnobs::on_both})},
      {"db.no_indicator", "the VAE's term counts for non-faces as well: multiply it by face",
       loss_with({.indicator = LossKnobs::on_none})},
      {"db.inverted", "the VAE's term counts for non-faces only: multiply it by face, not by 1 - face",
       loss_with({.indicator = LossKnobs::inverted})},
      {"db.deviation",
       "z has e^logvar as its standard deviation, while the KL reads it as the variance (the lab's fault 2)",
       loss_with({.spread = 2})},
      {"db.kl_deviation", "the KL reads e^logvar as the standard deviation: it is the variance",
       loss_with({.width = 2})},
      {"db.no_weight", "weight is not used: it multiplies both terms of the VAE",
       loss_with({.no_weight = true})},
      {"db.weight_on_nll", "weight multiplies nll only: it multiplies the KL as well",
       loss_with({.weight_of_kl = 1})},
      {"db.weight_on_kl", "weight multiplies the KL only: it multiplies nll as well",
       loss_with({.weight_of_nll = 1})},
      {"db.weight_on_class", "weight multiplies the classifier's term as well",
       loss_with({.weight_on_class = true})},
      {"db.no_kl", "the KL is missing", loss_with({.kl = 0})},
      {"db.kl_sign", "the KL is subtracted: a loss adds it", loss_with({.kl = -1})},
      {"db.no_nll", "nll has no effect on the loss", loss_with({.nll = 0})},
      {"db.no_noise", "z is mu: the noise is not used", loss_with({.at_mean = true})},
      {"db.twice", "nll is called twice: call it once and keep its result", loss_with({.twice = true})},
      {"db.label_inverted", "the classifier's target is 1 - face", loss_with({.label_inverted = true})}};
}
Tensors for_loss(Rng& rng, int i) {
  const Index B = sizes(i)[0] + 1, K = sizes(i)[1];
  Tensor face = Tensor::bernoulli({B}, rng, Real(0.5));
  face[0] = 0, face[1] = 1;
  return {numbers(rng, {B}),
          face,
          numbers(rng, {B, K}),
          Tensor::uniform({B, K}, rng, -1, Real(1.5)),
          away_from_zero(rng, {B, K}),
          numbers(rng, {B, K}),
          Tensor::of({1}, {rng.uniform(Real(0.3), Real(0.8))}),
          away_from_zero(rng, {B})};
}

// 11.2: codes of all images

struct MeansKnobs {
  bool eval = true, restore = true, always_train = false, only_own_mode = false;
  bool bytes = false, reversed = false, drop_last = false, whole = false, one = false, first_again = false;
};
Function means_with(MeansKnobs knobs) {
  const LatentMeans means = [knobs](Module& module, const std::function<Var(const Tensor&)>& mean_of,
                                    const Tensor& images, Index batch) {
    const bool before = module.training();
    if (knobs.eval) module.eval();
    Tensor x = images.clone(), out;
    for (Index i = 0; i < x.size(); i += 3) {
      if (knobs.reversed) std::swap(x[i], x[i + 2]);
      for (Index c = 0; c < 3; ++c) x[i + c] *= knobs.bytes ? Real(255) : Real(1);
    }
    const Index N = x.dim(0), step = knobs.whole ? N : knobs.one ? 1 : batch;
    for (Index first = 0; first < N; first += step) {
      if (knobs.drop_last && first + step > N && first > 0) break;
      const Index last = std::min(N, first + step), begin = knobs.first_again ? 0 : first;
      const Tensor mu = mean_of(x.rows(begin, begin + last - first)).value();
      if (first == 0) out = Tensor::zeros({N, mu.dim(1)});
      out.rows(first, last).copy_from(mu);
    }
    if (knobs.restore) module.train(before);
    if (knobs.always_train) module.train();
    return out;
  };
  return [=](const Tensors& in) { return coded_images(in, means); };
}
std::vector<Mistake> means_mistakes() {
  return {
      {"latent.left_in_evaluation",
       "the module is left in evaluation mode: training continues with frozen statistics (the lab's fault 4)",
       means_with({.restore = false})},
      {"latent.always_trains", "the module is set to training mode at the end: restore the mode that it had",
       means_with({.always_train = true})},
      {"latent.in_training",
       "the module is in training mode during the calls: codes depend on the batch, and running statistics "
       "change",
       means_with({.eval = false, .restore = false})},
      {"latent.bytes_bgr",
       "the images are scaled to 0 .. 255, blue first: the network was trained on red, green, blue in [0, 1] "
       "(the "
       "lab's fault 3)",
       means_with({.bytes = true, .reversed = true})},
      {"latent.bytes",
       "the images are scaled to 0 .. 255: the network was trained on [0, 1] (the lab's fault 3)",
       means_with({.bytes = true})},
      {"latent.bgr",
       "the channels are reversed: the network was trained on red, green, blue (the lab's fault 3)",
       means_with({.reversed = true})},
      {"latent.drop_last", "the last, smaller batch is left out", means_with({.drop_last = true})},
      {"latent.whole", "all images are passed at once: pass `batch` of them per call",
       means_with({.whole = true})},
      {"latent.one", "the images are passed one by one: pass `batch` of them per call",
       means_with({.one = true})},
      {"latent.first_again", "every batch begins with the first image", means_with({.first_again = true})}};
}
Tensors for_means(Rng& rng, int i) {
  constexpr Index counts[] = {5, 70, 11, 7, 9}, batches[] = {2, 16, 4, 3, 4}, codes[] = {2, 17, 1, 3, 4};
  return {Tensor::uniform({counts[i], 2, 2, 3}, rng), numbers(rng, {codes[i], 12}), numbers(rng, {3}),
          Tensor::of({1}, {static_cast<Real>(batches[i])}), Tensor::of({1}, {i == 2 ? Real(0) : Real(1)})};
}

}  // namespace

std::vector<Check> checks_11() {
  const std::vector<std::string> inputs = {"logits", "face", "mu",     "logvar",
                                           "noise",  "x",    "weight", "dL/dloss"},
                                 outputs = {"loss", "the gradient of logits", "the gradient of mu",
                                            "the gradient of logvar", "calls of nll"};
  std::vector<Check> all;
  all.push_back(
      {.todo = "11.1",
       .title = "a face and a non-face",
       .points = 6,
       .call = "debiasing_loss",
       .draw = always({Tensor::of({2}, {0, 0}), Tensor::of({2}, {1, 0}), Tensor::of({2, 1}, {1, 1}),
                       Tensor::of({2, 1}, {1, 1}), Tensor::of({2, 1}, {1, 1}), Tensor::of({2, 1}, {0, 0}),
                       Tensor::of({1}, {Real(0.5)}), Tensor::of({2}, {1, 1})}),
       .cases = 1,
       .mistakes = loss_mistakes(),
       .inputs = inputs,
       .outputs = outputs});
  all.push_back({.todo = "11.1",
                 .title = "random batches",
                 .points = 18,
                 .call = "debiasing_loss",
                 .draw = for_loss,
                 .mistakes = loss_mistakes(),
                 .inputs = inputs,
                 .outputs = outputs});
  all.push_back({.todo = "11.2",
                 .title = "codes and modes",
                 .points = 14,
                 .call = "latent_means",
                 .draw = for_means,
                 .mistakes = means_mistakes(),
                 .inputs = {"images", "weights of the code", "running mean of the batch norm", "batch",
                            "in training mode before"},
                 .outputs = {"mu", "training mode afterwards", "the running mean afterwards",
                             "calls of mean_of", "the largest batch"}});
  for (Check& check : resampling_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace gradus::grade
