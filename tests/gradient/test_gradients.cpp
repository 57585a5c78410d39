// Every op's backward compared with differences of its forward, in double, at odd shapes.
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gradients.hpp"
#include "gradus/base/check.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/dropout.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"

using namespace gradus;

namespace {

/// A single number, prime sizes, more than a block of 64 columns,
/// more than a chunk of 4096 and enough for several threads.
const std::vector<Shape> matrices{{1, 1}, {1, 5}, {5, 1}, {7, 13}, {3, 67}, {131, 127}};
const std::vector<Shape> any_rank{{1},     {1, 1},    {5},          {1, 5},     {7, 13},
                                  {3, 67}, {2, 3, 5}, {3, 2, 1, 5}, {131, 127}, {2, 3, 59, 53}};

Tensor random(const Shape& shape, Rng& rng) { return Tensor::randn(shape, rng); }

Tensor positive(const Shape& shape, Rng& rng) { return Tensor::uniform(shape, rng, Real(0.5), 2); }

/// Random numbers at a distance of at least 0.01 from every kink.
Tensor away_from(const Shape& shape, Rng& rng, std::vector<Real> kinks) {
  Tensor x = random(shape, rng);
  for (Real& v : x.values())
    for (const Real kink : kinks)
      if (std::abs(v - kink) < Real(0.01)) v = kink + (v < kink ? Real(-0.02) : Real(0.02));
  return x;
}

using Maker = Tensor (*)(const Shape&, Rng&);

void check_unary(const std::string& name, Var (*op)(const Var&), const std::vector<Shape>& shapes,
                 Maker make = random) {
  Rng rng(7);
  for (const Shape& shape : shapes) check(name, [=](Vars x) { return op(x[0]); }, {make(shape, rng)});
}

void check_binary(const std::string& name, Var (*op)(const Var&, const Var&), Maker make = random) {
  Rng rng(8);
  for (const Shape& shape : any_rank)
    check(name, [=](Vars x) { return op(x[0], x[1]); }, {random(shape, rng), make(shape, rng)});
}

Tensor off_zero(const Shape& shape, Rng& rng) { return away_from(shape, rng, {0}); }

/// y = x^2 with a derivative factor that should be 2, and one element that can be changed.
struct Mistaken {
  Real factor;
  Real extra;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    x = x_in;
    Tensor y(x.shape());
    for (Index i = 0; i < x.size(); ++i) y[i] = x[i] * x[i];
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx(x.shape());
    for (Index i = 0; i < x.size(); ++i) dx[i] = factor * x[i] * dy[i];
    dx[x.size() - 1] += extra;
    return {dx};
  }
};

}  // namespace

TEST_CASE("gradcheck detects mistakes") {
  const auto error = [](Real factor, Real extra, const Shape& shape) {
    Rng rng(1);
    const Tensor x = Tensor::uniform(shape, rng, 1, 2);
    return gradcheck([=](Vars v) { return record(Mistaken{factor, extra}, v[0]); }, {x}).error;
  };
  CHECK(error(2, 0, {7, 13}) < 1e-9);
  CHECK(error(1, 0, {7, 13}) > 0.4);
  CHECK(error(-2, 0, {1}) > 0.9);
  CHECK(error(Real(2.0001), 0, {3}) > 1e-5);
  CHECK(error(2, Real(0.01), {7, 13}) > 1e-3);  // in a single element
  CHECK(std::isinf(error(std::numeric_limits<Real>::quiet_NaN(), 0, {3})));
  CHECK(std::isinf(error(2, std::numeric_limits<Real>::quiet_NaN(), {3})));
  CHECK(std::isinf(error(2, std::numeric_limits<Real>::infinity(), {3})));
}

TEST_CASE("gradcheck reports the position, and complains when no gradient arrives") {
  Rng rng(1);
  const Tensor x = Tensor::of({3}, {1, 2, 3});
  const auto result = gradcheck([](Vars v) { return record(Mistaken{2, 5}, v[0]); }, {x});
  CHECK(result.where.find("input 0, element 2") != std::string::npos);
  CHECK_THROWS_AS(gradcheck([](Vars v) { return v[0] * v[1].detach(); }, {x, x}), Error);
  CHECK_THROWS_AS(gradcheck([](Vars v) { return v[0].detach(); }, {x}), Error);

  // With probes, only that many elements are checked, or all when there are no more.
  int runs = 0;
  const Function counted = [&](Vars v) {
    ++runs;
    return square(v[0]);
  };
  gradcheck(counted, {Tensor::zeros({100})}, 1e-5, 1, 7);
  CHECK(runs == 1 + 2 * 7);
  runs = 0;
  gradcheck(counted, {Tensor::zeros({5})}, 1e-5, 1, 7);
  CHECK(runs == 1 + 2 * 5);
  CHECK(x[0] == 1);
}

