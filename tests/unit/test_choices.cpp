// Numbers before an operator, elementwise choices, reductions over one axis,
// one number per channel and example.
#include <cmath>
#include <limits>

#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/reduction.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();
const Real no_number = std::numeric_limits<Real>::quiet_NaN();
using Values = std::vector<Real>;

Values values(const Var& x) { return numbers(x.value()); }

/// The gradients of sum(f(a, b)).
template <class F>
std::vector<Values> gradients(F f, const Tensor& a, const Tensor& b) {
  Parameter p(a), q(b);
  Tape tape;
  tape.backward(sum(f(Var(p), Var(q))));
  return {numbers(p.grad), numbers(q.grad)};
}

}  // namespace

TEST_CASE("a number may be on either side of an operator") {
  const Var x(Tensor::of({2}, {2, -4}));
  CHECK(values(1 + x) == Values{3, -3});
  CHECK(values(x + 1) == Values{3, -3});
  CHECK(values(1 - x) == Values{-1, 5});
  CHECK(values(2 * x) == Values{4, -8});
  CHECK(values(1 / x) == Values{Real(0.5), Real(-0.25)});
  CHECK(values(8.0 / x) == Values{4, -2});
  CHECK(values(1 / Var(Tensor::zeros({1}))) == Values{infinity});
  Parameter p(Tensor::of({2}, {2, -4}));
  Tape tape;
  tape.backward(sum(8 / Var(p)));
  CHECK(numbers(p.grad) == Values{-2, Real(-0.5)});  // -8 / x^2
}

TEST_CASE("pow with a number as exponent") {
  const Var x(Tensor::of({4}, {4, 1, 0, -2}));
  CHECK(values(pow(x, 2)) == Values{16, 1, 0, 4});
  CHECK(values(pow(x, 0)) == Values{1, 1, 1, 1});
  CHECK(values(pow(x, -1)) == Values{Real(0.25), 1, infinity, Real(-0.5)});
  CHECK(std::isnan(pow(x, Real(0.5)).value()[3]));
  const auto slope = [](Real at, Real exponent) {
    return gradients([=](const Var& a, const Var& b) { return pow(a, exponent) + b; }, Tensor::of({1}, {at}),
                     Tensor::zeros({1}))[0][0];
  };
  CHECK(slope(-2, 3) == 12);
  CHECK(slope(4, Real(0.5)) == Real(0.25));
  CHECK(slope(0, 0) == 0);  // not 0 times infinity
  CHECK(slope(0, 1) == 1);
  CHECK(slope(0, 2) == 0);
}

TEST_CASE("maximum and minimum: the gradient goes to the chosen input, ties share it") {
  const Tensor a = Tensor::of({4}, {1, 5, 2, -infinity}), b = Tensor::of({4}, {3, 4, 2, 7});
  CHECK(values(maximum(a, b)) == Values{3, 5, 2, 7});
  CHECK(values(minimum(a, b)) == Values{1, 4, 2, -infinity});
  CHECK(gradients(maximum, a, b) == std::vector<Values>{{0, 1, Real(0.5), 0}, {1, 0, Real(0.5), 1}});
  CHECK(gradients(minimum, a, b) == std::vector<Values>{{1, 0, Real(0.5), 1}, {0, 1, Real(0.5), 0}});
  for (const auto& op : {maximum, minimum}) {
    CHECK(std::isnan(op(Tensor::of({1}, {no_number}), Tensor::of({1}, {1})).item()));
    CHECK(std::isnan(op(Tensor::of({1}, {1}), Tensor::of({1}, {no_number})).item()));
  }
  CHECK(contains(message([&] { maximum(a, Tensor::zeros({1})); }), {"maximum", "[4] and [1]"}));
  CHECK(contains(message([&] { minimum(a, Tensor::zeros({4, 1})); }), {"minimum", "[4] and [4, 1]"}));
}

TEST_CASE("where: the input that is not chosen has no effect, even if NaN") {
  const Tensor mask = Tensor::of({4}, {1, 0, -2, 0}), a = Tensor::of({4}, {1, no_number, 3, infinity}),
               b = Tensor::of({4}, {no_number, 20, infinity, 40});
  CHECK(values(where(mask, a, b)) == Values{1, 20, 3, 40});
  const auto f = [&](const Var& u, const Var& v) { return where(mask, u, v); };
  CHECK(gradients(f, a, b) == std::vector<Values>{{1, 0, 1, 0}, {0, 1, 0, 1}});
  const auto log_or_zero = [&](const Var& u, const Var& v) {
    return where(Tensor::of({4}, {1, 0, 1, 0}), log(u), v);  // the usual guard around a logarithm
  };
  CHECK(values(log_or_zero(Tensor::of({4}, {1, -1, 1, -1}), Tensor::zeros({4}))) == Values{0, 0, 0, 0});
  CHECK(contains(message([&] { where(mask, a, Tensor::zeros({1})); }), {"where", "[4] and [1]"}));
  CHECK(contains(message([&] { where(Tensor::zeros({2}), a, b); }), {"where", "[2] and [4]"}));
}

