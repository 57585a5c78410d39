#pragma once
// Generated faces with five factors: azimuth, smile, mouth opening, skin tone and width.
//
// The factors determine the image completely, so every property of a code can be compared with the ground
// truth. A small change of a factor causes a small change of the image.
#include <array>
#include <cstdint>
#include <span>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// The factors of a face.
struct FaceFactors {
  static constexpr Index count = 5;  ///< number of factors
  // Names and ranges of the factors.
  static constexpr std::array<const char*, 5> names = {"azimuth", "smile", "mouth open", "skin tone",
                                                       "width"};
  static constexpr std::array<Real, 5> low = {-1, -1, 0, 0, -1};
  static constexpr std::array<Real, 5> high = {1, 1, 1, 1, 1};

  Real azimuth = 0;       ///< -1 .. 1: turned to the left .. to the right of the image
  Real smile = 0;         ///< -1 .. 1: frown .. smile
  Real mouth_open = 0;    ///< 0 .. 1: closed .. wide open
  Real tone = Real(0.5);  ///< 0 .. 1: dark .. light skin
  Real width = 0;         ///< -1 .. 1: narrow .. wide head

  /// The factors in the order of `names`.
  std::array<Real, 5> values() const { return {azimuth, smile, mouth_open, tone, width}; }
  /// The inverse of values(), such as for a row of `Faces::factors`.
  static FaceFactors of(std::span<const Real, 5> values);
  /// Factors drawn uniformly from their ranges.
  static FaceFactors random(Rng& rng);
};

/// Options of generated faces.
struct FaceOptions {
  Index height = 32, width = 32;  ///< of the image, in pixels; the head is scaled to the image's height
  Index channels = 1;  ///< 1 grey, or 3 colours; the grey image is the luminance of the coloured one
  /// 0: a face. Above 0: eyes, brows, nose and mouth are each displaced randomly with this standard deviation
  /// (in half image heights; 0.25 leaves no face). The result has the features of a face but is none.
  Real displaced = 0;
};

/// One face: [height, width, channels] in [0, 1]. `seed` is used for displaced features only.
/// Throws Error for a factor outside its range, an image below 8 or above 1024 pixels per side, channels
/// other than 1 or 3, or a displacement outside 0 .. 1.
Tensor draw_face(const FaceFactors& factors, const FaceOptions& options = {}, std::uint64_t seed = 0);

/// One face per row of `factors`: [N, 5] -> [N, height, width, channels].
/// Throws Error as above, and for another shape.
Tensor draw_faces(const Tensor& factors, const FaceOptions& options = {}, std::uint64_t seed = 0);

/// Faces with their factors.
struct Faces {
  Dataset data{};    ///< images [N, height, width, channels], no labels
  Tensor factors{};  ///< [N, 5], columns as FaceFactors::names
};

/// generated_faces: N faces with factors drawn uniformly.
///
/// Face i depends on (seed, i) only: the same bits for any number of threads, and a shorter set is the
/// beginning of a longer one. Throws Error when count < 1, and as above.
Faces generated_faces(Index count, std::uint64_t seed = 1, const FaceOptions& options = {});

/// generated_face_video: `count` frames of one person: pose and expression change slowly, tone and width are
/// constant. Reproducibility and errors as for generated_faces.
Faces generated_face_video(Index count, std::uint64_t seed = 1, const FaceOptions& options = {});

}  // namespace gradus
