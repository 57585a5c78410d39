// Values of every op: by hand, and compared with the definition in double.
// Gradients are tested in tests/gradient.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/dropout.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();
const Real no_number = std::numeric_limits<Real>::quiet_NaN();

/// A single number, prime sizes, above a block of 64 columns, enough for several threads; no rows at all.
const std::vector<Shape> any_rank{{1},       {5},          {1, 1},     {1, 5},         {7, 13}, {3, 67},
                                  {2, 3, 5}, {3, 2, 1, 5}, {131, 127}, {2, 3, 59, 53}, {0, 5}};

std::vector<Real> numbers(const Var& x) { return {x.value().values().begin(), x.value().values().end()}; }

/// The shape is right, and every element y_i is exact(i) to `tolerance`, relative above 1.
template <class Exact>
void check_values(const std::string& name, const Var& y, const Shape& shape, Exact exact,
                  double tolerance = 2e-6) {
  CAPTURE(name);
  REQUIRE(y.shape() == shape);
  Index wrong = -1;
  for (Index i = 0; i < shape.size() && wrong < 0; ++i) {
    const double e = exact(i), difference = std::abs(y.value()[i] - e);
    if (!(difference <= tolerance * std::max(1.0, std::abs(e)))) wrong = i;
  }
  if (wrong >= 0)
    FAIL_CHECK(name << " " << shape << " element " << wrong << ": " << y.value()[wrong] << ", should be "
                    << exact(wrong));
}

void check_unary(const std::string& name, Var (*op)(const Var&), double (*exact)(double), Real low = -3,
                 Real high = 3) {
  Rng rng(1);
  for (const Shape& shape : any_rank) {
    const Tensor x = Tensor::uniform(shape, rng, low, high);
    check_values(name, op(x), shape, [&](Index i) { return exact(x[i]); });
  }
}

void check_binary(const std::string& name, Var (*op)(const Var&, const Var&),
                  double (*exact)(double, double)) {
  Rng rng(2);
  for (const Shape& shape : any_rank) {
    const Tensor a = Tensor::uniform(shape, rng, -3, 3), b = Tensor::uniform(shape, rng, Real(0.5), 2);
    check_values(name, op(a, b), shape, [&](Index i) { return exact(a[i], b[i]); });
  }
  const Tensor x = Tensor::zeros({2, 3}), y = Tensor::zeros({3, 2}), z = Tensor::zeros({2});
  CHECK(contains(message([&] { op(x, y); }), {name.c_str(), "[2, 3]", "[3, 2]"}));
  CHECK(contains(message([&] { op(x, z); }), {name.c_str(), "[2, 3]", "[2]"}));
  CHECK(contains(message([&] { op(x, Tensor::zeros({1})); }), {name.c_str(), "[2, 3]", "[1]"}));
}

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double log_one_plus_exp(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// Sum of f(i) over row b of a shape.
template <class F>
double row_sum(const Shape& shape, Index b, F f) {
  double sum = 0;
  for (Index i = b * shape.row_size(); i < (b + 1) * shape.row_size(); ++i) sum += f(i);
  return sum;
}

bool all_finite(const Var& x) {
  return std::all_of(x.value().values().begin(), x.value().values().end(),
                     [](Real v) { return std::isfinite(v); });
}

}  // namespace

TEST_CASE("arithmetic of equal shapes") {
  check_binary("add", add, [](double a, double b) { return a + b; });
  check_binary("subtract", subtract, [](double a, double b) { return a - b; });
  check_binary("multiply", multiply, [](double a, double b) { return a * b; });
  check_binary("divide", divide, [](double a, double b) { return a / b; });
}

