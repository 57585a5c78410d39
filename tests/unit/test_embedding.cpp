// gather, sinusoidal_embedding, batched_matmul.
#include <cmath>

#include "gradus/ops/embedding.hpp"
#include "gradus/ops/linear.hpp"
#include "gradus/ops/shaping.hpp"
#include "threads.hpp"

using namespace gradus;

TEST_CASE("gather: rows in the order of the indices; a row used twice gets both gradients") {
  Parameter table(Tensor::of({3, 2}, {1, 2, 3, 4, 5, 6}));
  Tape tape;
  const Var y = gather(table, std::vector{2, 0, 2});
  CHECK(same_bits(y.value(), Tensor::of({3, 2}, {5, 6, 1, 2, 5, 6})));
  tape.backward(sum(y * Var(Tensor::of({3, 2}, {1, 2, 10, 20, 100, 200}))));
  CHECK(numbers(table.grad) == std::vector<Real>{10, 20, 0, 0, 101, 202});
  CHECK(gather(Tensor::zeros({4, 2, 3}), std::vector<int>{}).shape() == Shape{0, 2, 3});
  CHECK(contains(message([&] { gather(table, std::vector{3}); }), {"gather: index 3", "0 .. 2"}));
  CHECK(contains(message([&] { gather(table, std::vector{-1}); }), "gather: index -1"));
  CHECK(contains(message([] { gather(Tensor(), std::vector{0}); }), "gather: the input is an empty tensor"));
}

TEST_CASE("sinusoidal embedding: sines, then cosines, from fast to slow") {
  // frequencies 1 and 0.1; the values from a table of sines
  const Tensor y = sinusoidal_embedding(Tensor::of({2}, {0, 1}), 4, 100).value();
  const double expected[] = {0, 0, 1, 1, 0.8414709848, 0.0998334166, 0.5403023059, 0.9950041653};
  REQUIRE(y.shape() == Shape{2, 4});
  for (Index i = 0; i < 8; ++i) CHECK(y[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  const Tensor late = sinusoidal_embedding(Tensor::of({1}, {999}), 128).value();
  for (Index k = 0; k < 64; ++k)  // the angle must not lose digits
    CHECK(std::abs(late[k] - std::sin(999 * std::pow(10000.0, -double(k) / 64))) < 1e-6);
  const Tensor t = Tensor::zeros({2});
  CHECK(contains(message([&] { sinusoidal_embedding(t, 3); }), {"sinusoidal_embedding: K", "got 3"}));
  CHECK(contains(message([&] { sinusoidal_embedding(t, 0); }), "got 0"));
  CHECK(contains(message([&] { sinusoidal_embedding(t, 4, 1); }), "base"));
  CHECK(contains(message([&] { sinusoidal_embedding(Tensor::zeros({2, 1}), 4); }), "t must have 1 axes"));
}

TEST_CASE("batched_matmul equals one matmul per pair of matrices, in both passes and with b transposed") {
  Rng rng(5);
  struct Sizes {
    Index B, H, M, K, N;
  };
  for (const auto [B, H, M, K, N] : {Sizes{3, 0, 5, 7, 2},
                                     {2, 4, 17, 8, 17},
                                     {2, 3, 1, 1, 1},
                                     {1, 0, 130, 129, 131},
                                     {0, 0, 2, 3, 4},
                                     {2, 0, 3, 0, 2}})
    for (const Transpose turned : {Transpose::no, Transpose::yes}) {
      const Index rows_of_a = M;
      CAPTURE(rows_of_a);
      const auto shape = [&, B = B, H = H](Index rows, Index columns) {
        return H > 0 ? Shape{B, H, rows, columns} : Shape{B, rows, columns};
      };
      Parameter a(Tensor::randn(shape(M, K), rng)),
          b(Tensor::randn(turned == Transpose::yes ? shape(N, K) : shape(K, N), rng));
      const Tensor dy = Tensor::randn(shape(M, N), rng);
      Tensor y, da, db;
      {
        Tape tape;
        const Var product = batched_matmul(a, b, turned);
        y = product.value();
        tape.backward(sum(product * dy));
        da = a.grad.clone(), db = b.grad.clone();
      }
      REQUIRE(y.shape() == shape(M, N));
      const auto one = [](const Tensor& x, Index i) {
        const int rank = x.rank();
        const Index rows = x.dim(rank - 2), columns = x.dim(rank - 1);
        Tensor matrix({rows, columns});
        std::copy_n(x.data() + i * rows * columns, rows * columns, matrix.data());
        return matrix;
      };
      for (Index i = 0; i < B * std::max<Index>(H, 1); ++i) {
        Parameter left(one(a.value, i)), right(one(b.value, i));
        Tape tape;
        const Var product = matmul(left, turned == Transpose::yes ? transpose(right) : Var(right));
        tape.backward(sum(product * one(dy, i)));
        const auto near = [](const Tensor& found, const Tensor& expected) {
          for (Index j = 0; j < found.size(); ++j)
            if (!(std::abs(found[j] - expected[j]) <= 2e-5)) return false;
          return true;
        };
        CHECK(near(one(y, i), product.value()));
        CHECK(near(one(da, i), left.grad));
        CHECK(near(one(db, i), right.grad));
      }
    }
  const Tensor x = Tensor::zeros({2, 3, 4});
  CHECK(contains(message([&] { batched_matmul(x, x); }), {"batched_matmul", "[2, 3, 4]", "inner"}));
  CHECK(contains(message([&] { batched_matmul(x, Tensor::zeros({1, 4, 2})); }), "leading sizes"));
  CHECK(contains(message([&] { batched_matmul(x, Tensor::zeros({4, 2})); }), "3 or 4 axes"));
  CHECK(contains(message([&] { batched_matmul(x, Tensor::zeros({2, 4, 3}), Transpose::yes); }), "inner"));
}

TEST_CASE("embeddings and batched products give the same bits at any number of threads") {
  Rng rng(6);
  using Vars = std::span<const Var>;
  const Tensor table = Tensor::randn({50, 600}, rng), t = Tensor::uniform({300}, rng, 0, 1000);
  std::vector<int> indices;
  for (int n = 0; n < 400; ++n) indices.push_back(static_cast<int>(rng.below(50)));
  CHECK(same_bits_at_any_threads(
      [&] { return value_and_gradients([&](Vars v) { return gather(v[0], indices); }, {table}); }));
  CHECK(same_bits_at_any_threads(
      [&] { return value_and_gradients([](Vars v) { return sinusoidal_embedding(v[0], 128); }, {t}); }));
  for (const Index side : {Index(33), Index(260)}) {
    const std::vector<Tensor> pair{Tensor::randn({9, side, 64}, rng), Tensor::randn({9, 64, side}, rng)};
    CHECK(same_bits_at_any_threads(
        [&] { return value_and_gradients([](Vars v) { return batched_matmul(v[0], v[1]); }, pair); }));
  }
}
