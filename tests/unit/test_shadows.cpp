// Shadows of turning solids.
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/data/generated/shadows.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

double difference(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += std::abs(double(a[i]) - b[i]);
  return sum;
}

/// Area of a shadow in units of the wall, 2 x 2.
double area(const Tensor& image) {
  double sum = 0;
  for (const Real v : image.values()) sum += 1 - v;
  return 4 * sum / static_cast<double>(image.size());
}

}  // namespace

TEST_CASE("the shadow of a box is its projection") {
  const Solid box{{{0, 0, 0}, {Real(0.5), Real(0.25), Real(0.4)}}};
  for (const double turn : {0.0, 0.3, 1.2, 2.5, 5.0}) {
    const double width = 2 * (0.5 * std::abs(std::cos(turn)) + 0.25 * std::abs(std::sin(turn)));
    CHECK(close(area(draw_shadow(box, static_cast<Real>(turn), 0, 0, 256)), 0.8 * width, 0.01));
  }
  // A lean raises the right end: the shadow of a thin bar is a line from lower left to upper right.
  const Tensor bar = draw_shadow({{{0, 0, 0}, {Real(0.8), Real(0.05), Real(0.05)}, Real(0.78539816)}}, 0);
  CHECK(bar.at({8, 23, 0}) < Real(0.2));
  CHECK(bar.at({23, 8, 0}) < Real(0.2));
  CHECK(bar.at({8, 8, 0}) == 1);
  // One pixel to the right and two up.
  const Tensor here = draw_shadow(box, 1), there = draw_shadow(box, 1, 1, 2);
  for (Index i = 2; i < 32; ++i)
    for (Index j = 0; j < 31; ++j) CHECK(close(there.at({i - 2, j + 1, 0}), here.at({i, j, 0}), 1e-5));
}

TEST_CASE("half a turn mirrors a shadow; a mirror plane makes a and -a equal; three arms do not") {
  const Solid three = three_armed_post(), two = two_armed_post();
  const Real pi = std::numbers::pi_v<Real>;
  for (int step = 0; step < 24; ++step) {
    const Real turn = static_cast<Real>(step) * pi / 12 + Real(0.1);
    const Tensor front = draw_shadow(three, turn), back = draw_shadow(three, turn + pi);
    for (Index i = 0; i < 32; ++i)
      for (Index j = 0; j < 32; ++j) CHECK(close(front.at({i, j, 0}), back.at({i, 31 - j, 0}), 1e-4));
    CHECK(difference(draw_shadow(two, turn), draw_shadow(two, -turn)) < 0.01);
    for (int other = 0; other < 24; ++other)  // no two turns look alike
      if (other != step)
        CHECK(difference(front, draw_shadow(three, static_cast<Real>(other) * pi / 12 + Real(0.1))) > 4);
  }
}

TEST_CASE("no arm leaves the wall at any turn") {
  for (const Solid& solid : {three_armed_post(), two_armed_post()})
    for (int step = 0; step < 60; ++step) {
      const Tensor image = draw_shadow(solid, static_cast<Real>(step) * Real(0.1));
      for (Index i = 0; i < 32; ++i)
        for (const Real edge :
             {image.at({i, 0, 0}), image.at({i, 31, 0}), image.at({0, i, 0}), image.at({31, i, 0})})
          CHECK(edge == 1);
    }
}

TEST_CASE("generated shadows: seeded, a shorter set begins a longer one, turns are known") {
  const Solid solid = three_armed_post();
  const Shadows some = generated_shadows(solid, 20, 7), more = generated_shadows(solid, 50, 7),
                other = generated_shadows(solid, 20, 8),
                still = generated_shadows(solid, 20, 7, {.jitter = 0});
  CHECK(same_bits(some.data.images, more.data.images.rows(0, 20)));
  CHECK(same_bits(some.turns, more.turns.rows(0, 20)));
  CHECK(!same_bits(some.turns, other.turns));
  for (Index i = 0; i < 20; ++i) {
    CHECK(same_bits(still.data.images.row(i), draw_shadow(solid, still.turns[i])));
    CHECK(some.turns[i] > 0);
    CHECK(some.turns[i] < Real(6.2832));
  }
  CHECK(contains(message([&] { generated_shadows(solid, 0); }), "at least 1"));
  CHECK(contains(message([&] { generated_shadows(solid, 1, 1, {.size = 7}); }), "size 7"));
  CHECK(contains(message([&] { draw_shadow({}, 0); }), "no box"));
  CHECK_THROWS_AS(generated_shadows(solid, 1, 1, {.jitter = -1}), Error);
}

TEST_CASE("shadows refuse boxes without volume and numbers that are not finite") {
  const Real inf = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();
  const auto refusal = [](const SolidBox& box) {
    Solid solid = three_armed_post();
    solid.insert(solid.begin() + 1, box);
    const std::string alone = message([&] { draw_shadow(solid, 0); });
    CHECK(message([&] { generated_shadows(solid, 2); }) == alone);
    return alone;
  };
  const Real some = Real(0.3);
  for (const Real half : {Real(0), Real(1e-4), -some, inf, nan})
    CHECK(contains(refusal({{}, {some, some, half}}), {"box 1", "half size", "on axis 2", "0.001"}));
  for (const Real place : {inf, nan, Real(-1e6)})
    CHECK(contains(refusal({{0, place, 0}, {some, some, some}}), {"box 1", "centre", "on axis 1"}));
  for (const Real angle : {inf, nan}) {
    CHECK(contains(refusal({{}, {some, some, some}, angle}), {"box 1", "lean", "must be finite"}));
    CHECK(contains(refusal({{}, {some, some, some}, 0, angle}), {"box 1", "turn", "must be finite"}));
    CHECK(contains(message([&] { draw_shadow(three_armed_post(), angle); }), {"turn", "must be finite"}));
    CHECK(contains(message([&] { draw_shadow(three_armed_post(), 0, angle); }), "must be finite"));
    CHECK(contains(message([&] { draw_shadow(three_armed_post(), 0, 0, angle); }), "must be finite"));
    CHECK(contains(message([&] { generated_shadows(three_armed_post(), 1, 1, {.jitter = angle}); }),
                   "finite jitter"));
  }
  // The thinnest plate that is allowed: its area seen from the front, and one grey line from the side.
  const Solid plate{{{0, 0, 0}, {some, Real(0.001), some}}};
  CHECK(close(area(draw_shadow(plate, 0, 0, 0, 256)), 0.36, 0.01));
  CHECK(area(draw_shadow(plate, std::numbers::pi_v<Real> / 2, Real(0.5), 0, 256)) < 0.01);
}

TEST_CASE("shadows have the same bits at any number of threads") {
  CHECK(same_bits_at_any_threads([] {
    const Shadows shadows = generated_shadows(three_armed_post(), 37, 5);
    return std::vector<Tensor>{shadows.data.images, shadows.turns};
  }));
}