TEST_CASE("operators, by hand") {
  const Var a = Tensor::of({2}, {6, -4}), b = Tensor::of({2}, {3, 8});
  CHECK(numbers(a + b) == std::vector<Real>{9, 4});
  CHECK(numbers(a - b) == std::vector<Real>{3, -12});
  CHECK(numbers(a * b) == std::vector<Real>{18, -32});
  CHECK(numbers(a / b) == std::vector<Real>{2, Real(-0.5)});
  CHECK(numbers(2 * a) == std::vector<Real>{12, -8});
  CHECK(numbers(a * 2) == std::vector<Real>{12, -8});
  CHECK(numbers(a / 2) == std::vector<Real>{3, -2});
  CHECK(numbers(a + 1) == std::vector<Real>{7, -3});
  CHECK(numbers(a - 1) == std::vector<Real>{5, -5});
  CHECK(numbers(1 - a) == std::vector<Real>{-5, 5});
  CHECK(numbers(-a) == std::vector<Real>{-6, 4});
  CHECK(numbers(affine(a, 3, -1)) == std::vector<Real>{17, -13});
}

TEST_CASE("functions of one number") {
  check_unary("exp", gradus::exp, std::exp);
  check_unary("log", gradus::log, std::log, Real(0.01), 10);
  check_unary("sqrt", gradus::sqrt, std::sqrt, 0, 10);
  check_unary("square", square, [](double x) { return x * x; });
  check_unary("abs", gradus::abs, std::fabs);
  check_unary("relu", relu, [](double x) { return x > 0 ? x : 0; });
  check_unary(
      "leaky_relu", [](const Var& x) { return leaky_relu(x); }, [](double x) { return x > 0 ? x : 0.2 * x; });
  check_unary("sigmoid", sigmoid, sigma, -20, 20);
  check_unary("tanh", gradus::tanh, std::tanh);
  check_unary("softplus", softplus, log_one_plus_exp, -20, 20);
  check_unary(
      "silu", silu, [](double x) { return x / (1 + std::exp(-x)); }, -20, 20);
  check_unary(
      "clamp", [](const Var& x) { return clamp(x, -1, Real(0.5)); },
      [](double x) { return std::clamp(x, -1.0, 0.5); });
  CHECK(contains(message([] { clamp(Tensor::zeros({1}), 1, 1); }), {"clamp", "below"}));
  const Var corners = Tensor::of({3}, {-1, 0, 1});
  CHECK(numbers(relu(corners)) == std::vector<Real>{0, 0, 1});
  CHECK(numbers(leaky_relu(corners, Real(0.25))) == std::vector<Real>{Real(-0.25), 0, 1});
  CHECK(numbers(clamp(corners, -1, 1)) == std::vector<Real>{-1, 0, 1});
}

TEST_CASE("gradients at kinks are as documented") {
  const auto gradient_at = [](Var (*op)(const Var&), Real x) {
    Parameter p(Tensor::of({1}, {x}));
    Tape tape;
    tape.backward(op(p));
    return p.grad[0];
  };
  CHECK(gradient_at(relu, 0) == 0);
  CHECK(gradient_at(gradus::abs, 0) == 0);
  const auto leaky = [](const Var& x) { return leaky_relu(x, Real(0.25)); };
  CHECK(gradient_at(leaky, 0) == Real(0.25));
  const auto clamped = [](const Var& x) { return clamp(x, -1, 1); };
  CHECK(gradient_at(clamped, -1) == 0);
  CHECK(gradient_at(clamped, 1) == 0);
  CHECK(gradient_at(clamped, Real(0.999)) == 1);
  CHECK(gradient_at(gradus::sqrt, 0) == infinity);
  const auto l1 = [](const Var& x) { return l1_error(x, Tensor::full({1}, 3)); };
  CHECK(gradient_at(l1, 3) == 0);
}