TEST_CASE("sum and mean over one axis, which is removed") {
  Tensor x({2, 3, 2});
  for (Index i = 0; i < 12; ++i) x[i] = static_cast<Real>(i);
  CHECK(sum(x, 0).shape() == Shape{3, 2});
  CHECK(values(sum(x, 0)) == Values{6, 8, 10, 12, 14, 16});
  CHECK(sum(x, 1).shape() == Shape{2, 2});
  CHECK(values(sum(x, 1)) == Values{6, 9, 24, 27});
  CHECK(sum(x, 2).shape() == Shape{2, 3});
  CHECK(values(mean(x, 2)) == Values{Real(0.5), Real(2.5), Real(4.5), Real(6.5), Real(8.5), Real(10.5)});
  CHECK(mean(Tensor::of({4}, {1, 2, 3, 4}), 0).shape() == Shape{1});
  CHECK(mean(Tensor::of({4}, {1, 2, 3, 4}), 0).item() == Real(2.5));
  CHECK(values(sum(Tensor::zeros({2, 0}), 1)) == Values{0, 0});
  CHECK(sum(Tensor::zeros({2, 0, 3}), 2).shape() == Shape{2, 0});
  CHECK(contains(message([&] { mean(x, 3); }), {"mean: x [2, 3, 2] has no axis 3", "counted from 0"}));
  CHECK(contains(message([&] { sum(x, -4); }), "has no axis -4"));
  CHECK(contains(message([&] { mean(Tensor::zeros({2, 0}), 1); }), "mean of no numbers"));
  CHECK(contains(message([&] { sum(Tensor(), 0); }), "has no axis 0"));
}

/// x_oni of x read as [outer, N, inner] along `axis`, and y_oi of the result.
struct AlongAxis {
  Index outer = 1, N = 1, inner = 1;
  AlongAxis(const Shape& shape, int axis) : N(shape[axis]) {
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
  }
  Index at(Index o, Index n, Index i) const { return (o * N + n) * inner + i; }
};

TEST_CASE("log_sum_exp along one axis equals its definition, and infinities give the limits") {
  Rng rng(2);
  const Tensor x = Tensor::randn({3, 5, 2, 7}, rng, 0, 4);
  for (int axis = 0; axis < 4; ++axis) {
    const Tensor y = log_sum_exp(x, axis).value();
    const AlongAxis along(x.shape(), axis);
    REQUIRE(y.shape() == x.shape().without_axis(axis));
    for (Index o = 0; o < along.outer; ++o)
      for (Index i = 0; i < along.inner; ++i) {
        double sum = 0;
        for (Index n = 0; n < along.N; ++n) sum += std::exp(double{x[along.at(o, n, i)]});
        CHECK(y[o * along.inner + i] == doctest::Approx(std::log(sum)).epsilon(1e-6));
      }
  }
  CHECK(log_sum_exp(Tensor::of({3}, {1, 2, 3})).item() == doctest::Approx(3.4076059644).epsilon(1e-6));
  CHECK(log_sum_exp(Tensor::of({2}, {1000, 1000})).item() == doctest::Approx(1000.6931472).epsilon(1e-6));
  CHECK(log_sum_exp(Tensor::of({2}, {-infinity, -infinity})).item() == -infinity);
  CHECK(log_sum_exp(Tensor::of({2}, {infinity, 0})).item() == infinity);
  CHECK(std::isnan(log_sum_exp(Tensor::of({2}, {infinity, no_number})).item()));
  Parameter p(Tensor::of({1, 3}, {1, 2, 3}));
  Tape tape;
  tape.backward(log_sum_exp(p));
  for (Index k = 0; k < 3; ++k)
    CHECK(p.grad[k] == doctest::Approx(std::exp(k + 1 - 3.4076059644)).epsilon(1e-6));  // softmax
  CHECK(contains(message([&] { log_sum_exp(x, 4); }), "log_sum_exp: x [3, 5, 2, 7] has no axis 4"));
  CHECK(contains(message([&] { log_sum_exp(Tensor::zeros({2, 0})); }), "log_sum_exp: axis -1 of x [2, 0]"));
}

