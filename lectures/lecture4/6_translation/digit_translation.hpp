#pragma once
// MNIST <-> USPS: translation between two real sets of digits, when both are there; and monet2photo.
#include <algorithm>
#include <filesystem>

#include "6_translation/cyclegan.hpp"

namespace gradus::lecture {

/// The central 20 x 20 pixels of MNIST digits, which contain the digit, resized to 16 x 16: the geometry of
/// USPS. The margin has to go, because a CycleGAN changes texture and not geometry.
inline Dataset like_usps(const Dataset& digits) {
  Dataset out = digits;
  out.name += " 16 x 16";
  out.images = Tensor({digits.size(), 16, 16, 1});
  for (Index n = 0; n < digits.size(); ++n) {
    const Var digit = digits.images.row(n);
    const Var centre = slice(slice(digit, 0, 4, 24), 1, 4, 24);
    out.images.row(n).copy_from(resize_image(centre.value(), 16, 16));
  }
  return out;
}

/// Accuracy of a judge of the target domain, and the Fréchet distance to its test set in the judge's
/// features, before and after translation.
inline void report_digits(Program& program, const std::string& name, Judge& judge, const Dataset& target,
                          const Tensor& before, const Tensor& after, const std::vector<int>& labels,
                          double& kept, double& ratio) {
  const Moments real = moments_of(judge.features(target.images));
  const double read = judge.accuracy(before, labels), read_after = judge.accuracy(after, labels),
               fid = frechet_distance(moments_of(judge.features(before)), real),
               fid_after = frechet_distance(moments_of(judge.features(after)), real);
  program.say(text(pad_right(name, 14), "  accuracy ", fixed(read, 3), " -> ", fixed(read_after, 3),
                   "   FID ", fixed(fid, 1), " -> ", fixed(fid_after, 1)));
  kept = std::min(kept, read_after / read), ratio = std::max(ratio, fid_after / fid);
}

/// MNIST <-> USPS. Reports nothing when one of the sets is missing.
inline void digits_between_sets(Program& program) {
  if (!std::filesystem::exists(program.options.data / "usps")) {
    program.say("usps not found: MNIST <-> USPS is skipped (needs usps/zip.train and usps/zip.test)");
    return;
  }
  const Split mnist = program.digits(
      {.train = program.pick<Index>(5000, 60000, 400), .test = program.pick<Index>(2000, 10000, 100)});
  const Split usps = load_usps(program.options.data);
  const Dataset a = like_usps(mnist.train), a_test = like_usps(mnist.test),
                b = usps.train.take(program.pick<Index>(7291, 7291, 400)),
                b_test = usps.test.take(program.pick<Index>(2000, 10000, 100));
  Judge of_a(program, a), of_b(program, b);
  CycleRecipe recipe{.steps = program.pick<Index>(350, 3000, 4), .batch = 16};
  recipe.translator = {.channels = 1, .width = 16, .halvings = 1, .blocks = 2};
  recipe.discriminator_width = program.pick<Index>(32, 32, 4);
  Rng rng = program.rng.split("digit translators");
  Translators nets(rng, recipe.translator);
  const Index shown = 10;
  TranslationFilm film({}, a_test.images.rows(0, shown), b_test.images.rows(0, shown));
  train_cyclegan(program, "digits", nets, {a, b}, recipe, film);
  double kept = 10, ratio = 0;
  report_digits(program, "MNIST -> USPS", of_b, b_test, a_test.images, nets.b_of(a_test.images),
                a_test.labels, kept, ratio);
  report_digits(program, "USPS -> MNIST", of_a, a_test, b_test.images, nets.a_of(b_test.images),
                b_test.labels, kept, ratio);
  program.figure("usps_content_kept", kept);
  program.figure("usps_fid_ratio", ratio);
  program.figure("usps_cycle_l1", std::max(pixel_error(nets.a_returned(a_test.images), a_test.images),
                                           pixel_error(nets.b_returned(b_test.images), b_test.images)));
  program.picture("digits", six_rows(nets, a_test.images.rows(0, shown), b_test.images.rows(0, shown), 3),
                  "A: MNIST, B: USPS, test digits. The strokes take the other set's width and grey values");
}

/// Paintings <-> photographs, 64 x 64, when the set is there. It has no measure of success but the eye.
inline void paintings_and_photos(Program& program) {
  const std::filesystem::path folder = program.options.data / "monet2photo";
  if (!std::filesystem::exists(folder)) {
    program.say(
        "monet2photo not found: paintings are skipped (needs monet2photo/monet and monet2photo/photo)");
    return;
  }
  const ImageFolderOptions reading{
      .height = 64, .width = 64, .channels = 3, .limit = program.pick<Index>(0, 0, 16)};
  const Dataset paintings = read_image_folder(folder / "monet", reading),
                photos = read_image_folder(folder / "photo", reading);
  const Index shown = std::min<Index>(8, paintings.size() / 2);
  CycleRecipe recipe{.steps = program.pick<Index>(4000, 4000, 2), .batch = 2};
  recipe.translator = {.channels = 3, .width = program.pick<Index>(24, 24, 4), .halvings = 2, .blocks = 4};
  recipe.lr_translators = Real(4e-4), recipe.lr_discriminators = Real(4e-4);
  Rng rng = program.rng.split("painters");
  Translators nets(rng, recipe.translator);
  const Tensor a = paintings.images.rows(0, shown), b = photos.images.rows(0, shown);
  TranslationFilm film({}, a, b);
  const Domains domains{paintings.subset(shown, paintings.size()), photos.subset(shown, photos.size())};
  train_cyclegan(program, "paintings", nets, domains, recipe, film);
  program.picture(
      "paintings", six_rows(nets, a, b, 2),
      "A: paintings, B: photographs, none from the training set. Colours and brush strokes change, the "
      "scene stays");
}

}  // namespace gradus::lecture
