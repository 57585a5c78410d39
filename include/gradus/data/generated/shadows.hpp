#pragma once
// Shadows of a solid that turns before a light: images with one known factor, the angle,
// which no image shows.
#include <array>
#include <cstdint>
#include <vector>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// A box of a solid. x points to the right, y away from the viewer, z up; the wall is 2 units wide and high.
struct SolidBox {
  std::array<Real, 3> centre{};  ///< (x, y, z)
  std::array<Real, 3> half{};    ///< half its size along its own axes
  Real lean = 0;                 ///< radians: its own x axis is raised by this angle ...
  Real turn = 0;                 ///< ... and then turned about the vertical
};

/// A solid: the union of its boxes. It turns about the vertical axis through the origin.
using Solid = std::vector<SolidBox>;

/// A post with three arms of different heights, lengths and directions: no two turns cast the same shadow.
Solid three_armed_post();
/// A post with two arms in one vertical plane, a mirror plane of the solid:
/// turns of a and -a cast the same shadow.
Solid two_armed_post();

/// draw_shadow: the shadow on a wall behind the solid, in parallel horizontal light.
///
///   (x, y, z) -> (x cos turn - y sin turn + right, z + up)          turn in radians, right and up in pixels
///   image [size, size, 1]: 0 in the shadow, 1 on the lit wall, grey on an edge of one pixel
///
/// Throws Error when the solid has no box, for a size below 8 or above 1024, for a half size outside 0.001
/// .. 1000, a centre outside -1000 .. 1000 or an angle or shift that is not finite.
Tensor draw_shadow(const Solid& solid, Real turn, Real right = 0, Real up = 0, Index size = 32);

/// Options of generated shadows.
struct ShadowOptions {
  Index size = 32;           ///< of the image, in pixels
  Real jitter = Real(0.15);  ///< standard deviation of the position, in pixels, in both directions
};

/// Shadows with their angles.
struct Shadows {
  Dataset data{};  ///< images [N, size, size, 1], no labels
  Tensor turns{};  ///< [N] radians, uniform in (0, 2 pi)
};

/// generated_shadows: N shadows at random turns, in random order. 6.S191 L4, "What is a latent variable?".
///
/// Shadow i depends on (seed, i) only: the same bits for any number of threads, and a shorter set is the
/// beginning of a longer one. Throws Error when count < 1 or jitter < 0 or infinite, and as draw_shadow.
Shadows generated_shadows(const Solid& solid, Index count, std::uint64_t seed = 1,
                          const ShadowOptions& options = {});

}  // namespace gradus