TEST_CASE("max and argmax: the first of equal elements, NaN first of all; the gradient goes there") {
  Rng rng(3);
  const Tensor x = Tensor::randn({3, 5, 2, 7}, rng);
  for (int axis = 0; axis < 4; ++axis) {
    const Tensor y = gradus::max(x, axis).value();
    const std::vector<int> places = argmax(x, axis - 4);
    const AlongAxis along(x.shape(), axis);
    REQUIRE(y.shape() == x.shape().without_axis(axis));
    for (Index o = 0; o < along.outer; ++o)
      for (Index i = 0; i < along.inner; ++i) {
        Index best = 0;
        for (Index n = 1; n < along.N; ++n)
          if (x[along.at(o, n, i)] > x[along.at(o, best, i)]) best = n;
        CHECK(places[std::size_t(o * along.inner + i)] == best);
        CHECK(y[o * along.inner + i] == x[along.at(o, best, i)]);
      }
  }
  const Tensor ties = Tensor::of({3, 3}, {2, 7, 7, no_number, 9, no_number, -infinity, -infinity, -infinity});
  CHECK(argmax(ties, 1) == std::vector<int>{1, 0, 0});
  CHECK(std::isnan(gradus::max(ties, 1).value()[1]));
  Parameter p(ties.clone());
  Tape tape;
  tape.backward(sum(gradus::max(p, 1) * Var(Tensor::of({3}, {1, 2, 3}))));
  CHECK(numbers(p.grad) == Values{0, 1, 0, 2, 0, 0, 3, 0, 0});
  CHECK(contains(message([&] { gradus::max(x, -5); }), "max: x [3, 5, 2, 7] has no axis -5"));
  CHECK(contains(message([&] { argmax(Tensor::zeros({0, 2}), 0); }), "argmax: axis 0 of x [0, 2]"));
  CHECK(argmax(Tensor::zeros({0, 2}), 1).empty());
}

TEST_CASE("add_channels and multiply_channels: one number per channel of each example") {
  const Tensor x = Tensor::of({2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
               v = Tensor::of({2, 2}, {10, 20, 30, 40});
  CHECK(values(add_channels(x, v)) == Values{11, 22, 13, 24, 35, 46, 37, 48});
  CHECK(values(multiply_channels(x, v)) == Values{10, 40, 30, 80, 150, 240, 210, 320});
  CHECK(values(add_channels(x.reshape({2, 2, 2}), v)) == values(add_channels(x, v)));
  CHECK(values(multiply_channels(v, v)) == values(v * v));
  CHECK(gradients(add_channels, x, v) == std::vector<Values>{Values(8, 1), {2, 2, 2, 2}});
  CHECK(gradients(multiply_channels, x, v) ==
        std::vector<Values>{{10, 20, 10, 20, 30, 40, 30, 40}, {4, 6, 12, 14}});
  CHECK(add_channels(Tensor::zeros({0, 3, 3, 2}), Tensor::zeros({0, 2})).shape() == Shape{0, 3, 3, 2});
  CHECK(add_channels(Tensor::zeros({2, 0, 3, 2}), Tensor::zeros({2, 2})).shape() == Shape{2, 0, 3, 2});
  for (const Shape& wrong : {Shape{2}, Shape{1, 2}, Shape{2, 1}, Shape{2, 1, 2}})
    CHECK(contains(message([&] { add_channels(x, Tensor::zeros(wrong)); }),
                   {"add_channels: x [2, 1, 2, 2]", "shape [B, C], got " + wrong.str()}));
  CHECK(contains(message([&] { multiply_channels(Tensor::zeros({4}), v); }), "multiply_channels: x [4]"));
}

TEST_CASE("choices, axes and channels give the same bits at any number of threads") {
  Rng rng(1);
  const std::vector<Tensor> pair{Tensor::randn({7, 31, 9, 17}, rng), Tensor::randn({7, 31, 9, 17}, rng)},
      channels{pair[0], Tensor::randn({7, 17}, rng)};
  using Vars = std::span<const Var>;
  CHECK(same_bits_at_any_threads(
      [&] { return value_and_gradients([](Vars v) { return maximum(v[0], v[1]); }, pair); }));
  CHECK(same_bits_at_any_threads(
      [&] { return value_and_gradients([](Vars v) { return multiply_channels(v[0], v[1]); }, channels); }));
  for (int axis = 0; axis < 4; ++axis)
    CHECK(same_bits_at_any_threads(
        [&] { return value_and_gradients([=](Vars v) { return mean(v[0], axis); }, {pair[0]}); }));
  for (int axis = 0; axis < 4; ++axis)
    CHECK(same_bits_at_any_threads([&] {
      return value_and_gradients([=](Vars v) { return log_sum_exp(v[0], axis) + gradus::max(v[0], axis); },
                                 {pair[0]});
    }));
}
