// Least squares compared with polynomials of known coefficients,
// and with attributes that a vector must not change.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "gradus/generative/manifold.hpp"
#include "gradus/generative/regression.hpp"

using namespace gradus;

namespace {

/// The error message of `action`, or "" if it throws none.
template <class Action>
std::string complaint(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// y = 2 - 3 a + b/2 and 1 + a b - 4 a^2 b, x = (a, b), off centre and of unequal scales.
Tensor polynomial(const Tensor& x) {
  Tensor y({x.dim(0), 2});
  for (Index i = 0; i < x.dim(0); ++i) {
    const Real a = x[2 * i], b = x[2 * i + 1];
    y[2 * i] = 2 - 3 * a + b / 2, y[2 * i + 1] = 1 + a * b - 4 * a * a * b;
  }
  return y;
}
Tensor points(Index count, Rng& rng) {
  Tensor x({count, 2});
  for (Index i = 0; i < count; ++i) x[2 * i] = rng.uniform(-1, 1), x[2 * i + 1] = rng.uniform(4, 7);
  return x;
}

}  // namespace

TEST_CASE("regression: recovers a polynomial of its degree at new points") {
  Rng rng(5);
  const Tensor x = points(300, rng), unseen = points(50, rng), y = polynomial(x), truth = polynomial(unseen);
  const Regression line(x, y), cubic(x, y, 3);
  CHECK(line.terms() == 2);
  CHECK(cubic.terms() == 2 + 3 + 4);
  const Tensor straight = line(unseen), bent = cubic(unseen);
  for (Index i = 0; i < 100; ++i) CHECK(std::abs(bent[i] - truth[i]) < 2e-4);
  for (Index i = 0; i < 50; ++i) CHECK(std::abs(straight[2 * i] - truth[2 * i]) < 1e-4);
  const auto bent_r2 = determination(bent, truth), line_r2 = determination(straight, truth);
  CHECK(bent_r2[1] > 0.99999);
  CHECK(line_r2[1] < 0.9);  // a line does not fit a parabola
  CHECK(line_r2[0] > 0.99999);
}

TEST_CASE("regression: correlated columns get separate coefficients") {
  Rng rng(6);
  const Index N = 4000;
  Tensor factors({N, 2}), codes({N, 3});
  for (Index i = 0; i < N;
       ++i) {  // the second factor is correlated with the first, but only the first is in z_0
    const Real a = rng.normal(), b = Real(0.8) * a + Real(0.6) * rng.normal();
    factors[2 * i] = a, factors[2 * i + 1] = b;
    codes[3 * i] = 2 * a, codes[3 * i + 1] = -b, codes[3 * i + 2] = rng.normal();
  }
  const Tensor z = Tensor::of({1, 3}, {5, 6, 7}), from = Tensor::of({1, 2}, {0, 0}),
               to = Tensor::of({1, 2}, {0, 1});
  const Tensor moved = change_factors(Regression(factors, codes), z, from, to);
  CHECK(std::abs(moved[0] - 5) < 1e-3);
  CHECK(std::abs(moved[1] - 5) < 1e-3);
  CHECK(std::abs(moved[2] - 7) < 0.1);
  std::vector<Real> second;
  for (Index i = 0; i < N; ++i) second.push_back(factors[2 * i + 1]);
  CHECK(attribute_vector(codes, second)[0] > 2);  // the difference of means also changes z_0
}

TEST_CASE("regression: with products the direction depends on the image") {
  Rng rng(7);
  const Index N = 500;
  Tensor factors = Tensor::randn({N, 2}, rng), codes({N, 1});
  for (Index i = 0; i < N; ++i) codes[i] = factors[2 * i] * factors[2 * i + 1];
  const Regression code_of(factors, codes, 2);
  const Tensor z = Tensor::of({2, 1}, {0, 0}), from = Tensor::of({2, 2}, {0, 1, 0, -1}),
               to = Tensor::of({2, 2}, {1, 1, 1, -1});
  const Tensor moved = change_factors(code_of, z, from, to);
  CHECK(std::abs(moved[0] - 1) < 1e-3);
  CHECK(std::abs(moved[1] + 1) < 1e-3);
}

TEST_CASE("regression: R^2 of perfect, constant and wrong predictions") {
  const Tensor y = Tensor::of({4, 1}, {1, 2, 3, 4}), mean = Tensor::of({4, 1}, {2.5, 2.5, 2.5, 2.5}),
               down = Tensor::of({4, 1}, {4, 3, 2, 1});
  CHECK(determination(y, y)[0] == 1);
  CHECK(std::abs(determination(mean, y)[0]) < 1e-6);
  CHECK(std::abs(determination(down, y)[0] + 3) < 1e-6);
}

TEST_CASE("regression: refuses invalid input") {
  Rng rng(8);
  const Tensor x = Tensor::randn({20, 2}, rng), y = Tensor::randn({20, 3}, rng);
  Tensor twins = x.clone(), flat = x.clone();
  for (Index i = 0; i < 20; ++i) twins[2 * i + 1] = 2 * x[2 * i], flat[2 * i + 1] = 3;
  CHECK(complaint([&] { Regression(x, Tensor({19, 3})); }).find("[19, 3]") != std::string::npos);
  CHECK(complaint([&] { Regression(x, y, 0); }).find("degree") != std::string::npos);
  CHECK(complaint([&] { Regression(x.rows(0, 2), y.rows(0, 2)); }).find("2 examples") != std::string::npos);
  CHECK(complaint([&] { Regression(twins, y); }).find("linear combination of others") != std::string::npos);
  CHECK(complaint([&] { Regression(flat, y); }).find("constant") != std::string::npos);
  const Regression fine(x, y);
  CHECK(complaint([&] { fine(y); }).find("[B, 2]") != std::string::npos);
  CHECK(complaint([&] { change_factors(fine, x, x, x); }).find("change_factors") != std::string::npos);
  CHECK(complaint([&] { determination(x, y); }).find("determination") != std::string::npos);
  CHECK(complaint([&] { determination(flat, flat); }).find("constant") != std::string::npos);
}
