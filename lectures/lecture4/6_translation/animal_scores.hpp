#pragma once
// Scores of translated horses and zebras: the kind, the outline, the background, the way back.
#include <string>

#include "6_translation/cyclegan.hpp"

namespace gradus::lecture {

/// Pictures of both kinds, alternating, with the share of every pixel that the animal covers.
inline Animals both_kinds(Index of_each, std::uint64_t seed) {
  const Animals horses = generated_animals(0, of_each, seed), zebras = generated_animals(1, of_each, seed);
  Animals both;
  both.data.name = text("generated horses and zebras, seed ", seed);
  both.data.images = concat({Var(horses.data.images), Var(zebras.data.images)}, 0).value();
  both.masks = concat({Var(horses.masks), Var(zebras.masks)}, 0).value();
  both.data.labels = horses.data.labels;
  both.data.labels.insert(both.data.labels.end(), zebras.data.labels.begin(), zebras.data.labels.end());
  both.data.classes = 2, both.data.class_names = horses.data.class_names;
  return both;
}

/// Marks the animal in a picture of either kind: a U-Net trained on generated pictures with their masks. It
/// measures translations and takes no part in their training.
class Outliner {
 public:
  Outliner(Program& program, const Animals& animals)
      : rng_(program.rng.split("outliner")), net_(rng_, options) {
    const Index steps = program.pick<Index>(320, 600, 2);
    Adam adam(net_.parameters(), {.lr = Real(4e-3)});
    Dataset set = animals.data;
    Loader loader(set, {.batch = 32, .shuffle = true, .drop_last = true}, rng_.split("order"));
    Progress bar("outliner", steps);
    for (Index step = 0; step < steps; ++step) {
      const Batch& batch = loader.next();
      const Tensor masks = animals.masks.gather(batch.indices);
      adam.lr = Real(4e-3) * decay_second_half(static_cast<double>(step) / static_cast<double>(steps));
      bar.tick({{"loss", descend(adam, [&] { return mean(squared_error(net_(batch.images), masks)); })}});
    }
  }
  /// [N, H, W, 3] -> the covered share, [N, H, W, 1].
  Tensor operator()(const Tensor& pictures) { return translate(net_, pictures); }

 private:
  inline static const Pix2PixUnetOptions options{.inputs = 3, .outputs = 1, .widths = {16, 32}};
  Rng rng_;
  Pix2PixUnet net_;
};

/// Mean over the pictures of |M and N| / |M or N|, for the pixels with more than half covered.
inline double mask_overlap(const Tensor& masks, const Tensor& others) {
  const Index N = masks.dim(0), pixels = masks.shape().row_size();
  double sum = 0;
  for (Index n = 0; n < N; ++n) {
    Index both = 0, any = 0;
    for (Index i = n * pixels; i < (n + 1) * pixels; ++i) {
      const bool one = masks[i] > Real(0.5), other = others[i] > Real(0.5);
      both += one && other, any += one || other;
    }
    sum += any == 0 ? 1 : static_cast<double>(both) / static_cast<double>(any);
  }
  return sum / static_cast<double>(N);
}

/// Mean of |y - x| over the pixels that the animal does not touch.
inline double background_error(const Tensor& y, const Tensor& x, const Tensor& masks) {
  double sum = 0;
  Index count = 0;
  for (Index i = 0; i < masks.size(); ++i) {
    if (masks[i] > 0) continue;
    for (Index c = 3 * i; c < 3 * i + 3; ++c) sum += std::abs(double{y[c]} - double{x[c]}), ++count;
  }
  return sum / static_cast<double>(count);
}

/// Share of the pictures that the judge takes for this kind.
inline double share_of(Judge& judge, const Tensor& pictures, int kind) {
  const std::vector<int> said = judge.classify(pictures);
  return static_cast<double>(std::count(said.begin(), said.end(), kind)) / static_cast<double>(said.size());
}

/// Prints and reports the scores of both directions. A figure is that of the worse direction; outline_iou is
/// the mean of both.
inline void report_animals(Program& program, Translators& nets, const Animals& horses, const Animals& zebras,
                           const Animals& known) {
  Judge judge(program, known.data);
  Outliner outliner(program, known);
  const Tensor &a = horses.data.images, &b = zebras.data.images;
  const Tensor to_b = nets.b_of(a), to_a = nets.a_of(b);
  const auto worse = [&](const std::string& name, double one, double other, bool small_is_good) {
    program.say(
        text(pad_right(name, 18), "  horse -> zebra ", fixed(one, 3), "   zebra -> horse ", fixed(other, 3)));
    program.figure(name, small_is_good ? std::max(one, other) : std::min(one, other));
  };
  program.figure("animal_judge_accuracy", (share_of(judge, a, 0) + share_of(judge, b, 1)) / 2);
  program.figure("horse_as_zebra", share_of(judge, to_b, 1));
  program.figure("zebra_as_horse", share_of(judge, to_a, 0));
  worse("outline_iou_real", mask_overlap(outliner(a), horses.masks), mask_overlap(outliner(b), zebras.masks),
        false);
  const double of_horses = mask_overlap(outliner(to_b), horses.masks),
               of_zebras = mask_overlap(outliner(to_a), zebras.masks);
  worse("outline_iou_worse", of_horses, of_zebras, false);
  program.figure("outline_iou", (of_horses + of_zebras) / 2);
  worse("background_l1", background_error(to_b, a, horses.masks), background_error(to_a, b, zebras.masks),
        true);
  worse("cycle_l1", pixel_error(nets.a_returned(a), a), pixel_error(nets.b_returned(b), b), true);
}

}  // namespace gradus::lecture
