#include "gradus/data/generated/sprites.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "paint.hpp"

namespace gradus {
namespace {

// The shapes in their own coordinates: a to the right, b downwards, within radius 1.2 of the centre and of
// about equal area. Every function is a distance from the border, negative inside, and exact near the border.

Real square(Real a, Real b) {
  const Real x = std::abs(a) - Real(0.82), y = std::abs(b) - Real(0.82);
  return std::hypot(std::max(x, Real(0)), std::max(y, Real(0))) + std::min(std::max(x, y), Real(0));
}

Real ellipse(Real a, Real b) {  // level / |gradient|
  constexpr Real ra = Real(1.18), rb = Real(0.66);
  const Real f = std::hypot(a / ra, b / rb) + Real(1e-6),
             gradient = std::hypot(a / (ra * ra), b / (rb * rb)) / f;
  return (f - 1) / (gradient + Real(1e-6));
}

// A square on its corner with a half circle on each of its two upper sides: the smallest of three distances.
Real heart(Real a, Real b) {
  constexpr Real half = Real(0.56);  // of the square's side
  const Real x = std::abs(a) * Real(1.2), y = (b - Real(0.13)) * Real(1.08);
  const Real along = (x + y) * Real(0.70710678), across = (y - x) * Real(0.70710678);
  const Real dx = std::abs(along) - half, dy = std::abs(across) - half;
  const Real body =
      std::hypot(std::max(dx, Real(0)), std::max(dy, Real(0))) + std::min(std::max(dx, dy), Real(0));
  const Real lobe = std::hypot(along, across + half) - half;
  return std::min(body, lobe) / Real(1.14);
}

void draw(const SpriteFactors& f, Index size, Real* image) {
  const Real pixel = 2 / static_cast<Real>(size);
  const Real radius = Real(0.18) * (1 + f.scale), angle = f.rotation * Real(1.57079633);
  const Real x = Real(0.5) * f.x, y = Real(0.5) * f.y, cosine = std::cos(angle), sine = std::sin(angle);
  for (Index i = 0; i < size; ++i) {
    const Real v = (static_cast<Real>(i) + Real(0.5)) * pixel - 1 - y;
    for (Index j = 0; j < size; ++j) {
      const Real u = (static_cast<Real>(j) + Real(0.5)) * pixel - 1 - x;
      const Real a = (cosine * u + sine * v) / radius, b = (cosine * v - sine * u) / radius;
      const Real outside = f.shape == 0   ? square(a, b)
                           : f.shape == 1 ? ellipse(a, b)
                                          : Real(1.25) * heart(a / Real(1.25), b / Real(1.25));
      image[i * size + j] = clamp01(Real(0.5) - outside * radius / pixel);
    }
  }
}

void check_size(Index size) {
  GRADUS_CHECK(8 <= size && size <= 1024, "sprites: size ", size, ", expected 8 .. 1024 pixels");
}

void check_factors(const SpriteFactors& factors, Index sprite) {
  const auto values = factors.values();
  for (std::size_t k = 0; k < values.size(); ++k)
    GRADUS_CHECK(SpriteFactors::low[k] <= values[k] && values[k] <= SpriteFactors::high[k], "sprite ", sprite,
                 ": ", SpriteFactors::names[k], " ", values[k], ", expected ", SpriteFactors::low[k], " .. ",
                 SpriteFactors::high[k]);
}

SpriteFactors row_of(const Tensor& factors, Index i) {
  const Real* row = factors.data() + i * SpriteFactors::count;
  GRADUS_CHECK(row[4] == 0 || row[4] == 1 || row[4] == 2, "sprite ", i, ": shape ", row[4],
               ", expected 0, 1 or 2");
  return SpriteFactors::of(std::span<const Real, 5>(row, 5));
}

}  // namespace

SpriteFactors SpriteFactors::of(std::span<const Real, 5> values) {
  return {values[0], values[1], values[2], values[3], static_cast<int>(values[4])};
}

SpriteFactors SpriteFactors::random(Rng& rng) {
  std::array<Real, 4> values{};
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = rng.uniform(low[k], high[k]);
  return {values[0], values[1], values[2], values[3], static_cast<int>(rng.below(shapes.size()))};
}

Tensor draw_sprite(const SpriteFactors& factors, Index size) {
  check_size(size);
  check_factors(factors, 0);
  Tensor image({size, size, 1});
  draw(factors, size, image.data());
  return image;
}

Tensor draw_sprites(const Tensor& factors, Index size) {
  check_size(size);
  GRADUS_CHECK(factors.rank() == 2 && factors.dim(1) == SpriteFactors::count && factors.dim(0) >= 1,
               "draw_sprites: factors ", factors.shape(), ", expected [N, 5]");
  const Index count = factors.dim(0);
  std::vector<SpriteFactors> sprites;
  for (Index i = 0; i < count; ++i) {
    sprites.push_back(row_of(factors, i));
    check_factors(sprites.back(), i);
  }
  Tensor images({count, size, size, 1});
  Real* out = images.data();
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i) draw(sprites[static_cast<std::size_t>(i)], size, out + i * size * size);
  return images;
}

Sprites generated_sprites(Index count, std::uint64_t seed, Index size) {
  GRADUS_CHECK(count >= 1, "generated_sprites: ", count, " sprites, needs at least 1");
  const Rng all = Rng(seed).split("sprites");
  Sprites out;
  out.factors = Tensor({count, SpriteFactors::count});
  for (Index i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    const SpriteFactors factors = SpriteFactors::random(rng);
    const auto values = factors.values();
    std::copy(values.begin(), values.end(), out.factors.data() + i * SpriteFactors::count);
    out.data.labels.push_back(factors.shape);
  }
  out.data.name = "generated sprites";
  out.data.images = draw_sprites(out.factors, size);
  out.data.classes = 3;
  out.data.class_names.assign(SpriteFactors::shapes.begin(), SpriteFactors::shapes.end());
  return out;
}

}  // namespace gradus
