// CycleGAN: from one domain to another without pairs.
//
// 6.S191 L4, "CycleGAN: domain transformation", "Distribution transformations"

#include "6_translation/animal_scores.hpp"
#include "6_translation/digit_translation.hpp"
#include "6_translation/plane_translation.hpp"

namespace gradus::lecture {

void animals(Program& program) {
  const Index count = program.pick<Index>(1000, 4000, 40);
  const Domains domains{generated_animals(0, count).data, generated_animals(1, count).data};
  const Index tests = program.pick<Index>(400, 1000, 20), shown = 10;
  const Animals horses = generated_animals(0, tests, 2), zebras = generated_animals(1, tests, 2);
  const Tensor a = horses.data.images.rows(0, shown), b = zebras.data.images.rows(0, shown);
  CycleRecipe recipe{.steps = program.pick<Index>(400, 3000, 4)};
  recipe.translator.width = program.pick<Index>(16, 24, 4);
  recipe.discriminator_width = program.pick<Index>(32, 32, 4);
  Rng rng = program.rng.split("translators");
  Translators nets(rng, recipe.translator);
  std::vector<Index> looks;
  for (Index k = 0; k <= 10; ++k) looks.push_back(recipe.steps * k / 10);
  TranslationFilm film(looks, a, b);
  const Plot losses = train_cyclegan(program, "animals", nets, domains, recipe, film);
  program.picture(
      "animals", six_rows(nets, a, b, 3),
      "Test pictures in the slide's order. A: horses, B: zebras. A translation changes the coat; pose, "
      "size and landscape stay. No pair of pictures was ever given");
  program.animation("training", film.frames(3), {.frames_per_second = 2},
                    "Translations of the same pictures during training, both directions");
  program.plot(
      "loss_animals", Plot(losses),
      "Cycle: mean absolute difference in -1 .. 1. G: 1/4 and D: 1/2 when the discriminators only guess. The "
      "cycle loss is small at first, because both translators start as the identity, rises when the coats "
      "begin to change, and falls again");
  report_animals(program, nets, horses, zebras, both_kinds(program.pick<Index>(600, 2000, 60), 3));
}

void cyclegan(Program& program) {
  program.dataset("Generated horses and zebras, 32 x 32.");
  animals(program);
  distribution_transformations(program);
  digits_between_sets(program);
  if (program.pick(false, true, true)) paintings_and_photos(program);
  program.headline(text("a judge takes ", fixed(100 * program.figure("horse_as_zebra"), 0),
                        " % of the translated horses for zebras and ",
                        fixed(100 * program.figure("zebra_as_horse"), 0),
                        " % of the translated zebras for horses; outlines overlap by ",
                        fixed(program.figure("outline_iou"), 2)));
}

}  // namespace gradus::lecture

int main(int argc, char** argv) {
  using namespace gradus::lecture;
  return run_program(
      argc, argv,
      {.name = "31_cyclegan",
       .title = "CycleGAN: translation without pairs",
       .slide = "6.S191 L4, \"CycleGAN: domain transformation\", \"Distribution transformations\"",
       .look = "Horses become striped and zebras brown; pose, size and landscape stay, and the way back "
               "returns the original. In the plane, arrows of one colour stay together: the map is "
               "continuous, because it must be reversible."},
      cyclegan);
}
