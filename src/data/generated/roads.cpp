#include "gradus/data/generated/roads.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "paint.hpp"

namespace gradus {
namespace {

// The colours of a scene in one weather.
struct Palette {
  Paint sky_top, sky_low, ground, road, line;
};
constexpr std::array<Palette, 4> palettes = {{
    {{0.30f, 0.55f, 0.92f},
     {0.72f, 0.85f, 0.98f},
     {0.36f, 0.60f, 0.24f},
     {0.42f, 0.42f, 0.44f},
     {0.95f, 0.95f, 0.9f}},
    {{0.40f, 0.44f, 0.50f},
     {0.55f, 0.58f, 0.62f},
     {0.22f, 0.36f, 0.22f},
     {0.26f, 0.27f, 0.31f},
     {0.7f, 0.7f, 0.7f}},
    {{0.80f, 0.83f, 0.88f},
     {0.90f, 0.92f, 0.95f},
     {0.93f, 0.95f, 0.98f},
     {0.66f, 0.68f, 0.72f},
     {0.85f, 0.86f, 0.9f}},
    {{0.02f, 0.03f, 0.10f},
     {0.05f, 0.06f, 0.16f},
     {0.03f, 0.07f, 0.04f},
     {0.10f, 0.10f, 0.13f},
     {0.5f, 0.5f, 0.42f}},
}};

constexpr Real horizon = Real(0.4);  // of the height, from the top

// What the factors leave open.
struct Variation {
  Real light, hue, camera, distance;
  explicit Variation(Rng& rng)
      : light(rng.uniform(Real(0.85), Real(1.1))),
        hue(rng.uniform(Real(-0.06), Real(0.06))),
        camera(rng.uniform(Real(-0.08), Real(0.08))),
        distance(rng.uniform(Real(0.35), Real(0.7))) {}
};

// The middle of the road and half of its width at depth t (0: horizon, 1: bottom of the image), in widths of
// the image. A bend moves the far part sideways.
Real middle(const RoadFactors& f, const Variation& variation, Real t) {
  const Real far = 1 - t;
  return Real(0.5) + variation.camera * t + Real(0.38) * f.bend * far * far;
}
Real half_width(Real t) { return Real(0.03) + Real(0.36) * t; }

// The colour of the ground at (u, t), u in [0, 1] from left to right.
Paint ground_at(const RoadFactors& f, const Variation& variation, const Palette& palette, Real u, Real t,
                Real pixel) {
  const Real off = u - middle(f, variation, t), width = half_width(t);
  const Real on_road = clamp01(Real(0.5) + (width - std::abs(off)) / pixel);
  Paint paint = mix(palette.ground, palette.road, on_road);
  const Real edge =
      clamp01(Real(0.5) + (Real(0.06) * width - std::abs(std::abs(off) - Real(0.9) * width)) / pixel);
  // equal lengths in perspective
  const bool dash = std::fmod(Real(1) / (t + Real(0.12)), Real(0.8)) < Real(0.4);
  const Real centre = dash ? clamp01(Real(0.5) + (Real(0.05) * width - std::abs(off)) / pixel) : 0;
  return mix(paint, palette.line, std::max(edge, centre) * (f.weather == 2 ? Real(0.4) : Real(0.9)));
}

// A rectangle with soft edges: the covered fraction of the pixel.
Real box(Real x, Real y, Real left, Real right, Real top, Real bottom, Real pixel) {
  return clamp01(Real(0.5) + std::min(x - left, right - x) / pixel) *
         clamp01(Real(0.5) + std::min(y - top, bottom - y) / pixel);
}

// A person (head, coat, legs) or an obstacle (a striped barrier), standing at depth variation.distance.
void paint_thing(const RoadFactors& f, const Variation& variation, Real u, Real v, Real pixel, Paint& paint) {
  if (f.thing == 0) return;
  const Real t = variation.distance, foot = horizon + t * (1 - horizon), width = half_width(t);
  const Real x = u - middle(f, variation, t) - Real(0.6) * f.place * width, y = v - foot;
  const Real dark = f.weather == 3 ? Real(0.45) : 1;  // at night, seen in the headlights
  if (f.thing == 1) {
    const Real tall = Real(0.2) + Real(0.25) * t, r = Real(0.09) * tall;
    const Paint coat{dark * Real(0.85), dark * Real(0.12), dark * Real(0.15)},
        legs{0.1f * dark, 0.1f * dark, 0.2f * dark},
        skin{dark * Real(0.9), dark * Real(0.7), dark * Real(0.55)};
    paint = mix(paint, legs, box(x, y, Real(-0.09) * tall, Real(0.09) * tall, Real(-0.42) * tall, 0, pixel));
    paint =
        mix(paint, coat,
            box(x, y, Real(-0.14) * tall, Real(0.14) * tall, Real(-0.82) * tall, Real(-0.38) * tall, pixel));
    paint =
        mix(paint, skin, clamp01(Real(0.5) + (Real(1.2) * r - std::hypot(x, y + Real(0.9) * tall)) / pixel));
  } else {
    const Real wide = Real(0.55) * width, tall = Real(0.08) + Real(0.16) * t;
    const bool stripe = std::fmod(x / (Real(0.4) * wide) + 10, Real(1)) < Real(0.5);
    const Paint colour = stripe ? Paint{dark, dark * Real(0.45), 0} : Paint{dark, dark, dark};
    paint = mix(paint, colour, box(x, y, -wide, wide, -tall, Real(-0.25) * tall, pixel));
  }
}

// Rain streaks, snow flakes, or headlights at night, over the whole image.
void paint_weather(const RoadFactors& f, Rng& rng, Index size, Real* image) {
  const auto put = [&](Index i, Index j, Real strength) {
    if (i < 0 || j < 0 || i >= size || j >= size) return;
    for (Index c = 0; c < 3; ++c) {
      Real& value = image[(i * size + j) * 3 + c];
      value += strength * (Real(0.92) - value);
    }
  };
  const auto drops = f.weather == 1 ? size : f.weather == 2 ? 2 * size : 0;
  for (Index n = 0; n < drops; ++n) {
    const auto i = static_cast<Index>(rng.below(static_cast<std::uint64_t>(size))),
               j = static_cast<Index>(rng.below(static_cast<std::uint64_t>(size)));
    for (Index k = 0; k < (f.weather == 1 ? 3 : 1); ++k)
      put(i + k, j - k / 2, f.weather == 1 ? Real(0.25) : Real(0.7));
  }
  if (f.weather != 3) return;
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) {
      const Real x = (static_cast<Real>(j) + Real(0.5)) / static_cast<Real>(size) - Real(0.5),
                 y = (static_cast<Real>(i) + Real(0.5)) / static_cast<Real>(size) - 1;
      const Real light = Real(0.35) * std::exp(-8 * x * x - 6 * y * y);
      Real* pixel = image + (i * size + j) * 3;
      pixel[0] += light, pixel[1] += Real(0.95) * light, pixel[2] += Real(0.7) * light;
    }
}

void check_road(const RoadFactors& f, Index size) {
  GRADUS_CHECK(16 <= size && size <= 256, "roads: size ", size, ", expected 16 .. 256 pixels");
  GRADUS_CHECK(0 <= f.weather && f.weather < 4, "roads: weather ", f.weather, ", expected 0 .. 3");
  GRADUS_CHECK(0 <= f.thing && f.thing < 3, "roads: thing ", f.thing, ", expected 0 .. 2");
  GRADUS_CHECK(std::abs(f.bend) <= 1 && std::abs(f.place) <= 1, "roads: bend ", f.bend, ", place ", f.place,
               ", expected -1 .. 1");
}

void draw(const RoadFactors& f, Rng rng, Index size, Real* image) {
  const Variation variation(rng);
  const Palette& palette = palettes[static_cast<std::size_t>(f.weather)];
  const Real pixel = 1 / static_cast<Real>(size);
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) {
      const Real u = (static_cast<Real>(j) + Real(0.5)) * pixel,
                 v = (static_cast<Real>(i) + Real(0.5)) * pixel;
      Paint paint = v < horizon ? mix(palette.sky_top, palette.sky_low, v / horizon)
                                : ground_at(f, variation, palette, u, (v - horizon) / (1 - horizon), pixel);
      paint_thing(f, variation, u, v, pixel, paint);
      Real* out = image + (i * size + j) * 3;
      out[0] = paint.red * variation.light + variation.hue;
      out[1] = paint.green * variation.light;
      out[2] = paint.blue * variation.light - variation.hue;
    }
  paint_weather(f, rng, size, image);
  for (Index i = 0; i < size * size * 3; ++i) image[i] = clamp01(image[i] + Real(0.02) * rng.normal());
}