TEST_CASE("NaN propagates through every function, and infinity gives the documented values") {
  for (auto op : {relu, sigmoid, gradus::tanh, softplus, gradus::exp, gradus::log, gradus::sqrt, square,
                  gradus::abs, softmax, log_softmax, silu, sum, mean}) {
    const Var y = op(Tensor::of({2}, {1, no_number}));
    CHECK(std::isnan(y.value()[y.size() - 1]));
  }
  const Var nan = Tensor::full({1}, no_number);
  CHECK(std::isnan(leaky_relu(nan).item()));
  CHECK(std::isnan(clamp(nan, 0, 1).item()));
  CHECK(std::isnan(squared_error(nan, Tensor::zeros({1})).item()));
  CHECK(std::isnan(l1_error(nan, Tensor::zeros({1})).item()));
  CHECK(std::isnan(bernoulli_nll(nan, Tensor::zeros({1})).item()));
  CHECK(std::isnan(gaussian_nll(nan, Tensor::zeros({1}), Tensor::zeros({1})).item()));
  const int label = 0;
  CHECK(std::isnan(cross_entropy(Tensor::of({1, 2}, {0, no_number}), std::span(&label, 1)).item()));
  CHECK(gradus::log(Tensor::zeros({1})).item() == -infinity);
  CHECK(std::isnan(gradus::log(Tensor::full({1}, -1)).item()));
  CHECK(gradus::exp(Tensor::full({1}, 1000)).item() == infinity);
  CHECK(divide(Tensor::full({1}, 1), Tensor::zeros({1})).item() == infinity);

  // A NaN in a wide tensor affects only its own element: the vector code is as careful as the scalar code.
  Tensor wide = Tensor::full({3, 67}, 1);
  wide[70] = no_number;
  for (auto op : {relu, sigmoid, gradus::tanh, softplus, gradus::exp, gradus::log}) {
    const Var y = op(wide);
    Index bad = 0;
    for (const Real v : y.value().values()) bad += std::isnan(v);
    CHECK(bad == 1);
    CHECK(std::isnan(y.value()[70]));
  }
}

TEST_CASE("softmax and log_softmax over the last axis") {
  Rng rng(3);
  for (const Shape& shape : any_rank) {
    const Tensor x = Tensor::randn(shape, rng, 0, 3);
    const Index width = shape.back();
    const auto log_p = [&](Index i) {
      const Index first = i / width * width;
      double total = 0;
      for (Index k = first; k < first + width; ++k) total += std::exp(static_cast<double>(x[k]));
      return x[i] - std::log(total);
    };
    if (width > 200) continue;
    check_values("softmax", softmax(x), shape, [&](Index i) { return std::exp(log_p(i)); });
    check_values("log_softmax", log_softmax(x), shape, log_p);
  }
  const Var far = Tensor::of({2, 3}, {10000, -10000, 9999, -10000, -10000, -10000});
  const Real e = static_cast<Real>(sigma(1));
  const auto p = numbers(softmax(far)), log_p = numbers(log_softmax(far));
  CHECK(p[0] == doctest::Approx(e));
  CHECK(p[1] == 0);
  CHECK(p[4] == doctest::Approx(1.0 / 3));
  CHECK(log_p[1] == doctest::Approx(-20000.313).epsilon(1e-5));
  CHECK(log_p[4] == doctest::Approx(-std::log(3.0)).epsilon(1e-3));  // at 10000, floats are 0.001 apart
  CHECK(contains(message([] { softmax(Var()); }), {"softmax", "empty"}));
  CHECK(contains(message([] { log_softmax(Var()); }), {"log_softmax", "empty"}));
}

