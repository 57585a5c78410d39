// Generated faces are reproducible and smooth in every factor, and each factor has the named effect.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/data/generated/faces.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

constexpr Index side = 32;

// A face with factor k at position `t` of its range and all other factors unchanged.
Tensor face_at(FaceFactors face, std::size_t k, double t, const FaceOptions& options = {}) {
  auto values = face.values();
  values[k] = static_cast<Real>(FaceFactors::low[k] + (FaceFactors::high[k] - FaceFactors::low[k]) * t);
  return draw_face(FaceFactors::of(values), options);
}

double distance2(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return sum;
}

double mean_of(const Tensor& image, Index top, Index bottom, Index left, Index right) {
  double sum = 0;
  for (Index i = top; i < bottom; ++i)
    for (Index j = left; j < right; ++j) sum += image.at({i, j, 0});
  return sum / static_cast<double>((bottom - top) * (right - left));
}

// Variance of the image when only factor k varies, summed over pixels, averaged over the other factors.
double energy(std::size_t k) {
  constexpr int faces = 40, steps = 17;
  Rng rng(3);
  double sum = 0;
  for (int n = 0; n < faces; ++n) {
    const FaceFactors face = FaceFactors::random(rng);
    std::vector<double> first(side * side), second(side * side);
    for (int s = 0; s < steps; ++s) {
      const Tensor image = face_at(face, k, (s + 0.5) / steps);
      for (std::size_t i = 0; i < first.size(); ++i) {
        const double value = image[static_cast<Index>(i)];
        first[i] += value / steps;
        second[i] += value * value / steps;
      }
    }
    for (std::size_t i = 0; i < first.size(); ++i) sum += (second[i] - first[i] * first[i]) / faces;
  }
  return sum;
}

// The centre of the dark mouth in a column, in rows from the top;
// weights are the darkness relative to the chin's skin.
double mouth_row(const Tensor& image, Index column) {
  double sum = 0, at = 0;
  for (Index i = 17; i < 27; ++i) {
    const double dark = std::max(0.0, 0.45 - static_cast<double>(image.at({i, column, 0})));
    sum += dark;
    at += dark * static_cast<double>(i);
  }
  return at / sum;
}

}  // namespace

TEST_CASE("faces: shapes and ranges") {
  const Faces faces = generated_faces(200);
  CHECK(faces.data.images.shape() == Shape{200, side, side, 1});
  CHECK(faces.factors.shape() == Shape{200, 5});
  CHECK(faces.data.labels.empty());
  CHECK_NOTHROW(faces.data.check());
  for (Real value : faces.data.images.values()) CHECK_UNARY(value >= 0 && value <= 1);
  for (std::size_t k = 0; k < 5; ++k) {
    Real low = 10, high = -10;
    for (Index i = 0; i < 200; ++i) {
      const Real value = faces.factors.at({i, static_cast<Index>(k)});
      CHECK_UNARY(FaceFactors::low[k] <= value && value <= FaceFactors::high[k]);
      low = std::min(low, value);
      high = std::max(high, value);
    }
    const Real range = FaceFactors::high[k] - FaceFactors::low[k];
    CHECK(high - low > Real(0.9) * range);  // the whole range is used
  }
  CHECK(generated_faces(3, 1, {.height = 28, .width = 20}).data.images.shape() == Shape{3, 28, 20, 1});
  CHECK(generated_faces(3, 1, {.channels = 3}).data.images.shape() == Shape{3, side, side, 3});
}

TEST_CASE(
    "faces: the same bits at any number of threads, from the seed; a shorter set is a prefix of a longer "
    "one") {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Faces one = generated_faces(60, 7), wrong_one = generated_faces(60, 7, {.displaced = Real(0.2)});
  omp_set_num_threads(2);
  const Faces two = generated_faces(60, 7), wrong_two = generated_faces(60, 7, {.displaced = Real(0.2)});
  omp_set_num_threads(threads);
  CHECK(same_bits(one.data.images, two.data.images));
  CHECK(same_bits(one.factors, two.factors));
  CHECK(same_bits(wrong_one.data.images, wrong_two.data.images));
  CHECK_FALSE(same_bits(one.data.images, generated_faces(60, 8).data.images));

  const Faces longer = generated_faces(90, 7);
  CHECK(same_bits(one.data.images, longer.data.images.rows(0, 60).clone()));
  CHECK(same_bits(one.factors, longer.factors.rows(0, 60).clone()));
  const Faces film = generated_face_video(20, 7), long_film = generated_face_video(50, 7);
  CHECK(same_bits(film.data.images, long_film.data.images.rows(0, 20).clone()));
}

