#include <doctest/doctest.h>

#include <limits>

#include "../compare.hpp"
#include "gradus/base/random.hpp"
#include "gradus/kernels/elementwise.hpp"

using namespace gradus;
using namespace gradus::grade;

namespace {

const Real nan = std::numeric_limits<Real>::quiet_NaN(), inf = std::numeric_limits<Real>::infinity();

Tensor transformed(const Tensor& x, Real factor, Real offset) {
  Tensor y = x.clone();
  for (Real& value : y.values()) value = factor * value + offset;
  return y;
}

/// The relation reported for f(x), for x of three shapes.
template <class F>
std::string said(F f) {
  Rng rng(3);
  std::vector<Tensors> right, wrong;
  for (const Shape& shape : {Shape{1, 4}, Shape{3, 5}, Shape{5, 2}}) {
    right.push_back({Tensor::randn(shape, rng)});
    wrong.push_back({f(right.back()[0])});
  }
  return relation(right, wrong, 1e-6);
}

}  // namespace

TEST_CASE("a NaN, an infinity, another shape or a missing tensor is never right") {
  const Tensors right = {Tensor::of({3}, {1, 2, 3})};
  CHECK_FALSE(difference(right, {Tensor::of({3}, {1, 2, 3})}, 1e-6, {}).has_value());
  CHECK(difference(right, {Tensor::of({3}, {1, nan, 3})}, 1e-6, {"kl"}) ==
        "element [1] of kl is nan, expected 2");
  CHECK(difference(right, {Tensor::of({3}, {1, 2, inf})}, 1e-6, {"kl"}) ==
        "element [2] of kl is inf, expected 3");
  CHECK(difference(right, {Tensor::of({3, 1}, {1, 2, 3})}, 1e-6, {"kl"}).has_value());
  CHECK(difference(right, {Tensor()}, 1e-6, {"kl"}).has_value());
  CHECK(difference(right, {}, 1e-6, {"kl"}).has_value());
  CHECK(difference({Tensor()}, right, 1e-6, {"kl"}).has_value());
}

TEST_CASE("an expected infinity or NaN is required exactly") {
  const Tensors right = {Tensor::of({2}, {inf, nan})};
  CHECK_FALSE(difference(right, {Tensor::of({2}, {inf, nan})}, 1e-6, {}).has_value());
  CHECK(difference(right, {Tensor::of({2}, {-inf, nan})}, 1e-6, {}).has_value());
  CHECK(difference(right, {Tensor::of({2}, {1e300, nan})}, 1e-6, {}).has_value());
  CHECK(difference(right, {Tensor::of({2}, {inf, 0})}, 1e-6, {}).has_value());
}

TEST_CASE("relations are derived from the numbers alone") {
  CHECK(said([](const Tensor& x) { return transformed(x, 2, 0); }) ==
        "your answer is 2 times the right one, everywhere");
  CHECK(said([](const Tensor& x) { return transformed(x, -1, 0); }) == "your answer has the wrong sign");
  CHECK(said([](const Tensor& x) { return transformed(x, 0, 0); }).starts_with("your answer is all zeros"));
  CHECK(said([](const Tensor& x) {
          return mapped(x, [](Real v) { return static_cast<Real>(static_cast<Index>(v)); });
        }).starts_with("your answer is the right one truncated"));
  CHECK(said([](const Tensor& x) {
          Tensor y = x.clone();
          for (Index i = 1; i < y.size(); ++i) y[i] += y[i - 1];
          return y;
        }).starts_with("every number of your answer is the running sum of the right ones"));
  CHECK(said([](const Tensor& x) { return transformed(x, 1, Real(0.5)); }) ==
        "your answer is the right one plus 0.5, everywhere");
  CHECK(said([](const Tensor& x) { return transformed(x, 0, 3); }) ==
        "your answer is the same number everywhere");
  CHECK(said([](const Tensor& x) { return transformed(x, Real(1) / static_cast<Real>(x.dim(0)), 0); }) ==
        "your answer is the right one divided by the number of rows");
  CHECK(said([](const Tensor& x) { return transformed(x, static_cast<Real>(x.dim(1)), 0); }) ==
        "your answer is the right one times the size of a row");
  CHECK(said([](const Tensor& x) { return transformed(x, nan, 0); }).starts_with("your answer contains NaN"));
  CHECK(said([](const Tensor& x) { return transformed(x, 1, 0); }).empty());
  CHECK(said([](const Tensor& x) {
          Tensor y = x.clone();
          y[0] += 1;
          return y;
        }).empty());  // no simple relation: empty
}

TEST_CASE("a small error is visible in the printed digits and reported as no division") {
  const Tensors right = {Tensor::full({1}, Real(13.2577))},
                mine = {Tensor::full({1}, Real(13.2577 * (1 + 1e-6)))};
  CHECK(difference(right, mine, 1e-8, {"score"}) == "element [0] of score is 13.25771, expected 13.2577");
  CHECK(shown("score", right[0], 0, 78, digits_to_differ(right[0], mine[0], 0)) == "score = 13.2577");
  CHECK(shown("score", mine[0], 0, 78, digits_to_differ(right[0], mine[0], 0)) == "score = 13.25771");
  CHECK(relation({right, right}, {mine, mine}, 1e-8)
            .starts_with("your answer is right to 6 digits, everywhere"));
  const Tensors twice = {Tensor::full({1}, Real(26.5154))}, other = {Tensor::full({1}, 3)};
  CHECK(relation({right, other}, {twice, {Tensor::full({1}, 4)}}, 1e-8).empty());  // one row each
}

TEST_CASE("mistakes are compared on small cases, or on all if none is small") {
  const Tensors small = {Tensor({3, 5})}, large = {Tensor({67, 71})};
  CHECK(compared_cases({small, large, small}) == std::vector<std::size_t>{0, 2});
  CHECK(compared_cases({large, large}) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("tensors are shown on one line: completely, as a row, or as part of a row") {
  CHECK(shown("rate", Tensor::full({1}, 3)) == "rate = 3");
  CHECK(shown("w", Tensor::full({1, 1}, 3)) == "w = [[3]]");
  CHECK(shown("w", Tensor::of({2, 2}, {1, 2, 3, nan})) == "w = [[1, 2], [3, nan]]");
  CHECK(shown("w", Tensor()) == "w = (empty)");
  Tensor x({2, 3, 40});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<Real>(i);
  CHECK(shown("x", x, 170, 40) == "x[1, 1, 9..12] = [169, 170, 171, 172]");
  CHECK(shown("x", x.reshape({2, 40, 3}), 170, 40) == "x[1, 16] = [168, 169, 170]");
  for (Index i = 0; i < x.size(); i += 7) CHECK(shown("x", x, i).size() <= 78);
}

TEST_CASE("gap and identical") {
  const Tensors a = {Tensor::of({2}, {1, 2})}, b = {Tensor::of({2}, {1, Real(2.2)})};
  CHECK(gap(a, a) == 0);
  CHECK(gap(a, b) == doctest::Approx(0.2 / 2.2));
  CHECK(gap(a, {Tensor::of({2}, {1, nan})}) == std::numeric_limits<double>::infinity());
  CHECK(gap({Tensor::of({1}, {nan})}, {Tensor::of({1}, {nan})}) == 0);
  CHECK(identical(a, {a[0].clone()}));
  CHECK_FALSE(identical({Tensor::of({1}, {0})}, {Tensor::of({1}, {-0.0})}));
}