TEST_CASE("broadcasts: row, column, scalar") {
  Rng rng(4);
  for (const Shape& shape : any_rank) {
    const Index B = shape[0], K = shape.row_size();
    const Tensor x = Tensor::randn(shape, rng), row = Tensor::randn({K}, rng),
                 column = Tensor::randn({B}, rng), scalar = Tensor::randn({1}, rng);
    check_values("add_row", add_row(x, row), shape, [&](Index i) { return double{x[i]} + row[i % K]; });
    check_values("multiply_row", multiply_row(x, row), shape,
                 [&](Index i) { return double{x[i]} * row[i % K]; });
    check_values("add_column", add_column(x, column), shape,
                 [&](Index i) { return double{x[i]} + column[i / K]; });
    check_values("multiply_column", multiply_column(x, column), shape,
                 [&](Index i) { return double{x[i]} * column[i / K]; });
    check_values("add_scalar", add_scalar(x, scalar), shape,
                 [&](Index i) { return double{x[i]} + scalar[0]; });
    check_values("multiply_scalar", multiply_scalar(x, scalar), shape,
                 [&](Index i) { return double{x[i]} * scalar[0]; });
  }
  const Tensor x = Tensor::zeros({2, 3, 4}), wrong = Tensor::zeros({5}), matrix = Tensor::zeros({12, 1});
  CHECK(contains(message([&] { add_row(x, wrong); }), {"add_row", "[2, 3, 4]", "[12]", "[5]"}));
  CHECK(contains(message([&] { multiply_row(x, matrix); }), {"multiply_row", "[12]", "[12, 1]"}));
  CHECK(contains(message([&] { add_column(x, wrong); }), {"add_column", "[2]", "[5]"}));
  CHECK(contains(message([&] { multiply_column(x, wrong); }), {"multiply_column", "[2]", "[5]"}));
  CHECK(contains(message([&] { add_scalar(x, wrong); }), {"add_scalar", "[1]", "[5]"}));
  CHECK(contains(message([&] { multiply_scalar(x, Tensor::zeros({1, 1})); }), {"multiply_scalar", "[1, 1]"}));
  CHECK(contains(message([&] { add_row(Var(), wrong); }), {"add_row", "empty"}));
}

TEST_CASE("sums and means of everything, of rows and of columns") {
  Rng rng(5);
  for (const Shape& shape : any_rank) {
    const Tensor x = Tensor::randn(shape, rng, 1);
    const Index B = shape[0], K = shape.row_size();
    const auto value = [&](Index i) { return static_cast<double>(x[i]); };
    const auto of_row = [&](Index b) { return row_sum(shape, b, value); };
    const auto of_column = [&](Index k) {
      double sum = 0;
      for (Index b = 0; b < B; ++b) sum += x[b * K + k];
      return sum;
    };
    double everything = 0;
    for (Index b = 0; b < B; ++b) everything += of_row(b);
    check_values("sum", sum(x), {1}, [&](Index) { return everything; });
    check_values("row_sums", row_sums(x), {B}, of_row, 4e-6);
    check_values("column_sums", column_sums(x), {K}, of_column, 4e-6);
    check_values("row_means", row_means(x), {B}, [&](Index b) { return of_row(b) / static_cast<double>(K); });
    if (B == 0) continue;
    check_values("mean", mean(x), {1}, [&](Index) { return everything / static_cast<double>(B * K); });
    check_values("column_means", column_means(x), {K},
                 [&](Index k) { return of_column(k) / static_cast<double>(B); });
  }
  CHECK(sum(Tensor::full({1'000'003}, Real(0.1))).item() == doctest::Approx(100000.3).epsilon(1e-4));
  CHECK(contains(message([] { mean(Tensor::zeros({0, 3})); }), {"mean of no numbers"}));
  CHECK(contains(message([] { row_means(Tensor::zeros({3, 0})); }), {"row_means", "mean of no numbers"}));
  CHECK(contains(message([] {
                   column_means(Tensor::zeros({0, 3}));
                 }),
                 {"column_means", "mean of no numbers"}));
  CHECK(contains(message([] { row_sums(Var()); }), {"row_sums", "empty"}));
  CHECK(contains(message([] { column_sums(Var()); }), {"column_sums", "empty"}));
  CHECK(contains(message([] { row_means(Var()); }), {"row_means", "empty"}));
}

