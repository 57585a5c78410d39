#include "gradus/data/generated/shadows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/base/check.hpp"

namespace gradus {
namespace {

struct Point {
  Real u, v;
};

/// A corner of the box on the wall; the signs select the corner.
Point projected(const SolidBox& box, Real turn, Real sx, Real sy, Real sz) {
  const Real a = sx * box.half[0], b = sy * box.half[1], c = sz * box.half[2];
  const Real along = a * std::cos(box.lean) - c * std::sin(box.lean),
             z = a * std::sin(box.lean) + c * std::cos(box.lean);
  const Real x = box.centre[0] + along * std::cos(box.turn) - b * std::sin(box.turn);
  const Real y = box.centre[1] + along * std::sin(box.turn) + b * std::cos(box.turn);
  return {x * std::cos(turn) - y * std::sin(turn), box.centre[2] + z};
}

/// Above 0 when c lies to the left of the line from a to b.
Real turn_of(Point a, Point b, Point c) { return (b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u); }

/// The convex hull, counter-clockwise (Andrew's monotone chain):
/// the shadow of a box from those of its corners.
std::vector<Point> hull_of(std::vector<Point> points) {
  std::sort(points.begin(), points.end(),
            [](Point a, Point b) { return a.u < b.u || (a.u == b.u && a.v < b.v); });
  std::vector<Point> hull;
  for (int side = 0; side < 2; ++side) {  // the lower chain from left to right, the upper one back
    const std::size_t start = hull.size();
    for (const Point p : points) {
      while (hull.size() >= start + 2 && turn_of(hull[hull.size() - 2], hull.back(), p) <= Real(1e-7))
        hull.pop_back();
      hull.push_back(p);
    }
    hull.pop_back();
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

/// Distance of a point from the border of a convex polygon, positive inside: exact near the edges.
Real depth_in(const std::vector<Point>& polygon, Point p) {
  Real depth = std::numeric_limits<Real>::infinity();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    depth = std::min(depth, turn_of(a, b, p) / std::hypot(b.u - a.u, b.v - a.v));
  }
  return depth;
}

void draw(const Solid& solid, Real turn, Real right, Real up, Index size, Real* image) {
  const Real pixel = 2 / static_cast<Real>(size);
  std::vector<std::vector<Point>> outlines;
  for (const SolidBox& box : solid) {
    std::vector<Point> corners;
    for (int corner = 0; corner < 8; ++corner)
      corners.push_back(projected(box, turn, corner & 1 ? 1 : -1, corner & 2 ? 1 : -1, corner & 4 ? 1 : -1));
    outlines.push_back(hull_of(std::move(corners)));
  }
  for (Index i = 0; i < size; ++i)
    for (Index j = 0; j < size; ++j) {
      const Point place{(static_cast<Real>(j) + Real(0.5) - right) * pixel - 1,
                        1 - (static_cast<Real>(i) + Real(0.5) + up) * pixel};
      Real depth = -1;
      for (const auto& outline : outlines) depth = std::max(depth, depth_in(outline, place));
      image[i * size + j] = std::clamp(Real(0.5) - depth / pixel, Real(0), Real(1));
    }
}

/// The outline of a thinner or infinite box has no area or no border that Real can represent.
void check_shadow(const Solid& solid, Index size) {
  GRADUS_CHECK(!solid.empty(), "shadows: the solid has no box");
  for (std::size_t i = 0; i < solid.size(); ++i) {
    const SolidBox& box = solid[i];
    for (std::size_t axis = 0; axis < 3; ++axis) {
      GRADUS_CHECK(Real(1e-3) <= box.half[axis] && box.half[axis] <= 1000, "shadows: box ", i,
                   " has half size ", box.half[axis], " on axis ", axis, ", expected 0.001 .. 1000");
      GRADUS_CHECK(std::abs(box.centre[axis]) <= 1000, "shadows: box ", i, " has its centre at ",
                   box.centre[axis], " on axis ", axis, ", expected -1000 .. 1000");
    }
    GRADUS_CHECK(std::isfinite(box.lean) && std::isfinite(box.turn), "shadows: box ", i, " has lean ",
                 box.lean, " and turn ", box.turn, ", must be finite");
  }
  GRADUS_CHECK(8 <= size && size <= 1024, "shadows: size ", size, ", expected 8 .. 1024 pixels");
}

/// An arm that begins at the axis at `height`, points to `turn` and rises by `lean`.
SolidBox arm(Real height, Real length, Real turn, Real lean) {
  const Real flat = length / 2 * std::cos(lean);
  return {{flat * std::cos(turn), flat * std::sin(turn), height + length / 2 * std::sin(lean)},
          {length / 2, Real(0.07), Real(0.09)},
          lean,
          turn};
}

const SolidBox post{{0, 0, Real(-0.05)}, {Real(0.07), Real(0.07), Real(0.75)}},
    foot{{0, 0, Real(-0.8)}, {Real(0.22), Real(0.22), Real(0.08)}};

}  // namespace

Solid three_armed_post() {
  return {post, foot, arm(Real(0.35), Real(0.8), 0, Real(0.4)), arm(0, Real(0.7), Real(1.9), 0),
          arm(Real(-0.25), Real(0.55), Real(4.2), Real(-0.5))};
}

Solid two_armed_post() {
  return {post, foot, arm(Real(0.35), Real(0.8), 0, Real(0.4)),
          arm(Real(-0.1), Real(0.6), std::numbers::pi_v<Real>, Real(-0.4))};
}

Tensor draw_shadow(const Solid& solid, Real turn, Real right, Real up, Index size) {
  check_shadow(solid, size);
  GRADUS_CHECK(std::isfinite(turn) && std::isfinite(right) && std::isfinite(up), "draw_shadow: turn ", turn,
               ", right ", right, " and up ", up, " must be finite");
  Tensor image({size, size, 1});
  draw(solid, turn, right, up, size, image.data());
  return image;
}

Shadows generated_shadows(const Solid& solid, Index count, std::uint64_t seed, const ShadowOptions& options) {
  GRADUS_CHECK(count >= 1 && options.jitter >= 0 && std::isfinite(options.jitter),
               "generated_shadows: needs a count of at least 1 and a finite jitter >= 0, got ", count,
               " and ", options.jitter);
  check_shadow(solid, options.size);
  const Rng all = Rng(seed).split("shadows");
  Shadows out{{.name = "generated shadows", .images = Tensor({count, options.size, options.size, 1})},
              Tensor({count})};
#pragma omp parallel for schedule(static)
  for (Index i = 0; i < count; ++i) {
    Rng rng = all.split(static_cast<std::uint64_t>(i));
    out.turns[i] = rng.uniform(0, 2 * std::numbers::pi_v<Real>);
    const Real right = options.jitter * rng.normal(), up = options.jitter * rng.normal();
    draw(solid, out.turns[i], right, up, options.size,
         out.data.images.data() + i * options.size * options.size);
  }
  return out;
}

}  // namespace gradus