TEST_CASE("arithmetic") {
  check_binary("add", add);
  check_binary("subtract", subtract);
  check_binary("multiply", multiply);
  check_binary("divide", divide, positive);
  check_unary("exp", gradus::exp, any_rank);
  check_unary("log", gradus::log, any_rank, positive);
  check_unary("sqrt", gradus::sqrt, any_rank, positive);
  check_unary("square", square, any_rank);
  check_unary("abs", gradus::abs, any_rank, off_zero);
  check_unary(
      "affine", [](const Var& x) { return affine(x, Real(-1.7), Real(0.3)); }, any_rank);
  check_unary(
      "affine, factor 1", [](const Var& x) { return affine(x, 1, 3); }, any_rank);
  check_unary(
      "clamp", [](const Var& x) { return clamp(x, Real(-0.5), Real(0.75)); }, any_rank,
      [](const Shape& shape, Rng& rng) {
        return away_from(shape, rng, {Real(-0.5), Real(0.75)});
      });
}

TEST_CASE("operators") {
  const auto f = [](Vars v) {
    const Var &a = v[0], &b = v[1];
    return (2 * a + b * 3 - a / 4 + 5) * (1 - b) / (square(a) + 2) - (-a) * (b - 1);
  };
  Rng rng(2);
  for (const Shape& shape : any_rank) check("operators", f, {random(shape, rng), random(shape, rng)});
}

TEST_CASE("activations") {
  check_unary("relu", relu, any_rank, off_zero);
  check_unary(
      "leaky_relu", [](const Var& x) { return leaky_relu(x, Real(0.1)); }, any_rank, off_zero);
  check_unary("sigmoid", sigmoid, any_rank);
  check_unary("tanh", gradus::tanh, any_rank);
  check_unary("softplus", softplus, any_rank);
  check_unary("softmax", softmax, any_rank);
  check_unary("log_softmax", log_softmax, any_rank);
  Rng rng(4);
  const Tensor far = Tensor::randn({3, 5}, rng, 0, 30);  // where naive formulas overflow
  for (auto op : {sigmoid, gradus::tanh, softplus, softmax, log_softmax})
    check("far from zero", [=](Vars v) { return op(v[0]); }, {far});
}

TEST_CASE("broadcasts") {
  Rng rng(3);
  struct Named {
    const char* name;
    Var (*op)(const Var&, const Var&);
    int along;  // 0 row, 1 column, 2 scalar
  };
  for (const Named& n : {Named{"add_row", add_row, 0},
                         {"multiply_row", multiply_row, 0},
                         {"add_column", add_column, 1},
                         {"multiply_column", multiply_column, 1},
                         {"add_scalar", add_scalar, 2},
                         {"multiply_scalar", multiply_scalar, 2}})
    for (const Shape& shape : any_rank) {
      const Index second = n.along == 0 ? shape.row_size() : n.along == 1 ? shape[0] : 1;
      check(n.name, [op = n.op](Vars x) { return op(x[0], x[1]); },
            {random(shape, rng), random({second}, rng)});
    }
}

TEST_CASE("reductions") {
  check_unary("sum", sum, any_rank);
  check_unary("mean", mean, any_rank);
  check_unary(
      "row_sums", [](const Var& x) { return row_sums(x); }, any_rank);
  check_unary("row_means", row_means, any_rank);
  check_unary(
      "column_sums", [](const Var& x) { return column_sums(x); }, any_rank);
  check_unary("column_means", column_means, any_rank);
}

TEST_CASE("matrix products") {
  Rng rng(5);
  struct Sizes {
    Index m, k, n;
  };
  for (const auto [m, k, n] :
       {Sizes{1, 1, 1}, {1, 5, 3}, {4, 1, 1}, {7, 13, 11}, {5, 67, 65}, {130, 129, 131}}) {
    check("matmul", [](Vars x) { return matmul(x[0], x[1]); }, {random({m, k}, rng), random({k, n}, rng)});
    check("linear", [](Vars x) { return linear(x[0], x[1], x[2]); },
          {random({m, k}, rng), random({n, k}, rng), random({n}, rng)});
  }
}

