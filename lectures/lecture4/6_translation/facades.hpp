#pragma once
// The part of 30_why_gans with real photographs: CMP Facades, label map to photo, 64 x 64.
#include <algorithm>
#include <filesystem>
#include <vector>

#include "6_translation/pix2pix.hpp"

namespace gradus::lecture {

/// Photo and map of every file, resized to side x side: [N, side, side, 6].
/// A file holds both, photo on the left.
inline Tensor read_facades(const std::filesystem::path& folder, Index side, Index limit) {
  std::vector<std::string> files = image_files(folder);
  if (limit > 0 && static_cast<Index>(files.size()) > limit) files.resize(static_cast<std::size_t>(limit));
  Tensor out({static_cast<Index>(files.size()), side, side, 6});
  for (std::size_t n = 0; n < files.size(); ++n) {
    const Var both = read_image(folder / files[n]);
    const Index half = both.dim(1) / 2;
    const Var photo = resize_image(slice(both, 1, 0, half).value(), side, side),
              map = resize_image(slice(both, 1, half, 2 * half).value(), side, side);
    out.row(static_cast<Index>(n)).copy_from(concat({photo, map}, 2).value());
  }
  return out;
}

/// [B, S, S, 6] -> pairs of 64 x 64, map to photo. If S > 64 (training),
/// crops and mirrors each pair at random, because 120 pictures are few.
inline Pairs facade_pairs(const Tensor& both, Rng& rng) {
  constexpr Index side = 64;
  const Index B = both.dim(0), S = both.dim(1), room = S - side;
  Pairs out{Tensor({B, side, side, 3}), Tensor({B, side, side, 3})};
  for (Index b = 0; b < B; ++b) {
    const auto random_below = [&](Index count) {
      return static_cast<Index>(rng.below(static_cast<std::uint64_t>(count)));
    };
    const Index top = room > 0 ? random_below(room + 1) : 0, left = room > 0 ? random_below(room + 1) : 0;
    const bool mirror = room > 0 && rng.bernoulli(Real(0.5));
    for (Index i = 0; i < side; ++i)
      for (Index j = 0; j < side; ++j) {
        const Real* from = both.data() + ((b * S + top + i) * S + left + (mirror ? side - 1 - j : j)) * 6;
        const Index to = ((b * side + i) * side + j) * 3;
        std::copy_n(from, 3, out.truth.data() + to);
        std::copy_n(from + 3, 3, out.input.data() + to);
      }
  }
  return out;
}

/// Facades from maps, if the data set is present.
inline void facades(Program& program) {
  const std::filesystem::path folder = program.options.data / "facades";
  if (!std::filesystem::exists(folder / "train") || !std::filesystem::exists(folder / "test")) {
    program.say("facades not found: photographs are skipped (needs facades/train and facades/test)");
    return;
  }
  Dataset train;
  train.name = "facades", train.images = read_facades(folder / "train", 72, program.pick<Index>(0, 0, 8));
  Rng rng = program.rng.split("facades");
  const Pairs test = facade_pairs(read_facades(folder / "test", 64, program.pick<Index>(0, 0, 4)), rng);
  Pix2PixUnet net(rng, {.inputs = 3, .outputs = 3, .widths = {32, 64, 128, 128}});
  train_translator(program, "facades", net, train, facade_pairs,
                   {.steps = program.pick<Index>(3000, 3000, 2), .batch = 8, .adversarial = true});

  const Tensor photos = translate(net, test.input);
  const Pairs known = facade_pairs(train.images, rng);
  const Index pixels = test.truth.shape().row_size();
  const Tensor mean_photo = column_means(known.truth.reshape({train.size(), pixels})).value();
  // Two baselines, because a map does not determine the colour of its photo:
  // the mean photo, and the mean photo shifted to each photo's own mean colour.
  const auto mean_colour = [](const Tensor& photo) {
    return column_means(photo.reshape({photo.size() / 3, 3})).value();
  };
  const Tensor usual = mean_colour(mean_photo);
  Tensor guess(test.truth.shape()), tinted(test.truth.shape());
  for (Index n = 0; n < guess.dim(0); ++n) {
    const Tensor own = mean_colour(test.truth.rows(n, n + 1));
    for (Index i = 0; i < pixels; ++i) {
      guess[n * pixels + i] = mean_photo[i];
      tinted[n * pixels + i] = mean_photo[i] + own[i % 3] - usual[i % 3];
    }
  }
  const double error = pixel_error(photos, test.truth), yardstick = pixel_error(guess, test.truth);
  program.figure("p2p_facades_l1", error);
  program.figure("p2p_facades_l1_trained_on", pixel_error(translate(net, known.input), known.truth));
  program.figure("p2p_facades_l1_mean_photo", yardstick);
  program.figure("p2p_facades_l1_tinted_mean_photo", pixel_error(tinted, test.truth));
  program.figure("p2p_facades_l1_ratio", error / yardstick);
  std::vector<Tensor> columns;
  const Index shown = std::min<Index>(5, photos.dim(0));
  for (const Tensor& part : {test.input, photos, test.truth})
    columns.push_back(image_grid(part.rows(0, shown), {.columns = 1, .scale = 3}));
  program.picture(
      "facades", hstack(columns, 4),
      "Map, generated photo, real photo, none from the training set. Windows and ledges follow the map. "
      "Colour and light are guesses: the map does not determine them, and 120 pairs are few");
}

}  // namespace gradus::lecture