TEST_CASE("matrix products") {
  Rng rng(6);
  struct Sizes {
    Index m, k, n;
  };
  for (const auto [m, k, n] :
       {Sizes{1, 1, 1}, {1, 5, 3}, {4, 1, 1}, {7, 13, 11}, {5, 67, 65}, {130, 129, 131}, {0, 3, 2}}) {
    const Tensor a = Tensor::randn({m, k}, rng), b = Tensor::randn({k, n}, rng),
                 w = Tensor::randn({n, k}, rng), bias = Tensor::randn({n}, rng);
    check_values(
        "matmul", matmul(a, b), {m, n},
        [&, k = k, n = n](Index i) {
          double sum = 0;
          for (Index j = 0; j < k; ++j) sum += double{a[i / n * k + j]} * b[j * n + i % n];
          return sum;
        },
        1e-5);
    check_values(
        "linear", linear(a, w, bias), {m, n},
        [&, k = k, n = n](Index i) {
          double sum = bias[i % n];
          for (Index j = 0; j < k; ++j) sum += double{a[i / n * k + j]} * w[i % n * k + j];
          return sum;
        },
        1e-5);
  }
  const Tensor x = Tensor::zeros({2, 3}), w = Tensor::zeros({5, 3}), b = Tensor::zeros({5}),
               cube = Tensor::zeros({2, 3, 1});
  CHECK(contains(message([&] { matmul(x, x); }), {"matmul", "[2, 3]", "inner"}));
  CHECK(contains(message([&] { matmul(cube, x); }), {"matmul", "a must have 2 axes", "[2, 3, 1]"}));
  CHECK(contains(message([&] { matmul(x, b); }), {"matmul", "b must have 2 axes", "[5]"}));
  CHECK(contains(message([&] { linear(cube, w, b); }), {"linear", "x must have 2 axes", "[2, 3, 1]"}));
  CHECK(contains(message([&] { linear(x, b, b); }), {"linear", "w must have 2 axes", "[5]"}));
  CHECK(contains(message([&] {
                   linear(x, Tensor::zeros({3, 5}), b);
                 }),
                 {"linear", "[2, 3]", "[3, 5]", "share I"}));
  CHECK(contains(message([&] { linear(x, w, Tensor::zeros({3})); }), {"linear", "[5, 3]", "got [3]"}));
}

TEST_CASE("reshape and transpose") {
  Rng rng(7);
  const Tensor x = Tensor::randn({2, 6}, rng);
  const Var y = reshape(x, {3, 4});
  CHECK(y.shape() == Shape{3, 4});
  CHECK(y.value().data() == x.data());
  CHECK(contains(message([&] { reshape(x, {5}); }), {"reshape", "[2, 6]", "[5]"}));
  for (const Shape& shape :
       {Shape{1, 1}, Shape{1, 5}, Shape{7, 13}, Shape{16, 33}, Shape{131, 127}, Shape{0, 5}}) {
    const Tensor t = Tensor::randn(shape, rng);
    const Index M = shape[0], N = shape[1];
    check_values(
        "transpose", transpose(t), {N, M}, [&](Index i) { return t[i % M * N + i / M]; }, 0);
  }
  CHECK(contains(message([] { transpose(Tensor::zeros({2, 3, 4})); }), {"transpose", "2 axes", "[2, 3, 4]"}));
}

