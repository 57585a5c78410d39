#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/base/random.hpp"
#include "gradus/base/runtime.hpp"
#include "gradus/kernels/blas.hpp"
#include "gradus/kernels/gemm.hpp"

using namespace gradus;

namespace {

/// One product with padding around it: rows are longer than the matrix is wide, and the gaps hold NaN.
/// Reading a gap spoils the result; writing to a gap removes its NaN.
struct Product {
  Transpose transpose_a, transpose_b;
  Index M, N, K, gap;
  bool with_bias, accumulate;
  std::vector<Real> a{}, b{}, c{}, bias{};

  Index lda() const { return (transpose_a == Transpose::no ? K : M) + gap; }
  Index ldb() const { return (transpose_b == Transpose::no ? N : K) + gap; }
  Index ldc() const { return N + gap; }

  std::vector<Real> matrix(Rng& rng, Index rows, Index width) const {
    std::vector<Real> m(static_cast<std::size_t>(rows * (width + gap)),
                        std::numeric_limits<Real>::quiet_NaN());
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < width; ++j)
        m[static_cast<std::size_t>(i * (width + gap) + j)] = rng.uniform(-1, 1);
    return m;
  }
  void fill(Rng& rng) {
    a = transpose_a == Transpose::no ? matrix(rng, M, K) : matrix(rng, K, M);
    b = transpose_b == Transpose::no ? matrix(rng, K, N) : matrix(rng, N, K);
    c = matrix(rng, M, N);
    bias.resize(static_cast<std::size_t>(N));
    for (Real& x : bias) x = rng.uniform(-1, 1);
  }
  template <class Gemm>
  std::vector<Real> run(Gemm multiply) const {
    std::vector<Real> out = c;
    multiply(transpose_a, transpose_b, M, N, K, a.data(), lda(), b.data(), ldb(), out.data(), ldc(),
             GemmExtra{.bias = with_bias ? bias.data() : nullptr, .accumulate = accumulate});
    return out;
  }
  std::vector<Real> run() const {
    return run([](auto... arguments) { gemm(arguments...); });
  }
  /// The three loops for one element.
  double entry(Index i, Index j) const {
    Real y = c[static_cast<std::size_t>(i * ldc() + j)];
    naive_gemm(transpose_a, transpose_b, 1, 1, K, a.data() + (transpose_a == Transpose::no ? i * lda() : i),
               lda(), b.data() + (transpose_b == Transpose::no ? j : j * ldb()), ldb(), &y, 1,
               {.bias = with_bias ? &bias[static_cast<std::size_t>(j)] : nullptr, .accumulate = accumulate});
    return double{y};
  }
  /// Largest difference from the three loops; infinity when a gap was written to or a result is not finite.
  double error() const {
    const std::vector<Real> out = run(), expected = run(naive_gemm);
    double worst = 0;
    for (Index i = 0; i < M; ++i)
      for (Index j = 0; j < ldc(); ++j) {
        const auto at = static_cast<std::size_t>(i * ldc() + j);
        if (j < N ? !std::isfinite(out[at]) : !std::isnan(out[at]) || !std::isnan(expected[at]))
          return std::numeric_limits<double>::infinity();
        if (j < N) worst = std::max(worst, std::abs(double{out[at]} - double{expected[at]}));
      }
    return worst;
  }
  /// Rounding errors of K + 2 terms of magnitude below 1 grow like the square
  /// root; allows for a few times that.
  double tolerance() const {
    return 4 * std::numeric_limits<Real>::epsilon() * std::sqrt(static_cast<double>(K) + 4) * std::sqrt(4.0);
  }
};

constexpr auto no = Transpose::no, yes = Transpose::yes;