Rng scene_stream(std::uint64_t seed, Index scene) {
  return Rng(seed).split("roads").split(static_cast<std::uint64_t>(scene));
}

RoadFactors drawn(Rng& rng, double rare) {
  RoadFactors f;
  f.bend = rng.uniform(Real(-0.1), Real(0.1));
  f.place = rng.uniform(-1, 1);
  if (rng.uniform() >= rare) return f;
  const std::uint64_t which = 1 + rng.below(7);  // a non-empty set of three properties
  if (which & 1) f.weather = 1 + static_cast<int>(rng.below(3));
  if (which & 2) {
    const Real size = rng.uniform(Real(0.4), 1);  // drawn before the sign, with every compiler
    f.bend = rng.bernoulli(Real(0.5)) ? size : -size;
  }
  if (which & 4) f.thing = 1 + static_cast<int>(rng.below(2));
  return f;
}

}  // namespace

RoadFactors RoadFactors::of(std::span<const Real, 4> values) {
  return {static_cast<int>(values[0]), values[1], static_cast<int>(values[2]), values[3]};
}

bool RoadFactors::rare() const { return weather != 0 || thing != 0 || std::abs(bend) > Real(0.3); }

Tensor draw_road(const RoadFactors& factors, std::uint64_t seed, Index size) {
  check_road(factors, size);
  Tensor image({size, size, 3});
  draw(factors, Rng(seed).split("road"), size, image.data());
  return image;
}

Roads generated_roads(Index count, std::uint64_t seed, const RoadOptions& options) {
  GRADUS_CHECK(count >= 1, "generated_roads: ", count, " scenes, needs at least 1");
  GRADUS_CHECK(0 <= options.rare && options.rare <= 1, "generated_roads: a share of ", options.rare,
               " rare scenes, expected 0 .. 1");
  const Index size = options.size;
  check_road({}, size);
  Roads roads;
  roads.factors = Tensor({count, RoadFactors::count});
  roads.data.name = "generated roads";
  roads.data.images = Tensor({count, size, size, 3});
  roads.data.classes = 2;
  roads.data.class_names = {"common", "rare"};
  roads.data.labels.resize(static_cast<std::size_t>(count));
  Real *images = roads.data.images.data(), *factors = roads.factors.data();
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i) {
    Rng rng = scene_stream(seed, i);
    const RoadFactors scene = drawn(rng, options.rare);
    const auto values = scene.values();
    std::copy(values.begin(), values.end(), factors + i * RoadFactors::count);
    roads.data.labels[static_cast<std::size_t>(i)] = scene.rare();
    draw(scene, rng, size, images + i * size * size * 3);
  }
  return roads;
}

}  // namespace gradus
