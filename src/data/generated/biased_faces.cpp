#include "gradus/data/generated/biased_faces.hpp"

#include <algorithm>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

void draw_part(BiasedFaces& out, Index first, Index count, bool face, const BiasedFacesOptions& options,
               std::uint64_t seed) {
  if (count == 0) return;
  const Rng stream = Rng(seed).split(face ? "biased faces" : "biased non-faces");
  const double dark = face ? options.dark : 0.5, turned = face ? options.turned : 0.5;
  for (Index i = 0; i < count; ++i) {
    Rng rng = stream.split(static_cast<std::uint64_t>(i));
    FaceFactors f = FaceFactors::random(rng);
    const bool is_dark = rng.uniform() < dark, is_turned = rng.uniform() < turned;
    const Real side = rng.bernoulli(Real(0.5)) ? Real(1) : Real(-1);
    f.azimuth = is_turned ? side * rng.uniform(Real(0.6), 1) : rng.uniform(Real(-0.3), Real(0.3));
    f.tone = is_dark ? rng.uniform(0, Real(0.2)) : rng.uniform(Real(0.6), 1);
    const auto values = f.values();
    std::copy(values.begin(), values.end(), out.factors.data() + (first + i) * FaceFactors::count);
    out.group.push_back(2 * is_dark + is_turned);
    out.data.labels.push_back(face);
  }
  const Tensor images =  // checks size and channels, before the buffer of all images is allocated
      draw_faces(out.factors.rows(first, first + count),
                 {options.size, options.size, options.channels, face ? Real(0) : options.displaced}, seed);
  if (!out.data.images)
    out.data.images = Tensor({out.factors.dim(0), options.size, options.size, options.channels});
  out.data.images.rows(first, first + count).copy_from(images);
}

}  // namespace

BiasedFaces biased_faces(Index faces, Index others, std::uint64_t seed, const BiasedFacesOptions& options) {
  GRADUS_CHECK(faces >= 0 && others >= 0 && faces + others >= 1, "biased_faces: ", faces, " faces and ",
               others, " non-faces, needs at least one");
  for (const double share : {options.dark, options.turned})
    GRADUS_CHECK(0 <= share && share <= 1, "biased_faces: a share of ", share, ", expected 0 .. 1");
  GRADUS_CHECK(options.noise >= 0, "biased_faces: noise ", options.noise, ", must not be negative");
  const Index N = faces + others;
  BiasedFaces out;
  out.data.name = "generated faces and non-faces";
  out.data.classes = 2;
  out.data.class_names = {"no face", "face"};
  out.factors = Tensor({N, FaceFactors::count});
  draw_part(out, 0, faces, true, options, seed);
  draw_part(out, faces, others, false, options, seed);
  Real* images = out.data.images.data();
  const Index size = out.data.images.size() / N;
  for (Index i = 0; i < N; ++i) {
    const Index number =
        i < faces ? i : i - faces;  // the noise of a part does not depend on the other's size
    Rng rng = Rng(seed)
                  .split(i < faces ? "noise, faces" : "noise, others")
                  .split(static_cast<std::uint64_t>(number));
    std::vector<Real> noise(static_cast<std::size_t>(size));
    rng.fill_normal(noise, 0, options.noise);
    for (Index k = 0; k < size; ++k)
      images[i * size + k] =
          std::clamp(images[i * size + k] + noise[static_cast<std::size_t>(k)], Real(0), Real(1));
  }
  return out;
}

}  // namespace gradus
