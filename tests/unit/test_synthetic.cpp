// Generated digits are reproducible, have MNIST's form, are legible,
// and are too varied for a linear classifier.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/data/generated/digits.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

constexpr Index pixels = 784, classes = 10;

// Softmax regression p = softmax(W x + b) by stochastic gradient descent, one example at a time.
struct Linear {
  std::vector<Real> w = std::vector<Real>(classes * pixels);
  std::array<Real, classes> b{};

  std::array<Real, classes> logits(const Real* x) const {
    std::array<Real, classes> out = b;
    for (Index k = 0; k < classes; ++k) {
      const Real* row = w.data() + k * pixels;
      Real sum = 0;
#pragma omp simd reduction(+ : sum)
      for (Index i = 0; i < pixels; ++i) sum += row[i] * x[i];
      out[static_cast<std::size_t>(k)] += sum;
    }
    return out;
  }
  int predict(const Real* x) const {
    const auto out = logits(x);
    return static_cast<int>(std::max_element(out.begin(), out.end()) - out.begin());
  }
  void step(const Real* x, int label, Real rate) {
    std::array<Real, classes> p = logits(x);
    const Real top = *std::max_element(p.begin(), p.end());
    Real total = 0;
    for (Real& value : p) total += value = std::exp(value - top);
    for (Index k = 0; k < classes; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const Real change = rate * (p[at] / total - (k == label ? 1 : 0));
      Real* row = w.data() + k * pixels;
#pragma omp simd
      for (Index i = 0; i < pixels; ++i) row[i] -= change * x[i];
      b[at] -= change;
    }
  }
};

double linear_accuracy(const Dataset& train, const Dataset& test) {
  Linear model;
  for (int epoch = 0; epoch < 12; ++epoch)
    for (Index i = 0; i < train.size(); ++i)
      model.step(train.images.data() + i * pixels, train.labels[static_cast<std::size_t>(i)],
                 Real(0.02) / static_cast<Real>(1 + epoch));
  Index right = 0;
  for (Index i = 0; i < test.size(); ++i)
    right +=
        model.predict(test.images.data() + i * pixels) == test.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(test.size());
}

}  // namespace

TEST_CASE("generated digits: shapes, range, every class") {
  const Split digits = generated_digits(600, 100);
  CHECK(digits.train.images.shape() == Shape{600, 28, 28, 1});
  CHECK(digits.test.images.shape() == Shape{100, 28, 28, 1});
  CHECK_NOTHROW(digits.train.check());
  CHECK(digits.train.classes == 10);
  for (int k = 0; k < 10; ++k) CHECK(digits.train.only(k).size() > 30);
  for (Real value : digits.train.images.values()) CHECK_UNARY(value >= 0 && value <= 1);
  CHECK_THROWS_AS(generated_digits(0, 1), Error);
}

TEST_CASE("generated digits: the same bits at any number of threads, from the seed") {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const Split one = generated_digits(200, 50, 7);
  omp_set_num_threads(3);
  const Split three = generated_digits(200, 50, 7);
  omp_set_num_threads(threads);
  CHECK(same_bits(one.train.images, three.train.images));
  CHECK(same_bits(one.test.images, three.test.images));
  CHECK(one.train.labels == three.train.labels);
  CHECK_FALSE(same_bits(one.train.images, generated_digits(200, 50, 8).train.images));
  CHECK_FALSE(same_bits(one.train.images.rows(0, 50), one.test.images));
}

TEST_CASE("generated digits: a shorter set is a prefix of a longer one") {
  const Split small = generated_digits(20, 10, 7), large = generated_digits(90, 40, 7);
  CHECK(same_bits(small.train.images, large.train.images.rows(0, 20).clone()));
  CHECK(same_bits(small.test.images, large.test.images.rows(0, 10).clone()));
  CHECK(small.test.labels == large.test.take(10).labels);
}

TEST_CASE("generated digits: placed as in MNIST") {
  const Dataset digits = generated_digits(500, 1).train;
  double ink = 0, full = 0, touched = 0;
  for (Index n = 0; n < digits.size(); ++n) {
    const Tensor image = digits.images.row(n);
    double mass = 0, row = 0, column = 0;
    for (Index i = 0; i < 28; ++i)
      for (Index j = 0; j < 28; ++j) {
        const double value = image.at({i, j, 0});
        mass += value;
        row += value * (static_cast<double>(i) + 0.5);
        column += value * (static_cast<double>(j) + 0.5);
        full += value == 1;
        touched += value > 0;
        const bool border = i == 0 || j == 0 || i == 27 || j == 27;
        if (border) CHECK(value == 0);
      }
    CHECK(std::abs(row / mass - 14) < 2.5);
    CHECK(std::abs(column / mass - 14) < 2.5);
    ink += mass / pixels;
  }
  CHECK(ink / 500 > 0.09);  // MNIST: 0.131
  CHECK(ink / 500 < 0.15);
  CHECK(full < 0.8 * touched);  // strokes have a grey edge
}

TEST_CASE("draw_digit: the style parameters have their documented effects") {
  Rng rng(1);
  const auto mass = [](const Tensor& image) {
    double sum = 0;
    for (Real value : image.values()) sum += value;
    return sum;
  };
  DigitStyle style;
  const Tensor plain = draw_digit(7, style, rng);
  style.pen *= 2;
  CHECK(mass(draw_digit(7, style, rng)) > 1.4 * mass(plain));
  CHECK(digit_variants(0) >= 2);
  style.variant = digit_variants(7);
  CHECK_THROWS_AS(draw_digit(7, style, rng), Error);
  CHECK_THROWS_AS(draw_digit(10, DigitStyle{}, rng), Error);
  CHECK_THROWS_AS(digit_variants(-1), Error);

  DigitStyle leaning;  // the upper half of a right-leaning 1 is to the right of its lower half
  leaning.slant = Real(0.5);
  const Tensor one = draw_digit(1, leaning, rng);
  const auto column = [&one](Index from, Index to) {
    double sum = 0, at = 0;
    for (Index i = from; i < to; ++i)
      for (Index j = 0; j < 28; ++j) {
        sum += one.at({i, j, 0});
        at += one.at({i, j, 0}) * static_cast<Real>(j);
      }
    return at / sum;
  };
  CHECK(column(0, 14) > column(14, 28) + 2);
}

TEST_CASE("generated digits: hard for a linear classifier, but learnable") {
  const Split digits = generated_digits(10000, 2000);
  const double accuracy = linear_accuracy(digits.train, digits.test);
  MESSAGE("softmax regression, 10000 training digits: " << accuracy);
  CHECK(accuracy > 0.80);
  CHECK(accuracy < 0.95);
}
