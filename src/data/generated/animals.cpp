#include "gradus/data/generated/animals.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gradus/base/check.hpp"
#include "paint.hpp"

namespace gradus {
namespace {

// A part of the body: the points within a radius of the line from (x0, y0) to (x1, y1); the radius changes
// linearly from r0 to r1. The unit is the animal's scale, the origin lies between its feet, y points down.
struct Limb {
  Real x0, y0, x1, y1, r0, r1;

  struct Hit {
    Real distance;  // to the surface, negative inside
    Real along;     // of the nearest point of the line, in units from its beginning
  };
  Hit at(Real x, Real y) const {
    const Real dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    const Real t = clamp01(((x - x0) * dx + (y - y0) * dy) / length2);
    return {std::hypot(x - x0 - t * dx, y - y0 - t * dy) - (r0 + t * (r1 - r0)), t * std::sqrt(length2)};
  }
};

enum Part { tail, far_hind, far_fore, near_hind, near_fore, body, neck, mane, head, ear, parts };

// The limbs of an animal that looks to the right, painted in this order.
std::array<Limb, parts> skeleton(const AnimalFactors& f) {
  const Real g = Real(0.10) * f.gait, h = f.graze;
  const Real nx = Real(0.44) + Real(0.08) * h, ny = Real(-0.92) + Real(0.42) * h;  // where the neck ends
  const Real hx = nx + Real(0.17) - Real(0.08) * h, hy = ny + Real(0.09) + Real(0.08) * h;
  std::array<Limb, parts> limbs{};
  limbs[tail] = {-0.38f, -0.62f, -0.50f, -0.30f, 0.03f, 0.025f};
  limbs[far_hind] = {-0.24f, -0.46f, -0.22f + g, 0, 0.055f, 0.035f};
  limbs[far_fore] = {0.17f, -0.46f, 0.16f - g, 0, 0.05f, 0.035f};
  limbs[near_hind] = {-0.30f, -0.46f, -0.31f - g, 0, 0.065f, 0.035f};
  limbs[near_fore] = {0.23f, -0.46f, 0.25f + g, 0, 0.055f, 0.035f};
  limbs[body] = {-0.24f, -0.56f, 0.20f, -0.55f, 0.165f, 0.155f};
  limbs[neck] = {0.24f, -0.58f, nx, ny, 0.13f, 0.075f};
  limbs[mane] = {0.20f, -0.72f, nx - Real(0.05), ny - Real(0.05), 0.035f, 0.04f};
  limbs[head] = {nx, ny, hx, hy, 0.075f, 0.05f};
  limbs[ear] = {nx, ny - Real(0.05), nx + Real(0.01), ny - Real(0.12), 0.025f, 0.015f};
  return limbs;
}

// What the factors leave open.
struct Variation {
  Paint sky, ground, coat;
  Real light, tufts, phase;
  explicit Variation(Rng& rng)
      : sky(mix({0.45f, 0.68f, 0.95f}, {0.80f, 0.86f, 0.92f}, rng.uniform())),
        ground(mix({0.30f, 0.52f, 0.20f}, {0.72f, 0.64f, 0.34f}, rng.uniform())),
        coat(mix({0.40f, 0.22f, 0.10f}, {0.58f, 0.34f, 0.16f}, rng.uniform())),
        light(rng.uniform(Real(0.9), Real(1.05))),
        tufts(rng.uniform(0, 6)),
        phase(rng.uniform(Real(-0.15), Real(0.15))) {}
};

// The colour of a part at distance `along` its line.
Paint coat_at(const AnimalFactors& f, const Variation& variation, int part, Real x, Real along) {
  const Real shade = part == far_hind || part == far_fore ? Real(0.75) : 1;  // the far side is darker
  if (f.kind == 0) {
    const bool hair = part == mane || part == tail;
    return shade * (hair ? Real(0.4) : part == ear ? Real(0.8) : Real(1)) * variation.coat;
  }
  // stripes across the part: the body's are vertical, the legs' horizontal
  constexpr Real period = Real(0.22);
  const Real where = part == body ? x : along;
  const Real wave = std::sin(2 * std::numbers::pi_v<Real> * (where / period + variation.phase)) + Real(0.15);
  const Real white = clamp01(Real(0.5) + Real(1.4) * wave);
  return shade * mix({0.08f, 0.08f, 0.09f}, {0.95f, 0.94f, 0.90f}, white);
}

Paint landscape_at(const AnimalFactors& f, const Variation& variation, Real u, Real v, Real pixel) {
  const Real hill = f.horizon + Real(0.02) * std::sin(7 * u + variation.tufts);
  const Real below = clamp01(Real(0.5) + (v - hill) / pixel);
  const Real grass = Real(0.05) * std::sin(23 * u + 5 * variation.tufts) * std::sin(31 * v);
  const Paint sky = mix(variation.sky, {0.92f, 0.94f, 0.96f}, clamp01(v / f.horizon) * Real(0.6));
  return mix(sky, (1 + grass + Real(0.25) * (v - f.horizon)) * variation.ground, below);
}

void check_animal(const AnimalFactors& f, Index size) {
  GRADUS_CHECK(16 <= size && size <= 256, "animals: size ", size, ", expected 16 .. 256 pixels");
  GRADUS_CHECK(f.kind == 0 || f.kind == 1, "animals: kind ", f.kind, ", expected 0 or 1");
  GRADUS_CHECK(Real(0.6) <= f.size && f.size <= Real(0.8), "animals: scale ", f.size,
               ", expected 0.6 .. 0.8");
  GRADUS_CHECK(std::abs(f.place) <= 1 && std::abs(f.gait) <= 1, "animals: place ", f.place, ", gait ", f.gait,
               ", expected -1 .. 1");
  GRADUS_CHECK(0 <= f.graze && f.graze <= 1, "animals: graze ", f.graze, ", expected 0 .. 1");
  GRADUS_CHECK(Real(0.4) <= f.horizon && f.horizon <= Real(0.65), "animals: horizon ", f.horizon,
               ", expected 0.4 .. 0.65");
}

void draw(const AnimalFactors& f, Rng rng, Index size, Real* image, Real* mask) {
  const Variation variation(rng);
  const std::array<Limb, parts> limbs = skeleton(f);
  const Real pixel = 1 / static_cast<Real>(size);
  // the body is not centred between the extremes of tail and head
  const Real centre = Real(0.5) + Real(0.05) * f.place + (f.left ? Real(0.05) : Real(-0.05)),
             foot = Real(0.92);
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) {
      const Real u = (static_cast<Real>(j) + Real(0.5)) * pixel,
                 v = (static_cast<Real>(i) + Real(0.5)) * pixel;
      const Real x = (f.left ? centre - u : u - centre) / f.size, y = (v - foot) / f.size;
      Paint paint = landscape_at(f, variation, u, v, pixel);
      Real seen = 1;  // share of the pixel without animal
      for (int part = 0; part < parts; ++part) {
        const Limb::Hit hit = limbs[static_cast<std::size_t>(part)].at(x, y);
        const Real cover = clamp01(Real(0.5) - hit.distance * f.size / pixel);
        if (cover <= 0) continue;
        paint = mix(paint, coat_at(f, variation, part, x, hit.along), cover);
        seen *= 1 - cover;
      }
      Real* out = image + (i * size + j) * 3;
      out[0] = paint.red, out[1] = paint.green, out[2] = paint.blue;
      mask[i * size + j] = 1 - seen;
    }
  for (Index i = 0; i < size * size * 3; ++i)
    image[i] = clamp01(variation.light * image[i] + Real(0.01) * rng.normal());
}

AnimalFactors drawn(int kind, Rng& rng) {
  AnimalFactors f;
  f.kind = kind;
  f.left = rng.bernoulli(Real(0.5));
  f.size = rng.uniform(Real(0.6), Real(0.8));
  f.place = rng.uniform(-1, 1);
  f.gait = rng.uniform(-1, 1);
  f.graze = rng.bernoulli(Real(0.4)) ? rng.uniform(Real(0.6), 1) : rng.uniform(0, Real(0.3));
  f.horizon = rng.uniform(Real(0.4), Real(0.65));
  return f;
}

}  // namespace

