// Shapes from vectors, sizes of -1, printed numbers.
#include <locale>
#include <sstream>

#include "gradus/autograd/var.hpp"
#include "gradus/ops/shaping.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

template <class T>
std::string printed(const T& x, const std::locale& locale = std::locale::classic()) {
  std::ostringstream stream;
  stream.imbue(locale);
  stream << x;
  return stream.str();
}

Tensor counted(const Shape& shape) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<Real>(i);
  return x;
}

/// A decimal comma and dots between thousands, as in German.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("a shape from a vector, and with an axis changed or removed") {
  const std::vector<Index> sizes{2, 3, 5};
  CHECK(Shape(sizes) == Shape{2, 3, 5});
  CHECK(Shape(std::vector<Index>{}) == Shape());
  CHECK(Shape(std::span(sizes).subspan(1)) == Shape{3, 5});
  CHECK(Tensor::zeros(Shape(sizes)).size() == 30);
  CHECK(contains(message([] { Shape(std::vector<Index>{1, 2, 3, 4, 5}); }), "at most 4 axes, got 5"));
  CHECK(contains(message([] { Shape(std::vector<Index>{2, -1}); }), "axis 1 has the negative size -1"));
  CHECK(Shape{2, 3, 5}.with_axis(1, 7) == Shape{2, 7, 5});
  CHECK(Shape{2, 3, 5}.with_rows(0) == Shape{0, 3, 5});
  CHECK(Shape{2, 3, 5}.without_axis(1) == Shape{2, 5});
  CHECK(Shape{7}.without_axis(0) == Shape{1});
  CHECK(contains(message([] { Shape{2, 3}.with_axis(2, 1); }), "[2, 3] has no axis 2"));
  CHECK(contains(message([] { Shape{2, 3}.without_axis(-1); }), "[2, 3] has no axis -1"));
  CHECK(contains(message([] { Shape().with_rows(1); }), "has no rows"));
}

TEST_CASE("reshape: -1 is computed from the other sizes") {
  const Tensor x = counted({4, 6});
  CHECK(x.reshape({-1}).shape() == Shape{24});
  CHECK(x.reshape({-1, 8}).shape() == Shape{3, 8});
  CHECK(x.reshape({2, -1, 4}).shape() == Shape{2, 3, 4});
  CHECK(x.reshape({1, 24, -1}).shape() == Shape{1, 24, 1});
  CHECK(same_bits(x.reshape({2, -1}).reshape({4, 6}), x));
  CHECK(reshape(Var(x), {-1, 3}).shape() == Shape{8, 3});
  CHECK(Tensor::zeros({0, 3}).reshape({-1, 5}).shape() == Shape{0, 5});
  CHECK(contains(message([&] { x.reshape({-1, -1}); }), "only one size may be -1"));
  CHECK(contains(message([&] { x.reshape({5, -1}); }), {"24 elements cannot be divided among [5, 1]"}));
  CHECK(contains(message([&] { x.reshape({0, -1}); }), "cannot be divided"));
  CHECK(contains(message([&] { x.reshape({-2, 12}); }), "negative size -2"));
  CHECK(contains(message([&] { x.reshape({5, 5}); }), "needs 25"));
}

TEST_CASE("a tensor is printed with its shape, in columns") {
  CHECK(printed(Tensor()) == "Tensor []");
  CHECK(printed(Tensor::zeros({0, 3})) == "Tensor [0, 3]");
  CHECK(printed(Tensor::of({1}, {Real(0.5)})) == "Tensor [1] [0.5]");
  CHECK(printed(Tensor::of({3}, {1, Real(2.5), -3})) == "Tensor [3] [  1, 2.5,  -3]");
  CHECK(printed(Tensor::of({2, 2}, {1, 2, 3, 40})) == "Tensor [2, 2]\n[[ 1,  2],\n [ 3, 40]]");
  CHECK(printed(counted({2, 1, 2})) == "Tensor [2, 1, 2]\n[[[0, 1]],\n [[2, 3]]]");
  CHECK(printed(counted({1, 2, 1, 2})) == "Tensor [1, 2, 1, 2]\n[[[[0, 1]],\n  [[2, 3]]]]");
  CHECK(printed(Var(Tensor::of({2}, {1, 2}))) == "Tensor [2] [1, 2]");
  const Real infinity = std::numeric_limits<Real>::infinity();
  CHECK(printed(Tensor::of({2}, {infinity, -infinity})) == "Tensor [2] [ inf, -inf]");
  CHECK(contains(printed(Tensor::full({1}, std::numeric_limits<Real>::quiet_NaN())), "nan"));
  Parameter parameter(Tensor::of({1}, {7}));
  CHECK(printed(Var(parameter)) == "Tensor [1] [7]");
}

TEST_CASE("the first and last three elements of a long axis are printed") {
  CHECK(printed(counted({6})) == "Tensor [6] [0, 1, 2, 3, 4, 5]");
  CHECK(printed(counted({100})) == "Tensor [100] [ 0,  1,  2, ..., 97, 98, 99]");
  const std::string tall = printed(counted({9, 1}));
  CHECK(tall == "Tensor [9, 1]\n[[0],\n [1],\n [2],\n ...,\n [6],\n [7],\n [8]]");
  CHECK(printed(Tensor::zeros({50, 50, 50, 50})).size() < 10000);
}

TEST_CASE("numbers are printed with five digits in every locale") {
  const Tensor x = Tensor::of({3}, {Real(1234.5678), 60000, Real(1e-20)});
  const std::string expected = "Tensor [3] [1234.6,  60000,  1e-20]";
  CHECK(printed(x) == expected);
  const std::locale german(std::locale::classic(), new Comma);
  CHECK(printed(x, german) == expected);
  const std::locale before = std::locale::global(german);
  const std::string global = printed(x, german), shape = printed(Shape{60000, 2}, german),
                    pair = printed(Pair{60000, 2}, german);
  std::locale::global(before);
  CHECK(global == expected);
  CHECK(shape == "[60000, 2]");
  CHECK(pair == "60000 x 2");
  CHECK(printed(Pair(3)) == "3");
}
