// Numbers at their limits: long sums, large logits, sets of equal numbers, NaN and infinities,
// and the op in which the first of them occurred.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "gradus/base/fast_math.hpp"
#include "gradus/generative/divergence.hpp"
#include "gradus/generative/elbo.hpp"
#include "gradus/generative/gan_losses.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/broadcast.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/norm.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "gradus/optim/optimizer.hpp"
#include "threads.hpp"

using namespace gradus;

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();
constexpr Real no_number = std::numeric_limits<Real>::quiet_NaN();

/// dL/dx of L = sum f(x).
template <class F>
Tensor gradient_of(const Tensor& x, F f) {
  Parameter p(x.clone());
  Tape tape;
  tape.backward(sum(f(p)));
  return p.grad;
}

struct Checked {  // enables Tape::check_numbers during a test
  Checked() { Tape::check_numbers(true); }
  ~Checked() { Tape::check_numbers(false); }
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;
};

}  // namespace

TEST_CASE("sums of ones continue beyond 2^24") {
  constexpr Index n = (Index{1} << 24) + 4096;
  constexpr auto expected = static_cast<Real>(n);
  const Tensor row = Tensor::full({1, n}, 1), column = row.reshape({n, 1});
  CHECK(sum(row).item() == expected);
  CHECK(row_sums(row).item() == expected);
  CHECK(column_sums(column).item() == expected);
  CHECK(mean(row).item() == 1);
  CHECK(row_means(row).item() == doctest::Approx(1).epsilon(1e-6));
  CHECK(column_means(column).item() == doctest::Approx(1).epsilon(1e-6));
  CHECK(l1_error(row, Tensor::zeros({1, n})).value()[0] == expected);
  CHECK(squared_error(row, Tensor::zeros({1, n})).value()[0] == expected);
  CHECK(gradient_of(Tensor::zeros({1}), [&](Parameter& b) { return add_scalar(column, b); })[0] == expected);
  CHECK(gradient_of(Tensor::zeros({1}), [&](Parameter& b) { return add_row(column, b); })[0] == expected);
  CHECK(gradient_of(Tensor::zeros({1}), [&](Parameter& b) {
          return linear(column, Tensor::zeros({1, 1}), b);
        })[0] == expected);
  CHECK(gradient_of(Tensor::zeros({1, 1}),
                    [&](Parameter& w) { return linear(column, w, Tensor::zeros({1})); })[0] == expected);
  CHECK(matmul(row, column).item() == expected);
  const Tensor equal = Tensor::zeros({1, n});
  CHECK(log_softmax(equal).value()[7] == doctest::Approx(-std::log(double{expected})).epsilon(1e-6));
  CHECK(softmax(equal).value()[7] * expected == doctest::Approx(1).epsilon(1e-6));
  CHECK(importance_weighted_bound(equal).item() == doctest::Approx(0).epsilon(1e-6));
  const int label = 5;
  CHECK(cross_entropy(equal, std::span(&label, 1)).item() ==
        doctest::Approx(std::log(double{expected})).epsilon(1e-6));
}