AnimalFactors AnimalFactors::of(std::span<const Real, 7> values) {
  return {static_cast<int>(values[0]), values[1] != 0, values[2], values[3], values[4], values[5], values[6]};
}

AnimalPicture draw_animal(const AnimalFactors& factors, std::uint64_t seed, Index size) {
  check_animal(factors, size);
  AnimalPicture picture{Tensor({size, size, 3}), Tensor({size, size, 1})};
  draw(factors, Rng(seed).split("animal"), size, picture.image.data(), picture.mask.data());
  return picture;
}

Animals generated_animals(int kind, Index count, std::uint64_t seed, Index size) {
  GRADUS_CHECK(count >= 1, "generated_animals: ", count, " pictures, needs at least 1");
  check_animal({.kind = kind}, size);
  Animals animals;
  animals.factors = Tensor({count, AnimalFactors::count});
  animals.masks = Tensor({count, size, size, 1});
  animals.data.name = kind == 0 ? "generated horses" : "generated zebras";
  animals.data.images = Tensor({count, size, size, 3});
  animals.data.classes = 2;
  animals.data.class_names = {AnimalFactors::kinds.begin(), AnimalFactors::kinds.end()};
  animals.data.labels.assign(static_cast<std::size_t>(count), kind);
  Real *images = animals.data.images.data(), *masks = animals.masks.data(), *factors = animals.factors.data();
  const Rng stream = Rng(seed).split(animals.data.name);
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i) {
    Rng rng = stream.split(static_cast<std::uint64_t>(i));
    const AnimalFactors f = drawn(kind, rng);
    const auto values = f.values();
    std::copy(values.begin(), values.end(), factors + i * AnimalFactors::count);
    draw(f, rng, size, images + i * size * size * 3, masks + i * size * size);
  }
  return animals;
}

}  // namespace gradus
