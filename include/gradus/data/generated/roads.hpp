#pragma once
// Generated road scenes with known factors: weather, bend of the road, a person or an obstacle on it.
#include <array>
#include <cstdint>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// The factors of a scene.
struct RoadFactors {
  static constexpr Index count = 4;  ///< number of factors
  /// The names of the factors.
  static constexpr std::array<const char*, 4> names = {"weather", "bend", "thing", "place"};
  /// The names of the kinds of weather.
  static constexpr std::array<const char*, 4> weathers = {"sun", "rain", "snow", "night"};
  /// The names of what is on the road.
  static constexpr std::array<const char*, 3> things = {"empty", "person", "obstacle"};

  int weather = 0;  ///< index in `weathers`
  Real bend = 0;    ///< -1 .. 1: the road turns left .. right
  int thing = 0;    ///< on the road: index in `things`
  Real place = 0;   ///< -1 .. 1: of the thing, left .. right on the road

  /// The factors in the order of `names`.
  std::array<Real, 4> values() const {
    return {static_cast<Real>(weather), bend, static_cast<Real>(thing), place};
  }
  /// The inverse of values(), such as for a row of `Roads::factors`.
  static RoadFactors of(std::span<const Real, 4> values);
  /// True when the weather is not sun, the road bends (|bend| > 0.3), or a thing is on it.
  bool rare() const;
};

/// One scene, [size, size, 3] in [0, 1]. `seed` decides what the factors leave open: colours, time of day,
/// noise, rain drops, the exact position of the camera. Throws Error for a factor outside its range, or a
/// size below 16 or above 256.
Tensor draw_road(const RoadFactors& factors, std::uint64_t seed = 0, Index size = 32);

/// Options of generated_roads.
struct RoadOptions {
  double rare = 0.05;  ///< share of rare scenes; the others have sun, an empty road and |bend| < 0.1
  Index size = 32;     ///< pixels per side
};

/// Road scenes with their factors.
struct Roads {
  Dataset data{};    ///< images [N, size, size, 3]; the label is 1 for rare scenes, two classes
  Tensor factors{};  ///< [N, 4], columns as RoadFactors::names
};

/// generated_roads: N scenes. A rare scene has one, two or three of: another weather, a bend
/// (0.4 <= |bend| <= 1), a person or an obstacle.
///
/// Scene i depends on (seed, i) and the options only: the same bits for any number of threads, and a shorter
/// set is the beginning of a longer one. 6.S191 L4, "Why generative models? Outlier detection": 95 % of
/// driving data are sunny, highway, straight road. Throws Error when count < 1, `rare` is outside [0, 1], and
/// as draw_road.
Roads generated_roads(Index count, std::uint64_t seed = 1, const RoadOptions& options = {});

}  // namespace gradus