TEST_CASE("ops that move numbers") {
  Rng rng(6);
  check_unary("transpose", transpose, {{1, 1}, {1, 5}, {7, 13}, {17, 67}, {33, 16}, {131, 127}});
  check_unary(
      "reshape", [](const Var& x) { return square(reshape(x, {x.size()})); }, any_rank);
  for (const Shape& shape : {Shape{4}, Shape{3, 5}, Shape{2, 3, 5}, Shape{2, 3, 4, 5}, Shape{130, 128}})
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Function join = [axis](Vars x) { return concat({x[0], x[1], x[2]}, axis); };
      const Function twice = [axis](Vars x) { return square(concat({x[0], x[1], x[0]}, axis)); };
      const auto with = [&](Index size) {  // this shape with another size of the axis
        std::array<Index, 4> sizes{};
        for (int i = 0; i < shape.rank(); ++i)
          sizes[static_cast<std::size_t>(i)] = i == axis ? size : shape[i];
        const auto [a, b, c, d] = sizes;
        return shape.rank() == 1   ? Shape{a}
               : shape.rank() == 2 ? Shape{a, b}
               : shape.rank() == 3 ? Shape{a, b, c}
                                   : Shape{a, b, c, d};
      };
      const Tensor x = random(shape, rng), one = random(with(1), rng), three = random(with(3), rng);
      const std::string name = " along axis " + std::to_string(axis);
      check("concat" + name, join, {x, one, three});
      check("concat, one twice," + name, twice, {x, one});
      const Index size = shape[axis];
      check("slice" + name, [=](Vars v) { return slice(v[0], axis, 0, 1); }, {x});
      check("slice" + name, [=](Vars v) { return slice(v[0], axis, size - 1, size); }, {x});
      check("slice" + name, [=](Vars v) { return slice(v[0], axis, 0, size); }, {x});
      check("slice" + name, [=](Vars v) { return square(slice(v[0], axis, 1, size)); }, {x});
    }
}

TEST_CASE("losses") {
  Rng rng(9);
  constexpr double step = 1e-4;  // a sum of thousands of terms is too inaccurate for a smaller step
  for (const Shape& shape : any_rank) {
    const Tensor target = random(shape, rng), offset = off_zero(shape, rng);
    Tensor y(shape);
    for (Index i = 0; i < y.size(); ++i) y[i] = target[i] + offset[i];
    check(
        "squared_error", [](Vars x) { return squared_error(x[0], x[1]); }, {y, target}, step);
    check(
        "l1_error", [](Vars x) { return l1_error(x[0], x[1]); }, {y, target}, step);
    const Tensor pixels = Tensor::uniform(shape, rng);
    check(
        "bernoulli_nll", [=](Vars x) { return bernoulli_nll(x[0], pixels); }, {random(shape, rng)}, step);
    check(
        "gaussian_nll", [=](Vars x) { return gaussian_nll(x[0], x[1], target); },
        {random(shape, rng), random(shape, rng)}, step);
  }
  for (const Shape& shape : matrices) {
    std::vector<int> labels;
    for (Index b = 0; b < shape[0]; ++b) labels.push_back(static_cast<int>((b * 5 + 2) % shape[1]));
    check("cross_entropy", [=](Vars x) { return cross_entropy(x[0], labels); }, {random(shape, rng)});
  }
}

TEST_CASE("dropout with the same mask each time") {
  for (const Real p : {Real(0), Real(0.3), Real(0.9)})
    for (const Shape& shape : any_rank) {
      Rng rng(10);
      const Function f = [=](Vars x) {
        Rng noise(3);
        return square(dropout(x[0], p, noise));
      };
      check("dropout", f, {random(shape, rng)});
    }
}

TEST_CASE("a network with values used in several places") {
  Rng rng(11);
  const Tensor data = Tensor::uniform({6, 5}, rng), noise = random({6, 3}, rng);
  const Function f = [&](Vars p) {
    const Var h = gradus::tanh(linear(data, p[0], p[1]));
    const Var mu = matmul(h, p[2]), logvar = matmul(h, p[3]);
    const Var z = mu + gradus::exp(Real(0.5) * logvar) * noise;
    const Var y = linear(add_row(z, slice(p[1], 0, 0, 3)), transpose(p[4]), column_means(transpose(p[0])));
    const Var kl = Real(0.5) * (gradus::exp(logvar) + square(mu) - 1 - logvar);
    const Var joined = concat({softmax(z), log_softmax(mu)}, 1);
    return mean(bernoulli_nll(slice(y, 1, 0, 5), data)) + mean(row_sums(kl)) + mean(square(joined));
  };
  check(
      "network", f,
      {random({7, 5}, rng), random({7}, rng), random({7, 3}, rng), random({7, 3}, rng), random({3, 7}, rng)});
}
