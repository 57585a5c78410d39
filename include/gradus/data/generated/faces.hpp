#pragma once
// Generated faces: a head that turns, smiles, opens its mouth, with a skin tone and a width, and nothing
// else.
//
// Five numbers make the whole picture, so that everything one may ask of a code can be checked against the
// truth. A small change of a number is a small change of the picture.
#include <array>
#include <cstdint>
#include <span>

#include "gradus/data/dataset.hpp"

namespace gradus {

/// What is known of a face.
struct FaceFactors {
  static constexpr Index count = 5;
  static constexpr std::array<const char*, 5> names = {"azimuth", "smile", "mouth open", "skin tone",
                                                       "width"};
  static constexpr std::array<Real, 5> low = {-1, -1, 0, 0, -1};
  static constexpr std::array<Real, 5> high = {1, 1, 1, 1, 1};

  Real azimuth = 0;       ///< -1 .. 1: turned to the left .. to the right of the picture
  Real smile = 0;         ///< -1 .. 1: frown .. smile
  Real mouth_open = 0;    ///< 0 .. 1: closed .. wide open
  Real tone = Real(0.5);  ///< 0 .. 1: dark .. light skin
  Real width = 0;         ///< -1 .. 1: narrow .. wide head

  /// In the order of `names`; of() reads them back from a row of `Faces::factors`.
  std::array<Real, 5> values() const { return {azimuth, smile, mouth_open, tone, width}; }
  static FaceFactors of(std::span<const Real, 5> values);
  /// Every factor uniform in its range.
  static FaceFactors random(Rng& rng);
};

struct FaceOptions {
  Index height = 32, width = 32;  ///< of the picture; the head has the size of the picture's height
  Index channels = 1;  ///< 1 grey, or 3 colours; the grey picture is the luminance of the coloured one
  /// 0: a face. Above: eyes, brows, nose and mouth are each moved by a random shift of this standard
  /// deviation (in half picture heights; 0.25 leaves no face): what looks like a face and is none.
  Real displaced = 0;
};

/// One face: [height, width, channels] in [0, 1]. `seed` matters only for displaced features.
/// Throws Error for a factor outside its range, a picture below 8 pixels or above 1024, other channels than 1
/// or 3, a displacement outside 0 .. 1.
Tensor draw_face(const FaceFactors& factors, const FaceOptions& options = {}, std::uint64_t seed = 0);

/// Faces as told, picture i from row i: factors [N, 5] -> [N, height, width, channels]. Throws Error as
/// above.
Tensor draw_faces(const Tensor& factors, const FaceOptions& options = {}, std::uint64_t seed = 0);

/// Faces with what is known of them.
struct Faces {
  Dataset data{};    ///< images [N, height, width, channels], no labels
  Tensor factors{};  ///< [N, 5], columns as FaceFactors::names
};

/// generated_faces: N faces with factors drawn uniformly.
///
/// Face i depends on (seed, i) only: the same bits at any number of threads, and a shorter set is the
/// beginning of a longer one. Throws Error when N < 1, and as above.
Faces generated_faces(Index count, std::uint64_t seed = 1, const FaceOptions& options = {});

/// generated_face_video: one person filmed for `count` frames: pose and expression wander slowly, tone and
/// width stay. The same promises as generated_faces.
Faces generated_face_video(Index count, std::uint64_t seed = 1, const FaceOptions& options = {});

}  // namespace gradus