TEST_CASE("concat and slice along every axis") {
  const Tensor a = Tensor::of({2, 2}, {1, 2, 3, 4}), b = Tensor::of({2, 1}, {5, 6});
  CHECK(numbers(concat({a, b}, 1)) == std::vector<Real>{1, 2, 5, 3, 4, 6});
  CHECK(numbers(concat({a, Tensor::of({1, 2}, {7, 8})}, 0)) == std::vector<Real>{1, 2, 3, 4, 7, 8});
  CHECK(numbers(slice(a, 1, 1, 2)) == std::vector<Real>{2, 4});
  CHECK(numbers(slice(a, 0, 1, 2)) == std::vector<Real>{3, 4});
  CHECK(slice(a, 1, 1, 2).shape() == Shape{2, 1});

  Rng rng(8);
  for (const Shape& shape : {Shape{7}, Shape{3, 5}, Shape{2, 3, 5}, Shape{2, 3, 4, 5}, Shape{130, 128}}) {
    const Tensor x = Tensor::randn(shape, rng);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Index size = shape[axis], cut = size / 2;
      const Var first = slice(x, axis, 0, cut), second = slice(x, axis, cut, size);
      CHECK(first.dim(axis) == cut);
      CHECK(numbers(concat({first, second}, axis)) == numbers(x));  // split and joined
      // By definition, element by element: indices along the axis are shifted by `cut`.
      Index inner = 1;
      for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
      const Index rest = size - cut;
      check_values(
          "slice", second, second.shape(),
          [&](Index i) { return x[(i / (rest * inner) * size + cut) * inner + i % (rest * inner)]; }, 0);
    }
  }
  const std::vector<Var> none;
  CHECK(contains(message([&] { concat(none, 0); }), {"concat", "at least one"}));
  CHECK(contains(message([&] {
                   concat({a, Tensor::zeros({3, 1})}, 1);
                 }),
                 {"concat", "axis 1", "[2, 2]", "[3, 1]"}));
  CHECK(contains(message([&] { concat({a, Tensor::zeros({2})}, 0); }), {"concat", "[2, 2]", "[2]"}));
  CHECK(contains(message([&] { concat({a}, 2); }), {"concat", "axis 2", "[2, 2]"}));
  CHECK(contains(message([&] { concat({a}, -3); }), {"concat", "axis -3", "back from -1"}));
  for (const auto [axis, begin, end] : {std::array{0, 0, 3}, {1, -1, 1}, {0, 2, 1}, {2, 0, 1}, {-3, 0, 1}})
    CHECK(contains(message([&, i = axis, from = begin, to = end] { slice(a, i, from, to); }),
                   {"slice", "[2, 2]"}));
}

TEST_CASE("losses have one value per example") {
  Rng rng(9);
  for (const Shape& shape : any_rank) {
    const Shape batch{shape[0]};
    const Tensor y = Tensor::randn(shape, rng), t = Tensor::randn(shape, rng), v = Tensor::randn(shape, rng),
                 pixels = Tensor::uniform(shape, rng);
    const auto by_row = [&](auto f) { return [&, f](Index b) { return row_sum(shape, b, f); }; };
    check_values("squared_error", squared_error(y, t), batch,
                 by_row([&](Index i) { return (double{y[i]} - t[i]) * (double{y[i]} - t[i]); }), 4e-6);
    check_values("l1_error", l1_error(y, t), batch,
                 by_row([&](Index i) { return std::abs(double{y[i]} - t[i]); }), 4e-6);
    check_values(
        "bernoulli_nll", bernoulli_nll(y, pixels), batch, by_row([&](Index i) {
          return -(pixels[i] * std::log(sigma(y[i])) + (1.0 - pixels[i]) * std::log(1 - sigma(y[i])));
        }),
        4e-6);
    check_values("gaussian_nll", gaussian_nll(y, v, t), batch, by_row([&](Index i) {
                   const double difference = double{t[i]} - y[i];
                   return 0.5 * (std::log(2 * std::numbers::pi) + v[i] +
                                 difference * difference / std::exp(double{v[i]}));
                 }),
                 4e-6);
  }
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 5}, Shape{7, 13}, Shape{3, 67}, Shape{131, 127}}) {
    const Tensor x = Tensor::randn(shape, rng, 0, 3);
    std::vector<int> labels;
    for (Index b = 0; b < shape[0]; ++b) labels.push_back(static_cast<int>((b * 5 + 2) % shape[1]));
    check_values("cross_entropy", cross_entropy(x, labels), {shape[0]}, [&](Index b) {
      return std::log(row_sum(shape, b, [&](Index i) { return std::exp(double{x[i]}); })) -
             x[b * shape[1] + labels[static_cast<std::size_t>(b)]];
    });
  }
}