template <class Test>
void for_each_kind(Index M, Index N, Index K, const Test& test) {
  Rng rng(static_cast<std::uint64_t>(M * 1'000'003 + N * 1009 + K));
  for (Transpose transpose_a : {no, yes})
    for (Transpose transpose_b : {no, yes})
      for (int kind = 0; kind < 4; ++kind) {
        Product product{transpose_a,   transpose_b, M, N, K, kind == 0 ? 0 : 2 * kind + 1,
                        kind % 2 == 1, kind >= 2};
        product.fill(rng);
        test(product);
      }
}

void check_against_definition(Index M, Index N, Index K) {
  for_each_kind(M, N, K, [](const Product& p) {
    CAPTURE(p.M);
    CAPTURE(p.N);
    CAPTURE(p.K);
    CAPTURE(p.transpose_a == yes);
    CAPTURE(p.transpose_b == yes);
    CAPTURE(p.with_bias);
    CAPTURE(p.accumulate);
    CHECK(p.error() <= p.tolerance());
  });
}

}  // namespace

TEST_CASE("a product without rows or columns is empty, also as a thread's first product") {
  const std::vector<Real> numbers(400 * 784, 1);
  std::vector<Real> c(1, 7);
  for (const auto& [M, N] : {std::pair<Index, Index>{0, 400}, {400, 0}, {0, 0}})
    std::thread([&, M = M, N = N] {  // its lists of offsets are still empty
      gemm(Transpose::no, Transpose::yes, M, N, 784, numbers.data(), 784, numbers.data(), 784, c.data(), N);
    })
        .join();
  CHECK(c[0] == 7);
}

TEST_CASE("gemm equals its definition for every small shape") {
  for (Index M : {0, 1, 2, 3, 7, 8, 9})
    for (Index N : {0, 1, 2, 5, 15, 16, 17, 33})
      for (Index K : {0, 1, 2, 13, 16, 20}) check_against_definition(M, N, K);
}

TEST_CASE("gemm equals its definition for primes and shapes larger than a block") {
  check_against_definition(31, 37, 41);
  check_against_definition(128, 20, 400);
  check_against_definition(127, 131, 613);  // more than one slice of K
  check_against_definition(1031, 19, 29);   // more than one block of rows
  check_against_definition(1, 401, 787);    // one row, on two threads
  check_against_definition(797, 1, 401);    // one column
  check_against_definition(2, 400, 784);
}

TEST_CASE("gemm equals its definition for random shapes") {
  Rng rng(7);
  for (int i = 0; i < 40; ++i) {
    const auto size = [&](double largest) {
      return static_cast<Index>(std::exp(rng.uniform() * std::log(largest)));
    };
    const Index M = size(200), N = size(200), K = size(500);
    check_against_definition(M, N, K);
  }
}

TEST_CASE("gemm equals its definition for sizes handled by OpenBLAS") {
  for (auto [transpose_a, transpose_b] : {std::pair{no, no}, {no, yes}, {yes, no}, {yes, yes}}) {
    Rng rng(3);
    Product product{transpose_a, transpose_b, 1040, 1033, 1031, 3, true, true};
    product.fill(rng);
    const std::vector<Real> out = product.run();
    for (int probe = 0; probe < 2000; ++probe) {
      const auto i = static_cast<Index>(rng.below(1040)), j = static_cast<Index>(rng.below(1033));
      REQUIRE(std::abs(out[static_cast<std::size_t>(i * product.ldc() + j)] - product.entry(i, j)) <=
              product.tolerance());
    }
  }
}