TEST_CASE("faces: the factors determine the image") {
  const Faces faces = generated_faces(10, 5);
  CHECK(same_bits(draw_faces(faces.factors), faces.data.images));
  const Tensor row = faces.factors.row(3);
  CHECK(same_bits(draw_face(FaceFactors::of(std::span<const Real, 5>(row.data(), 5))),
                  faces.data.images.row(3).clone()));
}

TEST_CASE("faces: a small change of a factor is a small change of the image") {
  constexpr int steps = 200;
  Rng rng(11);
  for (std::size_t k = 0; k < 5; ++k) {
    double largest = 0, pixel = 0, smallest_total = 1e9;
    for (int n = 0; n < 8; ++n) {
      const FaceFactors face = FaceFactors::random(rng);
      Tensor before = face_at(face, k, 0);
      double total = 0;
      for (int s = 1; s <= steps; ++s) {
        const Tensor now = face_at(face, k, static_cast<double>(s) / steps);
        const double change = std::sqrt(distance2(before, now));
        largest = std::max(largest, change);
        total += change;
        for (Index i = 0; i < now.size(); ++i)
          pixel = std::max(pixel, static_cast<double>(std::abs(now[i] - before[i])));
        before = now;
      }
      smallest_total = std::min(smallest_total, total);
    }
    CAPTURE(std::string(FaceFactors::names[k]));
    CHECK(smallest_total > 0.4);  // the factor affects every face
    CHECK(largest < 0.6);         // relative to a length of about 10: no jump
    CHECK(pixel < 0.16);
  }
}

TEST_CASE("faces: energies are in the order required by the lectures") {
  double of[5];
  for (std::size_t k = 0; k < 5; ++k) {
    of[k] = energy(k);
    MESSAGE(std::string(FaceFactors::names[k]) << ": " << of[k]);
  }
  const double azimuth = of[0], smile = of[1], open = of[2], tone = of[3], width = of[4];
  CHECK(tone > azimuth);
  CHECK(azimuth > width);
  CHECK(width > 1.5 * smile);
  CHECK(azimuth < 13);
  CHECK(smile > 2.2);
  CHECK(smile < 4.2);
  CHECK(open > 1.5);
  CHECK(open < 2.6);
}

TEST_CASE("faces: turning moves the features and the hair, and the opposite turn is the mirror image") {
  // The position of the mouth: the centre of the pixels that change when it opens.
  const auto mouth_column = [](Real azimuth) {
    const Tensor open = draw_face({.azimuth = azimuth, .mouth_open = 1}),
                 closed = draw_face({.azimuth = azimuth});
    double sum = 0, at = 0;
    for (Index i = 20; i < 28; ++i)
      for (Index j = 0; j < side; ++j) {
        const double change = std::abs(open.at({i, j, 0}) - closed.at({i, j, 0}));
        sum += change;
        at += change * (static_cast<double>(j) + 0.5);
      }
    return at / sum;
  };
  const double ahead = mouth_column(0), right = mouth_column(1), left = mouth_column(-1);
  CHECK(ahead == doctest::Approx(16).epsilon(0.01));
  CHECK(right > ahead + 3);
  CHECK(left - 16 == doctest::Approx(16 - right).epsilon(0.05));
  const Tensor to_left = draw_face({.azimuth = -1}), to_right = draw_face({.azimuth = 1});
  // The back of the head becomes visible on the other side.
  CHECK(mean_of(to_right, 8, 16, 4, 8) < mean_of(to_right, 8, 16, 22, 26) - 0.2);
  CHECK(mean_of(to_left, 8, 16, 24, 28) < mean_of(to_left, 8, 16, 6, 10) - 0.2);
}

