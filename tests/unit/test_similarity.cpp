// Structural similarity compared with closed forms and an independently computed value; the share of grey.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "gradus/base/check.hpp"
#include "gradus/generative/similarity.hpp"

using namespace gradus;

namespace {

constexpr double C1 = 1e-4, C2 = 9e-4;

bool close(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

double similarity(const Tensor& a, const Tensor& b, SimilarityWindow window = SimilarityWindow::gaussian) {
  const Tensor s = structural_similarity(a, b, window);
  CHECK(s.shape() == Shape{1});
  return double(s.item());
}

/// An image with value(i, j, c) at every position.
template <class F>
Tensor picture(Index H, Index W, Index C, F value) {
  Tensor out({1, H, W, C});
  for (Index i = 0; i < H; ++i)
    for (Index j = 0; j < W; ++j)
      for (Index c = 0; c < C; ++c)
        out[(i * W + j) * C + c] = static_cast<Real>(value(double(i), double(j), double(c)));
  return out;
}

Tensor waves() {
  return picture(13, 12, 2,
                 [](double i, double j, double c) { return 0.5 + 0.5 * std::sin(0.7 * i + 0.4 * j + c); });
}
Tensor other_waves() {
  return picture(13, 12, 2, [](double i, double j, double c) {
    return 0.5 + 0.4 * std::cos(0.3 * i * j / 7 + 0.9 * c - 0.2 * j);
  });
}

}  // namespace

TEST_CASE("SSIM of an image with itself is 1, with another image less, and does not depend on the order") {
  for (const SimilarityWindow window : {SimilarityWindow::gaussian, SimilarityWindow::square}) {
    CHECK(close(similarity(waves(), waves(), window), 1, 1e-6));
    CHECK(similarity(waves(), other_waves(), window) < 0.5);
    CHECK(similarity(waves(), other_waves(), window) == similarity(other_waves(), waves(), window));
    const Tensor black = Tensor::zeros({1, 12, 12, 1});
    CHECK(close(similarity(black, black, window), 1, 1e-6));
  }
}

TEST_CASE("SSIM of constant images is the luminance factor alone") {
  for (const double a : {0.0, 0.2, 0.9})
    for (const double b : {0.0, 0.3, 1.0}) {
      const double light = (2 * a * b + C1) / (a * a + b * b + C1);
      const Tensor x = Tensor::full({1, 14, 11, 3}, Real(a)), y = Tensor::full({1, 14, 11, 3}, Real(b));
      CHECK(close(similarity(x, y), light, 1e-5));
      CHECK(close(similarity(x, y, SimilarityWindow::square), light, 1e-5));
    }
}

TEST_CASE("SSIM by hand where one window covers the image: shift, contrast, negative") {
  // Four rows of 0, four rows of 1/2: under the square window mean 1/4, variance 1/16.
  const Tensor x = picture(8, 8, 1, [](double i, double, double) { return i < 4 ? 0.0 : 0.5; });
  const auto image = [&](double offset, double factor) {
    return picture(8, 8, 1, [&](double i, double, double) { return offset + factor * (i < 4 ? 0.0 : 0.5); });
  };
  const double m = 0.25, v = 0.0625;
  const auto expected = [&](double offset, double factor) {
    const double k = offset + factor * m;
    return (2 * m * k + C1) / (m * m + k * k + C1) * (2 * factor * v + C2) / (v + factor * factor * v + C2);
  };
  CHECK(close(similarity(x, image(0.3, 1), SimilarityWindow::square), expected(0.3, 1), 1e-6));
  CHECK(close(similarity(x, image(0.1, 0.5), SimilarityWindow::square), expected(0.1, 0.5), 1e-6));
  CHECK(close(similarity(x, image(0.5, -1), SimilarityWindow::square), expected(0.5, -1), 1e-6));
  CHECK(similarity(x, image(0.5, -1), SimilarityWindow::square) < -0.9);
}

TEST_CASE("SSIM of an image and its mean: only the constants remain in the structure term") {
  const Tensor x = picture(8, 8, 1, [](double i, double j, double) { return std::fmod(i + j, 2); });
  CHECK(close(similarity(x, Tensor::full({1, 8, 8, 1}, Real(0.5)), SimilarityWindow::square),
              C2 / (0.25 + C2), 1e-6));
}

TEST_CASE("SSIM equals an independent computation, window by window and channel by channel") {
  CHECK(close(similarity(waves(), other_waves()), -0.09203666233084347, 1e-6));
  CHECK(close(similarity(waves(), other_waves(), SimilarityWindow::square), 0.09991290157562474, 1e-6));
}

TEST_CASE("SSIM has one value per image") {
  Tensor a({3, 13, 12, 2}), b({3, 13, 12, 2});
  for (Index n = 0; n < 3; ++n) {
    a.row(n).copy_from(waves().row(0));
    b.row(n).copy_from((n == 1 ? other_waves() : waves()).row(0));
  }
  const Tensor s = structural_similarity(a, b);
  CHECK(s.shape() == Shape{3});
  CHECK(close(s[0], 1, 1e-6));
  CHECK(close(s[1], -0.09203666233084347, 1e-6));
  CHECK(s[2] == s[0]);
  a[0] = std::numeric_limits<Real>::quiet_NaN();
  const Tensor broken = structural_similarity(a, b);
  CHECK(std::isnan(broken[0]));
  CHECK(broken[1] == s[1]);
}

TEST_CASE("SSIM refuses inputs that do not fit") {
  const Tensor x = Tensor::zeros({2, 12, 12, 1});
  CHECK_THROWS_AS(structural_similarity(x, Tensor::zeros({2, 12, 12, 2})), Error);
  CHECK_THROWS_AS(structural_similarity(x.reshape({2, 144}), x.reshape({2, 144})), Error);
  const Tensor narrow = Tensor::zeros({1, 12, 10, 1}), flat = Tensor::zeros({1, 7, 12, 1});
  CHECK_THROWS_AS(structural_similarity(narrow, narrow), Error);
  CHECK_NOTHROW(structural_similarity(narrow, narrow, SimilarityWindow::square));
  CHECK_THROWS_AS(structural_similarity(flat, flat, SimilarityWindow::square), Error);
}

TEST_CASE("grey share: 0 for black and white, 1 at one half, the mean of 4 p (1 - p) in between") {
  CHECK(grey_share(Tensor::of({4}, {0, 1, 1, 0})) == 0);
  CHECK(close(grey_share(Tensor::full({2, 3, 5, 1}, Real(0.5))), 1, 1e-7));
  CHECK(close(grey_share(Tensor::of({2, 2}, {Real(0.25), 1, Real(0.1), Real(0.5)})),
              (0.75 + 0 + 0.36 + 1) / 4, 1e-7));
  CHECK_THROWS_AS(grey_share(Tensor()), Error);
}
