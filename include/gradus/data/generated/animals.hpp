#pragma once
// Generated horses and zebras in a landscape, with the mask of the animal: unpaired sets for translation.
#include <array>
#include <cstdint>
#include <span>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// What a picture shows. Only the kind differs between the two sets; all else has one distribution.
struct AnimalFactors {
  static constexpr Index count = 7;  ///< number of factors
  /// The names of the factors.
  static constexpr std::array<const char*, 7> names = {"kind", "left",  "size",   "place",
                                                       "gait", "graze", "horizon"};
  /// The names of the kinds.
  static constexpr std::array<const char*, 2> kinds = {"horse", "zebra"};

  int kind = 0;              ///< index in `kinds`: plain brown coat, or black and white stripes
  bool left = false;         ///< the animal looks to the left
  Real size = Real(0.7);     ///< 0.6 .. 0.8: scale of the animal, in sides of the picture
  Real place = 0;            ///< -1 .. 1: left .. right of the centre
  Real gait = 0;             ///< -1 .. 1: how far the legs are apart
  Real graze = 0;            ///< 0 .. 1: head high .. head low
  Real horizon = Real(0.5);  ///< 0.4 .. 0.65 of the height, from the top

  /// The factors in the order of `names`.
  std::array<Real, 7> values() const {
    return {static_cast<Real>(kind), static_cast<Real>(left), size, place, gait, graze, horizon};
  }
  /// The inverse of values(), such as for a row of `Animals::factors`.
  static AnimalFactors of(std::span<const Real, 7> values);
};

/// A picture and its mask.
struct AnimalPicture {
  Tensor image{};  ///< [size, size, 3] in [0, 1]
  Tensor mask{};   ///< [size, size, 1]: the share of each pixel that the animal covers
};

/// One picture. `seed` decides what the factors leave open: colours of sky, ground and coat, light, grass.
/// Pictures that differ in the kind alone have the same landscape and the same mask, bit for bit.
/// Throws Error for a factor outside its range, or a size below 16 or above 256.
AnimalPicture draw_animal(const AnimalFactors& factors, std::uint64_t seed = 0, Index size = 32);

/// Pictures with masks and factors.
struct Animals {
  Dataset data{};    ///< images [N, size, size, 3] in [0, 1]; the label is the kind, two classes
  Tensor masks{};    ///< [N, size, size, 1] in [0, 1]
  Tensor factors{};  ///< [N, 7], columns as AnimalFactors::names
};

/// generated_animals: N pictures of one kind (0 horse, 1 zebra), with random other factors.
///
/// Picture i depends on (seed, kind, i) and the size only: the same bits for any number of threads, and a
/// shorter set is the beginning of a longer one. Horses and zebras of one seed are not pairs. After the
/// pictures of 6.S191 L4, "CycleGAN: domain transformation". Throws Error when count < 1, the kind is not 0
/// or 1, and as draw_animal.
Animals generated_animals(int kind, Index count, std::uint64_t seed = 1, Index size = 32);

}  // namespace gradus
