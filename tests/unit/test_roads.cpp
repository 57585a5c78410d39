// Generated roads and biased faces: shares, groups, reproducible, and visible factors.
#include <algorithm>
#include <array>
#include <cmath>

#include "gradus/data/generated/biased_faces.hpp"
#include "gradus/data/generated/roads.hpp"
#include "helpers.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

double distance(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += std::pow(double(a[i]) - b[i], 2);
  return sum;
}

double mean_of(const Tensor& x) {
  double sum = 0;
  for (const Real v : x.values()) sum += v;
  return sum / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("roads: reproducible; a shorter set is the beginning of a longer one; labels are the factors'") {
  const Roads roads = generated_roads(400, 3, {.rare = 0.3}), part = generated_roads(100, 3, {.rare = 0.3});
  CHECK(same_bits(part.data.images, roads.data.images.rows(0, 100)));
  CHECK_FALSE(same_bits(generated_roads(100, 4, {.rare = 0.3}).data.images, part.data.images));
  double rare = 0;
  std::array<int, 4> weathers{};
  for (Index i = 0; i < 400; ++i) {
    const auto f = RoadFactors::of(std::span<const Real, 4>(roads.factors.data() + 4 * i, 4));
    CHECK(roads.data.labels[static_cast<std::size_t>(i)] == f.rare());
    if (!f.rare()) CHECK(std::abs(f.bend) < 0.1);
    rare += f.rare() / 400.0;
    ++weathers[static_cast<std::size_t>(f.weather)];
  }
  CHECK(rare == doctest::Approx(0.3).epsilon(0.25));
  for (const int count : weathers) CHECK(count > 5);
  roads.data.check();
  CHECK(*std::min_element(roads.data.images.values().begin(), roads.data.images.values().end()) >= 0);
  CHECK(*std::max_element(roads.data.images.values().begin(), roads.data.images.values().end()) <= 1);
}

TEST_CASE("roads: every factor changes the picture by more than the noise") {
  // Scenes of one seed have one noise, so the distance is that of the factor alone. Two scenes of different
  // seeds that differ in nothing else are apart by `noise`.
  const Tensor plain = draw_road({}, 5);
  const double noise = 2 * 0.02 * 0.02 * static_cast<double>(plain.size());
  for (const RoadFactors& f :
       {RoadFactors{.weather = 1}, RoadFactors{.weather = 2}, RoadFactors{.weather = 3},
        RoadFactors{.bend = 1}, RoadFactors{.bend = -1}, RoadFactors{.thing = 1}, RoadFactors{.thing = 2}}) {
    double mean = 0, least = 1e9;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const double d = distance(draw_road(f, seed), draw_road({}, seed));
      mean += d / 20;
      least = std::min(least, d);
    }
    CAPTURE(f.weather);
    CAPTURE(f.thing);
    CHECK(mean > 2.5 * noise);
    CHECK(least > noise);
  }
  for (const int thing : {1, 2})  // its place on the road
    CHECK(distance(draw_road({.thing = thing, .place = -1}, 5), draw_road({.thing = thing, .place = 1}, 5)) >
          noise);
  CHECK(mean_of(draw_road({.weather = 3}, 5)) < mean_of(plain) / 2);    // night
  CHECK(mean_of(draw_road({.weather = 2}, 5)) > mean_of(plain) + 0.1);  // snow
  CHECK(draw_road({}, 1, 64).shape() == Shape{64, 64, 3});
  CHECK(contains(message([] { draw_road({.weather = 4}); }), "weather 4"));
  CHECK(contains(message([] { draw_road({.bend = 2}); }), "bend 2"));
  CHECK(contains(message([] { generated_roads(0); }), "0 scenes"));
  CHECK(contains(message([] { generated_roads(3, 1, {.rare = 2}); }), "0 .. 1"));
}

TEST_CASE("biased_faces: shares and groups of faces and non-faces") {
  const BiasedFaces set = biased_faces(2000, 1000, 1, {.dark = 0.1, .turned = 0.3, .channels = 1});
  set.data.check();
  double dark = 0, turned = 0, other_dark = 0;
  for (Index i = 0; i < 3000; ++i) {
    const auto f = FaceFactors::of(std::span<const Real, 5>(set.factors.data() + 5 * i, 5));
    const int group = set.group[static_cast<std::size_t>(i)];
    CHECK(set.data.labels[static_cast<std::size_t>(i)] == (i < 2000));
    CHECK((group >= 2) == (f.tone <= Real(0.2)));
    CHECK((group % 2 == 1) == (std::abs(f.azimuth) >= Real(0.6)));
    (i < 2000 ? dark : other_dark) += group >= 2;
    turned += i < 2000 && group % 2 == 1;
  }
  CHECK(dark / 2000 == doctest::Approx(0.1).epsilon(0.2));
  CHECK(turned / 2000 == doctest::Approx(0.3).epsilon(0.1));
  CHECK(other_dark / 1000 == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("biased_faces: image i of a part depends on the seed, i and the label only") {
  const BiasedFaces set = biased_faces(20, 10, 4), faces = biased_faces(12, 0, 4),
                    others = biased_faces(0, 5, 4);
  CHECK(same_bits(faces.data.images, set.data.images.rows(0, 12)));
  CHECK(same_bits(others.data.images, set.data.images.rows(20, 25)));
  CHECK_FALSE(same_bits(biased_faces(12, 0, 5).data.images, faces.data.images));
  CHECK(contains(message([] { biased_faces(0, 0); }), "at least one"));
  CHECK(contains(message([] { biased_faces(1, 1, 1, {.dark = 1.5}); }), "1.5"));
  for (const Index size : {-1, 100000})  // before the images are allocated
    CHECK(contains(message([&] { biased_faces(1000, 1000, 1, {.size = size}); }), "8 .. 1024 pixels"));
}

TEST_CASE("roads have the same bits at any number of threads") {
  CHECK(same_bits_at_any_threads([] {
    const Roads roads = generated_roads(37, 3, {.rare = 0.5});
    return std::vector<Tensor>{roads.data.images, roads.factors};
  }));
}
