// Generated horses and zebras: reproducible, unpaired, one distribution of everything but the coat,
// true masks.
#include <cmath>

#include "gradus/data/generated/animals.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

TEST_CASE("animals: reproducible; a shorter set is the beginning of a longer one; kinds and seeds differ") {
  const Animals zebras = generated_animals(1, 60, 3), part = generated_animals(1, 20, 3);
  CHECK(same_bits(part.data.images, zebras.data.images.rows(0, 20)));
  CHECK(same_bits(part.masks, zebras.masks.rows(0, 20)));
  CHECK_FALSE(same_bits(generated_animals(1, 20, 4).data.images, part.data.images));
  const Animals horses = generated_animals(0, 60, 3);
  CHECK_FALSE(same_bits(horses.masks, zebras.masks));  // no pairs
  CHECK(horses.data.labels == std::vector<int>(60, 0));
  CHECK(zebras.data.class_names[1] == "zebra");
  horses.data.check();
  for (const Real value : zebras.data.images.values()) CHECK((value >= 0 && value <= 1));
  double size = 0;
  for (Index i = 0; i < 60; ++i) {
    const auto f = AnimalFactors::of(std::span<const Real, 7>(zebras.factors.data() + 7 * i, 7));
    CHECK(f.kind == 1);
    CHECK((f.graze <= Real(0.3) || f.graze >= Real(0.6)));
    size += double{f.size} / 60;
  }
  CHECK(size == doctest::Approx(0.7).epsilon(0.03));
}

TEST_CASE("animals: the kind changes the coat only; the mask is where it changes") {
  for (const bool left : {false, true}) {
    const AnimalFactors horse{.kind = 0, .left = left, .size = Real(0.75), .gait = Real(0.4)};
    AnimalFactors zebra = horse;
    zebra.kind = 1;
    const AnimalPicture a = draw_animal(horse, 5), b = draw_animal(zebra, 5);
    CHECK(same_bits(a.mask, b.mask));
    double covered = 0, changed = 0, inside = 0;
    for (Index i = 0; i < a.mask.size(); ++i) {
      double difference = 0;
      for (Index c = 3 * i; c < 3 * i + 3; ++c)
        difference += std::abs(double{a.image[c]} - double{b.image[c]});
      if (a.mask[i] == 0) CHECK(difference == 0);
      covered += double{a.mask[i]};
      if (a.mask[i] > Real(0.9)) inside += 1, changed += difference > 0.3;
    }
    CHECK(covered / 1024 > 0.1);
    CHECK(covered / 1024 < 0.5);
    CHECK(changed / inside > 0.7);
  }
}

TEST_CASE("animals: looking to the left is the mirror image of looking to the right") {
  const Tensor right = draw_animal({.left = false}, 2).mask, left = draw_animal({.left = true}, 2).mask;
  for (Index i = 0; i < 32; ++i)
    for (Index j = 0; j < 32; ++j)
      CHECK(double{left[32 * i + j]} == doctest::Approx(double{right[32 * i + 31 - j]}).epsilon(1e-4));
}

TEST_CASE("animals: the same bits with any number of threads, other sizes, refusals") {
  CHECK(same_bits_at_any_threads([]() -> std::vector<Tensor> {
    const Animals some = generated_animals(0, 12);
    return {some.data.images, some.masks};
  }));
  CHECK(draw_animal({}, 1, 64).image.shape() == Shape{64, 64, 3});
  CHECK(contains(message([] { generated_animals(2, 5); }), "kind 2"));
  CHECK(contains(message([] { generated_animals(0, 0); }), "0 pictures"));
  CHECK(contains(message([] { draw_animal({}, 1, 8); }), "size 8"));
  CHECK(contains(message([] { draw_animal({.size = 1}); }), "scale 1"));
  CHECK(contains(message([] { draw_animal({.graze = 2}); }), "graze 2"));
  CHECK(contains(message([] { draw_animal({.horizon = 0}); }), "horizon 0"));
  CHECK(contains(message([] { draw_animal({.gait = 2}); }), "gait 2"));
}
