#pragma once
// Generated digits: pen strokes with human-like variation, rendered like MNIST's images.
// They replace MNIST when its files are missing.
#include "gradus/data/dataset.hpp"

namespace gradus {

/// The style of one digit. Angles in radians, lengths in units of the digit's height.
struct DigitStyle {
  int variant = 0;    ///< index of the skeleton: digits with several common forms have several
  Real rotation = 0;  ///< counter-clockwise
  Real slant = 0;     ///< horizontal shift per unit of height: positive leans to the right
  Real width = 1;     ///< horizontal scale
  Real waist = 0;     ///< shift of the middle: positive moves it up
  Real bend = 0;      ///< curvature of the whole digit: positive to the right
  Real pen = 0.12f;   ///< width of the stroke
  Real right = 0;     ///< shift in pixels
  Real down = 0;      ///< shift in pixels
  Real wobble = 0;    ///< standard deviation of the control points' displacement

  /// A random style with human-like variation, using one of the digit's own variants.
  static DigitStyle random(int digit, Rng& rng);
};

/// Number of skeletons of a digit 0 .. 9. Throws Error for other numbers.
int digit_variants(int digit);

/// One digit: [28, 28, 1] in [0, 1], bright ink on black, scaled into 20 x 20 and centred by its mass as in
/// MNIST. `rng` displaces the control points. Throws Error for a digit outside 0 .. 9, a variant that the
/// digit does not have, or a pen or width that is not positive.
Tensor draw_digit(int digit, const DigitStyle& style, Rng& rng);

/// generated_digits: `train` and `test` digits, [N, 28, 28, 1] in [0, 1], ten classes.
///
/// Image and label i depend on (seed, part, i) only: the same bits for any number of threads, and a shorter
/// set is the beginning of a longer one. Throws Error when a count is below 1.
Split generated_digits(Index train = 20000, Index test = 4000, std::uint64_t seed = 1);

}  // namespace gradus