TEST_CASE("faces: the mouth curves with the smile and opens") {
  FaceFactors glad{.smile = 1, .tone = 1}, sad{.smile = -1, .tone = 1}, open{.mouth_open = 1, .tone = 1};
  const Tensor smiling = draw_face(glad), frowning = draw_face(sad);
  CHECK(mouth_row(smiling, 16) > mouth_row(smiling, 10) + 1.5);  // rows count downwards
  CHECK(mouth_row(frowning, 16) < mouth_row(frowning, 10) - 1.5);
  const auto dark_rows = [](const Tensor& image) {
    int count = 0;
    for (Index i = 19; i < 30; ++i) count += image.at({i, 16, 0}) < 0.4 ? 1 : 0;
    return count;
  };
  FaceFactors closed = open;
  closed.mouth_open = 0;
  CHECK(dark_rows(draw_face(open)) >= dark_rows(draw_face(closed)) + 2);
}

TEST_CASE("faces: tone and width") {
  const auto cheek = [](Real tone) { return mean_of(draw_face({.tone = tone}), 18, 20, 8, 12); };
  CHECK(cheek(0) < 0.35);
  CHECK(cheek(Real(0.5)) > cheek(0) + 0.2);
  CHECK(cheek(1) > 0.75);
  const auto face_columns = [](Real width) {
    const Tensor image = draw_face({.tone = 1, .width = width});
    int count = 0;
    for (Index j = 0; j < side; ++j) count += image.at({19, j, 0}) > 0.5 ? 1 : 0;
    return count;
  };
  CHECK(face_columns(1) > face_columns(-1) + 4);
}

TEST_CASE("faces: grey is the luminance of the coloured image") {
  const Faces grey = generated_faces(4, 2), color = generated_faces(4, 2, {.channels = 3});
  for (Index i = 0; i < grey.data.images.size(); ++i) {
    const Real* rgb = color.data.images.data() + 3 * i;
    CHECK(grey.data.images[i] ==
          doctest::Approx(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]).epsilon(1e-3));
  }
}

TEST_CASE("faces: displaced features give another image of the same head") {
  const Faces faces = generated_faces(50, 4), wrong = generated_faces(50, 4, {.displaced = Real(0.25)});
  CHECK(same_bits(faces.factors, wrong.factors));
  for (Index i = 0; i < 50; ++i) {
    CHECK(distance2(faces.data.images.row(i), wrong.data.images.row(i)) > 2);
    for (Index j = 0; j < side; ++j)  // hair and background above are unchanged
      CHECK_UNARY(faces.data.images.at({i, 0, j, 0}) == wrong.data.images.at({i, 0, j, 0}));
  }
}

TEST_CASE("faces: an animation moves slowly and covers the whole range") {
  const Faces film = generated_face_video(1000, 3, {.height = 28, .width = 20});
  CHECK(film.data.images.shape() == Shape{1000, 28, 20, 1});
  double largest = 0, far = 0;
  for (Index i = 1; i < 1000; ++i)
    largest = std::max(largest, distance2(film.data.images.row(i - 1), film.data.images.row(i)));
  for (Index i = 100; i < 1000; i += 50)
    far = std::max(far, distance2(film.data.images.row(0), film.data.images.row(i)));
  CHECK(largest < 0.4 * far);
  for (const Index k : {Index{0}, Index{1}}) {
    Real low = 1, high = -1;
    for (Index i = 0; i < 1000; ++i) {
      low = std::min(low, film.factors.at({i, k}));
      high = std::max(high, film.factors.at({i, k}));
    }
    CHECK(low < Real(-0.8));
    CHECK(high > Real(0.8));
  }
  for (Index i = 1; i < 1000; ++i) CHECK_UNARY(film.factors.at({i, 3}) == film.factors.at({0, 3}));
}

TEST_CASE("faces: misuse gives an error") {
  CHECK_THROWS_AS(draw_face({.azimuth = Real(1.5)}), Error);
  CHECK_THROWS_AS(draw_face({.mouth_open = Real(-0.1)}), Error);
  CHECK_THROWS_AS(draw_face({.tone = std::nanf("")}), Error);
  CHECK_THROWS_AS(draw_face({}, {.height = 4}), Error);
  CHECK_THROWS_AS(draw_face({}, {.channels = 2}), Error);
  CHECK_THROWS_AS(draw_face({}, {.displaced = -1}), Error);
  CHECK_THROWS_AS(draw_faces(Tensor::zeros({3, 4})), Error);
  CHECK_THROWS_AS(generated_faces(0), Error);
  CHECK_THROWS_AS(generated_face_video(0), Error);
}
