#pragma once
// Generated sprites, after dSprites (Matthey, Higgins, Hassabis, Lerchner 2017): one white shape on black
// with known position, scale, rotation and kind.
#include <array>
#include <cstdint>
#include <span>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// The factors of a sprite.
struct SpriteFactors {
  static constexpr Index count = 5;  ///< number of factors
  // Names and ranges of the factors.
  static constexpr std::array<const char*, 5> names = {"x", "y", "scale", "rotation", "shape"};
  static constexpr std::array<Real, 5> low = {-1, -1, 0, -1, 0};
  static constexpr std::array<Real, 5> high = {1, 1, 1, 1, 2};

  /// The names of the kinds of shape.
  static constexpr std::array<const char*, 3> shapes = {"square", "ellipse", "heart"};

  Real x = 0;              ///< -1 .. 1: left .. right
  Real y = 0;              ///< -1 .. 1: up .. down
  Real scale = Real(0.5);  ///< 0 .. 1: from small to twice as large
  Real rotation = 0;       ///< -1 .. 1: -90 .. 90 degrees, clockwise; a square repeats after 90
  int shape = 0;           ///< 0 square, 1 ellipse, 2 heart

  /// The factors in the order of `names`.
  std::array<Real, 5> values() const { return {x, y, scale, rotation, static_cast<Real>(shape)}; }
  /// The inverse of values(), such as for a row of `Sprites::factors`.
  static SpriteFactors of(std::span<const Real, 5> values);
  /// Factors drawn uniformly from their ranges.
  static SpriteFactors random(Rng& rng);
};

/// One sprite: [size, size, 1] in [0, 1], values 0 and 1 except for a grey edge of one pixel. It does not
/// touch the border. Throws Error for a factor outside its range, or a size below 8 or above 1024.
Tensor draw_sprite(const SpriteFactors& factors, Index size = 32);

/// One sprite per row of `factors`: [N, 5] -> [N, size, size, 1]. Throws Error as above.
Tensor draw_sprites(const Tensor& factors, Index size = 32);

/// Sprites with their factors.
struct Sprites {
  Dataset data{};    ///< images [N, size, size, 1]; the label is the shape, three classes
  Tensor factors{};  ///< [N, 5], columns as SpriteFactors::names
};

/// generated_sprites: N sprites with factors drawn uniformly.
///
/// Sprite i depends on (seed, i) only: the same bits for any number of threads, and a shorter set is the
/// beginning of a longer one. Throws Error when count < 1, and as above.
Sprites generated_sprites(Index count, std::uint64_t seed = 1, Index size = 32);

}  // namespace gradus
