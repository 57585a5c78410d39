#pragma once
// Faces and non-faces in four groups, of which one is rare among the faces of a biased set.
#include <array>
#include <cstdint>
#include <vector>

#include "gradus/data/generated/faces.hpp"

namespace gradus {

/// Options of biased_faces.
struct BiasedFacesOptions {
  double dark = 0.03;          ///< share of dark faces (tone 0 .. 0.2; the others 0.6 .. 1)
  double turned = 0.1;         ///< share of turned faces (|azimuth| 0.6 .. 1; the others below 0.3)
  Index size = 32;             ///< pixels per side
  Index channels = 3;          ///< 1 grey, 3 colours
  Real displaced = Real(0.2);  ///< displacement of the features of non-faces, see FaceOptions
  Real noise = Real(0.05);     ///< standard deviation of the noise of every pixel
};

/// Faces (label 1) and non-faces (label 0), with the group of each.
struct BiasedFaces {
  static constexpr int groups = 4;  ///< number of groups
  /// The names of the groups.
  static constexpr std::array<const char*, 4> group_names = {"light, front", "light, turned", "dark, front",
                                                             "dark, turned"};

  Dataset data{};    ///< images [N, size, size, channels] in [0, 1]; first the faces, then the non-faces
  Tensor factors{};  ///< [N, 5], columns as FaceFactors::names
  std::vector<int> group{};  ///< N indices in `group_names`
};

/// biased_faces: `faces` faces with the options' shares of dark and turned ones, and `others` non-faces:
/// heads whose features are displaced, always half of them dark and half of them turned. In a biased set
/// darkness is therefore evidence against a face.
///
/// Dark and turned are independent of each other: a set for testing has 1/2 and 1/2. Image i depends on
/// (seed, i), its label and the options only. After the bias that 6.S191 L4, "Why latent variable models?
/// Debiasing", describes. Throws Error when a count is negative or both are 0, a share is outside [0, 1], and
/// as draw_faces.
BiasedFaces biased_faces(Index faces, Index others, std::uint64_t seed = 1,
                         const BiasedFacesOptions& options = {});

}  // namespace gradus