TEST_CASE("the error of a long sum does not grow with its length") {
  constexpr Index n = 3'000'017;
  Tensor x = Tensor::full({1, n}, Real(0.1));
  const double exact = double{Real(0.1)} * double(n);
  for (const Var& y : {sum(x), row_sums(x), column_sums(x.reshape({n, 1}))})
    CHECK(y.item() == doctest::Approx(exact).epsilon(chains * 8e-6));  // 256 roundings of half a unit
  const Tensor picture = Tensor::full({1, 512, 512, 1}, Real(0.1));
  CHECK(average_pool2d(picture, 512, 512).item() == doctest::Approx(0.1).epsilon(2e-6));
  CHECK(pixel_norm(Tensor::full({1, n}, Real(0.1))).value()[0] == doctest::Approx(1).epsilon(chains * 3e-6));
  const Tensor rows = Tensor::zeros({300'017, 1});  // one set of numbers per row
  const Tensor shift = gradient_of(Tensor::zeros({1}), [&](Parameter& beta) {
    return affine(layer_norm(rows, Tensor::full({1}, 1), beta), Real(0.1), 0);
  });
  CHECK(shift[0] == doctest::Approx(double{Real(0.1)} * 300'017).epsilon(chains * 8e-6));  // as above
  Rng rng(1);
  const std::vector<Tensor> inputs{Tensor::randn({33, 3001}, rng)};
  for (auto op : {row_sums, column_sums, sum, mean, softmax, log_softmax})
    CHECK(same_bits_at_any_threads(
        [&] { return value_and_gradients([op](std::span<const Var> v) { return op(v[0]); }, inputs); }));
}

TEST_CASE("equal large logits get equal probabilities") {
  const double third = std::log(3.0);
  for (const Real size : {Real(1e3), Real(1e6), Real(1e8), Real(1e30), Real(-1e8)}) {
    CAPTURE(size);
    const Tensor x = Tensor::full({2, 3}, size);
    const std::vector<int> labels{0, 2};
    const Tensor logs = log_softmax(x).value(), p = softmax(x).value(),
                 losses = cross_entropy(x, labels).value();
    for (const Real v : logs.values()) CHECK(v == doctest::Approx(-third));
    for (const Real v : p.values()) CHECK(v == doctest::Approx(1.0 / 3));
    for (const Real v : losses.values()) CHECK(v == doctest::Approx(third));
    const Tensor d = gradient_of(x, [](Parameter& v) {
      return log_softmax(v) * Tensor::of({2, 3}, {1, 0, 0, 0, 0, 0});
    });
    CHECK(d[0] == doctest::Approx(2.0 / 3));
    CHECK(d[1] == doctest::Approx(-1.0 / 3));
    CHECK(d[4] == 0);
    CHECK(gradient_of(x, [&](Parameter& v) { return cross_entropy(v, labels); })[0] ==
          doctest::Approx(-2.0 / 3));
    CHECK(importance_weighted_bound(x).value()[1] == size);
    CHECK(gradient_of(x, importance_weighted_bound)[4] == doctest::Approx(1.0 / 3));
  }
  CHECK(log_softmax(Tensor::of({1, 2}, {0, -infinity})).value()[1] == -infinity);
}

TEST_CASE("bernoulli_nll and the GAN's cross entropies keep their digits and handle infinite logits") {
  const auto nll = [](Real logit, Real t) {
    return double{bernoulli_nll(Tensor::full({1}, logit), Tensor::full({1}, t)).item()};
  };
  const auto slope = [](Real logit, Real t) {
    return double{gradient_of(Tensor::full({1}, logit),
                              [t](Parameter& a) { return bernoulli_nll(a, Tensor::full({1}, t)); })[0]};
  };
  for (const double a : {3.0, 10.0, 16.0, 30.0, 80.0}) {
    CAPTURE(a);
    const auto logit = static_cast<Real>(a);
    const double small = std::log1p(std::exp(-a)), p = 1 / (1 + std::exp(a));
    CHECK(nll(logit, 1) == doctest::Approx(small).epsilon(1e-6));  // relative to a number near e^-a
    CHECK(nll(-logit, 0) == doctest::Approx(small).epsilon(1e-6));
    CHECK(nll(logit, 0) == doctest::Approx(a + small).epsilon(1e-6));
    CHECK(slope(logit, 1) == doctest::Approx(-p).epsilon(1e-6));
    CHECK(slope(-logit, 0) == doctest::Approx(p).epsilon(1e-6));
    CHECK(minimax_real_loss(Tensor::full({1}, logit)).item() == doctest::Approx(small).epsilon(1e-6));
  }
  CHECK(nll(infinity, 1) == 0);
  CHECK(nll(-infinity, 0) == 0);
  CHECK(nll(infinity, 0) == infinity);
  CHECK(nll(-infinity, 1) == infinity);
  CHECK(nll(infinity, Real(0.5)) == infinity);
  CHECK(nll(-infinity, Real(0.5)) == infinity);
  CHECK(std::isnan(nll(no_number, 0)));
  CHECK(std::isnan(nll(no_number, 1)));
  CHECK(slope(infinity, 1) == 0);
  CHECK(slope(-infinity, 0) == 0);
  CHECK(slope(infinity, 0) == 1);
  CHECK(slope(-infinity, 1) == -1);
  CHECK(std::isnan(slope(no_number, 1)));
  for (const Real sign : {Real(1), Real(-1)})
    CHECK(minimax_real_loss(Tensor::full({1}, sign * infinity), Real(0.9)).item() == infinity);
}

TEST_CASE("norms of equal numbers and their gradients are exactly 0 for any numbers") {
  Rng rng(2);
  for (const Real level : {Real(0.1), Real(-37), Real(1e4), Real(123456.7)})
    for (const Shape& shape : {Shape{5, 3, 7, 6}, Shape{1, 17, 31, 6}}) {
      CAPTURE(level);
      const Tensor x = Tensor::full(shape, level), beta = Tensor::randn({6}, rng),
                   gamma = Tensor::randn({6}, rng);
      const auto check_flat = [&](const Tensor& y) {
        bool flat = true;
        for (Index i = 0; i < y.size(); ++i) flat = flat && y[i] == beta[i % 6];
        CHECK(flat);
      };
      RunningStatistics running{Tensor::zeros({6}), Tensor::full({6}, 1)};
      check_flat(batch_norm(x, gamma, beta, running).value());
      check_flat(instance_norm(x, gamma, beta).value());
      check_flat(layer_norm(x, gamma, beta).value());
      check_flat(group_norm(x, 3, gamma, beta).value());
      const RunningStatistics there{Tensor::full({6}, level), Tensor::full({6}, 0)};
      check_flat(batch_norm_eval(x, gamma, beta, there).value());
      const Tensor none;
      const Tensor dx = gradient_of(x, [&](Parameter& p) { return instance_norm(p, none, none); });
      for (const Real d : dx.values()) REQUIRE(std::abs(d) <= 1e-4);
    }
}

TEST_CASE("clipping by norm refuses gradients that are not finite and changes none of them") {
  Parameter a(Tensor::zeros({2})), b(Tensor::zeros({3}));
  a.grad = Tensor::full({2}, 100);
  for (const Real broken : {no_number, infinity, -infinity}) {
    b.grad = Tensor::of({3}, {1, broken, 1});
    CHECK(contains(message([&] {
                     clip_gradient_norm({&a, &b}, 1);
                   }),
                   {"clip_gradient_norm", "parameter 1 [3]"}));
    CHECK(a.grad[0] == 100);
  }
  b.grad = Tensor::full({3}, Real(1e25));  // finite, but its square is not
  CHECK(clip_gradient_norm({&a, &b}, 3) == doctest::Approx(std::sqrt(3.0) * 1e25));
  CHECK(b.grad[2] == doctest::Approx(std::sqrt(3.0)));
}

TEST_CASE("no gradient becomes 0 because its input is NaN") {
  const Tensor x = Tensor::of({3}, {1, no_number, -1});
  const auto passes = [&](const char* name, auto op) {
    CAPTURE(name);
    const Tensor d = gradient_of(x, op);
    CHECK(!(d[1] == 0));  // NaN, or the incoming gradient, whose NaN is propagated
    CHECK(std::isfinite(d[0]));
    CHECK(std::isfinite(d[2]));
  };
  passes("relu", [](Parameter& p) { return relu(p); });
  passes("leaky_relu", [](Parameter& p) { return leaky_relu(p, Real(0.1)); });
  passes("abs", [](Parameter& p) { return gradus::abs(p); });
  passes("clamp", [](Parameter& p) { return clamp(p, -2, 2); });
  passes("sigmoid", [](Parameter& p) { return sigmoid(p); });
  passes("tanh", [](Parameter& p) { return gradus::tanh(p); });
  passes("softplus", [](Parameter& p) { return softplus(p); });
  passes("square", [](Parameter& p) { return square(p); });
  passes("l1_error", [](Parameter& p) { return l1_error(p, Tensor::zeros({3})); });
  passes("bernoulli_nll", [](Parameter& p) { return bernoulli_nll(p, Tensor::zeros({3})); });
  CHECK(gradient_of(x, relu)[1] == 1);  // as PyTorch's
  const Tensor p = Tensor::of({1, 2}, {no_number, 1}), q = Tensor::of({1, 2}, {Real(0.5), Real(0.5)});
  CHECK(std::isnan(kl_divergence(p, q).item()));
  CHECK(std::isnan(js_divergence(p, q).item()));
}

TEST_CASE("the importance bound of infinite weights is its limit") {
  const auto bound = [](std::initializer_list<Real> log_w) {
    return importance_weighted_bound(Tensor::of({1, 4}, log_w)).item();
  };
  const auto weights = [](std::initializer_list<Real> log_w) {
    return numbers(gradient_of(Tensor::of({1, 4}, log_w), importance_weighted_bound));
  };
  using Weights = std::vector<Real>;
  constexpr Real half = Real(0.5), quarter = Real(0.25);
  CHECK(bound({-infinity, -infinity, -infinity, -infinity}) == -infinity);
  CHECK(weights({-infinity, -infinity, -infinity, -infinity}) == Weights{quarter, quarter, quarter, quarter});
  CHECK(bound({0, -infinity, 0, -infinity}) == doctest::Approx(-std::log(2.0)));
  CHECK(weights({0, -infinity, 0, -infinity}) == Weights{half, 0, half, 0});
  CHECK(bound({1, infinity, 3, infinity}) == infinity);
  CHECK(weights({1, infinity, 3, infinity}) == Weights{0, half, 0, half});
  CHECK(std::isnan(bound({1, no_number, 3, 4})));
}

TEST_CASE("the first number that is not finite is reported with its op") {
  const Checked checked;
  Parameter x(Tensor::of({3}, {1, -1, 4}));
  const std::string forward = message([&] {
    Tape tape;
    const Var y = gradus::log(x + Var(Tensor::full({3}, 0)));
    tape.backward(sum(exp(y)));
  });
  CHECK(contains(forward, {"log: ", "arises here", "element 1 of [3] is nan", "all inputs are finite"}));
  const std::string backward = message([&] {
    Tape tape;
    tape.backward(sum(gradus::sqrt(affine(x, 0, 0)) * Tensor::full({3}, 2)));
  });
  CHECK(contains(backward, {"Sqrt::backward", "arises here", "element 0 of [3] is inf", "input 0"}));
  const std::string data = message([&] {
    Tape tape;
    x* Var(Tensor::of({3}, {0, 0, no_number}));
  });
  CHECK(contains(data, {"multiply: ", "input 1", "element 2 of [3] is nan", "constant"}));
  const std::string shared = message([&] {
    Tape tape;
    1 / affine(x, 0, 0);  // a struct of another name
  });
  CHECK(contains(shared, {"divide: ", "arises here"}));
  x.value[0] = infinity;
  const std::string parameter = message([&] {
    Tape tape;
    concat({Var(x), Var(x)}, 0);
  });
  CHECK(contains(parameter, {"concat: ", "input 0", "parameter"}));
  Tape::check_numbers(false);
  CHECK(message([&] {
          Tape tape;
          tape.backward(sum(gradus::log(x)));
        }).empty());
}