TEST_CASE("gemm gives the same bits at any number of threads") {
  const int before = threads();
  const auto same_bits = [](const Product& p) {
    std::vector<std::vector<Real>> results;
    for (int count : {1, 2, 3}) {
      set_threads(count);
      results.push_back(p.run());
    }
    const auto equal = [](Real x, Real y) { return x == y || (std::isnan(x) && std::isnan(y)); };
    CAPTURE(p.M);
    CAPTURE(p.N);
    CAPTURE(p.K);
    CAPTURE(p.transpose_a == yes);
    CAPTURE(p.transpose_b == yes);
    CHECK(std::ranges::equal(results[0], results[1], equal));
    CHECK(std::ranges::equal(results[0], results[2], equal));
  };
  for (auto [M, N, K] : {std::array<Index, 3>{128, 400, 784},
                         {128, 20, 400},
                         {784, 400, 128},
                         {1, 784, 400},
                         {131, 397, 401},
                         {1031, 67, 97},
                         {3, 1009, 1013},
                         {1009, 1, 613},
                         {1, 1013, 1511},
                         {1511, 2, 1009}})
    for_each_kind(M, N, K, same_bits);
  for (auto [transpose_a, transpose_b] : {std::pair{no, no}, {no, yes}, {yes, no}, {yes, yes}}) {
    Rng rng(5);
    Product product{transpose_a, transpose_b, 1031, 1033, 1039, 5, true, true};  // handled by OpenBLAS
    product.fill(rng);
    same_bits(product);
  }
  set_threads(before);
}

TEST_CASE("gemm propagates NaN and infinity") {
  Product product{no, yes, 9, 21, 33, 0, false, false};
  Rng rng(11);
  product.fill(rng);
  product.a[2 * 33 + 5] = std::numeric_limits<Real>::quiet_NaN();
  product.a[4 * 33 + 7] = std::numeric_limits<Real>::infinity();
  const std::vector<Real> out = product.run();
  for (Index j = 0; j < 21; ++j) {
    CHECK(std::isnan(out[static_cast<std::size_t>(2 * 21 + j)]));
    CHECK(std::isinf(out[static_cast<std::size_t>(4 * 21 + j)]));
    CHECK(std::isfinite(out[static_cast<std::size_t>(3 * 21 + j)]));
  }
}

TEST_CASE("symmetric_eigen of a known matrix") {
  // [[2, 1], [1, 2]] has the eigenvalues 1 and 3 with (1, -1) and (1, 1)
  std::vector<double> matrix{2, 1, 1, 2}, values(2);
  symmetric_eigen(matrix, values, 2);
  CHECK(values[0] == doctest::Approx(1));
  CHECK(values[1] == doctest::Approx(3));
  CHECK(matrix[0] * matrix[1] == doctest::Approx(-0.5));
  CHECK(matrix[2] * matrix[3] == doctest::Approx(0.5));
}

TEST_CASE("symmetric_eigen: A v = lambda v, orthonormal, ascending, the same bits at any number of threads") {
  const Index n = 131;
  Rng rng(13);
  std::vector<double> a(n * n);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j <= i; ++j) a[i * n + j] = a[j * n + i] = rng.normal();
  std::vector<double> vectors = a, values(n);
  symmetric_eigen(vectors, values, n);
  CHECK(std::ranges::is_sorted(values));
  double residual = 0, overlap = 0;
  for (Index v = 0; v < n; ++v)
    for (Index i = 0; i < n; ++i) {
      double av = 0, dot = 0;
      for (Index j = 0; j < n; ++j) av += a[i * n + j] * vectors[v * n + j];
      for (Index j = 0; j < n; ++j) dot += vectors[i * n + j] * vectors[v * n + j];
      residual = std::max(residual, std::abs(av - values[v] * vectors[v * n + i]));
      overlap = std::max(overlap, std::abs(dot - (i == v)));
    }
  CHECK(residual < 1e-11);
  CHECK(overlap < 1e-12);

  const int before = threads();
  for (int count : {1, 2}) {
    set_threads(count);
    std::vector<double> again = a, again_values(n);
    symmetric_eigen(again, again_values, n);
    CHECK(again == vectors);
    CHECK(again_values == values);
  }
  set_threads(before);
}

TEST_CASE("symmetric_eigen refuses invalid input") {
  std::vector<double> matrix(6), values(2);
  CHECK_THROWS_AS(symmetric_eigen(matrix, values, 2), Error);
  matrix.resize(4);
  matrix[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(symmetric_eigen(matrix, values, 2), Error);
  CHECK_NOTHROW(symmetric_eigen({}, {}, 0));
}