TEST_CASE("losses and their gradients stay finite at extreme inputs") {
  const Tensor far = Tensor::of({2, 3}, {10000, -10000, 0, -10000, 10000, 88});
  const auto finite_gradient = [&](auto loss) {
    Parameter x(far.clone());
    Tape tape;
    const Var l = loss(x);
    tape.backward(sum(l));
    return all_finite(l) && all_finite(x.grad);
  };
  for (const Real t : {Real(0), Real(1), Real(0.5)})
    CHECK(finite_gradient([&](Parameter& x) { return bernoulli_nll(x, Tensor::full({2, 3}, t)); }));
  for (const int label : {0, 1, 2}) {
    const std::vector<int> labels{label, label};
    CHECK(finite_gradient([&](Parameter& x) { return cross_entropy(x, labels); }));
  }
  CHECK(finite_gradient([](Parameter& x) { return row_sums(softmax(x)); }));
  CHECK(finite_gradient([](Parameter& x) { return row_sums(log_softmax(x)); }));
  CHECK(finite_gradient([](Parameter& x) { return row_sums(softplus(x)); }));
  CHECK(finite_gradient([](Parameter& x) { return row_sums(sigmoid(x)); }));
  CHECK(finite_gradient([](Parameter& x) { return row_sums(gradus::tanh(x)); }));
  CHECK(bernoulli_nll(Tensor::of({2}, {10000, -10000}), Tensor::of({2}, {0, 1})).value()[1] == 10000);
  CHECK(bernoulli_nll(Tensor::of({2}, {10000, -10000}), Tensor::of({2}, {1, 0})).value()[1] == 0);
  const int label = 1;
  CHECK(cross_entropy(Tensor::of({1, 2}, {10000, -10000}), std::span(&label, 1)).item() == 20000);
}

TEST_CASE("losses refuse inputs that do not fit") {
  const Tensor x = Tensor::zeros({2, 3}), y = Tensor::zeros({2}), column = Tensor::zeros({2, 1});
  CHECK(contains(message([&] { squared_error(x, y); }), {"squared_error", "[2, 3]", "[2]"}));
  CHECK(contains(message([&] { l1_error(column, y); }), {"l1_error", "[2, 1]", "[2]"}));
  CHECK(contains(message([&] { bernoulli_nll(x, column); }), {"bernoulli_nll", "[2, 3]", "[2, 1]"}));
  CHECK(contains(message([&] { gaussian_nll(x, column, x); }), {"gaussian_nll", "logvar", "[2, 1]"}));
  CHECK(contains(message([&] { gaussian_nll(x, x, y); }), {"gaussian_nll", "target", "[2]"}));
  CHECK(contains(message([&] { squared_error(Var(), Var()); }), {"squared_error", "empty"}));
  CHECK(contains(message([&] { bernoulli_nll(Var(), Tensor()); }), {"bernoulli_nll", "empty"}));
  const auto entropy = [&](const Tensor& logits, const std::vector<int>& labels) {
    return message([&] { cross_entropy(logits, labels); });
  };
  CHECK(contains(entropy(y, {0, 0}), {"cross_entropy", "2 axes", "[2]"}));
  CHECK(contains(entropy(x, {0}), {"cross_entropy", "[2, 3]", "2 labels", "got 1"}));
  CHECK(contains(entropy(x, {0, 3}), {"cross_entropy", "label 3", "0 .. 2"}));
  CHECK(contains(entropy(x, {-1, 0}), {"cross_entropy", "label -1"}));
}

TEST_CASE("dropout: zeros at the given rate, the rest scaled") {
  for (const Real p : {Real(0), Real(0.2), Real(0.75)}) {
    Rng rng(10);
    const Tensor x = Tensor::full({200, 100}, 3);
    const Var y = dropout(x, p, rng);
    Index zeros = 0;
    bool scaled = true;
    for (const Real v : y.value().values()) {
      zeros += v == 0;
      scaled = scaled && (v == 0 || std::abs(v - 3 / (1 - p)) < 1e-5);
    }
    CAPTURE(p);
    CHECK(scaled);
    CHECK(std::abs(static_cast<double>(zeros) - 20000 * p) <= 4 * std::sqrt(20000 * p * (1 - p)));
  }
  Rng rng(11);
  CHECK(contains(message([&] { dropout(Tensor::zeros({1}), 1, rng); }), {"dropout", "[0, 1)", "1"}));
  CHECK(contains(message([&] { dropout(Tensor::zeros({1}), Real(-0.5), rng); }), {"dropout", "-0.5"}));
}
