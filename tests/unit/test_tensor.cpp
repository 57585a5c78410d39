#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/tensor/state.hpp"
#include "gradus/tensor/tensor.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

Tensor counting(const Shape& shape) {
  Tensor x(shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<Real>(i);
  return x;
}

}  // namespace

TEST_CASE("a shape knows its rank, size and rows") {
  const Shape shape{2, 3, 5, 7};
  CHECK(shape.rank() == 4);
  CHECK(shape.size() == 210);
  CHECK(shape.row_size() == 105);
  CHECK(shape.back() == 7);
  CHECK(shape.str() == "[2, 3, 5, 7]");
  CHECK(shape.with_rows(9) == Shape{9, 3, 5, 7});
  CHECK(Shape{4}.with_rows(1) == Shape{1});
  CHECK(Shape{4, 2}.with_rows(0) == Shape{0, 2});
  CHECK(Shape{4, 2, 3}.with_rows(5) == Shape{5, 2, 3});
  CHECK(Shape{6}.row_size() == 1);
  CHECK(Shape{}.size() == 0);
  CHECK(Shape{}.str() == "[]");
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2, 3} != Shape{2, 3, 1});
  CHECK(Shape{} != Shape{0});
  CHECK(Shape{3, 0}.size() == 0);
  CHECK(Shape{0, 5}.row_size() == 5);  // no rows, but a row would have five numbers
}

TEST_CASE("a shape refuses invalid sizes") {
  CHECK(contains(message([] { Shape{1, 2, 3, 4, 5}; }), {"Shape", "at most 4", "5"}));
  CHECK(contains(message([] { Shape{2, -3}; }), {"axis 1", "-3"}));
  const Index huge = Index{1} << 40;
  CHECK(contains(message([=] { Shape{huge, huge}; }), {"overflows", "axis 1"}));
  CHECK(message([] { Shape{Index{1} << 31, 0, Index{1} << 31}; }).empty());
  CHECK(contains(message([] { Shape().with_rows(1); }), {"with_rows"}));
}

TEST_CASE("tensors are made from numbers") {
  CHECK(numbers(Tensor::of({2, 2}, {1, 2, 3, 4})) == std::vector<Real>{1, 2, 3, 4});
  CHECK(numbers(Tensor::zeros({3})) == std::vector<Real>(3, 0));
  CHECK(numbers(Tensor::full({3}, 7)) == std::vector<Real>(3, 7));
  CHECK(contains(message([] { Tensor::of({2, 2}, {1, 2, 3}); }), {"Tensor::of", "[2, 2]", "4", "got 3"}));
  Rng a(3), b(3);
  Tensor x = Tensor::randn({5, 3}, a, 2, 3);
  std::vector<Real> expected(15);
  b.fill_normal(expected, 2, 3);
  CHECK(numbers(x) == expected);
  CHECK(numbers(Tensor::uniform({50}, a, 2, 3))[7] >= 2);
  CHECK(Tensor::bernoulli({1}, a, 1).item() == 1);
  CHECK(Tensor::full({1, 1}, 3).item() == 3);
  CHECK(contains(message([] { Tensor::zeros({2, 3}).item(); }), {"Tensor::item", "[2, 3]"}));
  CHECK(contains(message([] { Tensor().item(); }), {"Tensor::item"}));
}

TEST_CASE("an empty tensor is false and safe to use") {
  const Tensor empty;
  CHECK(!empty);
  CHECK(empty.rank() == 0);
  CHECK(empty.size() == 0);
  CHECK(empty.bytes() == 0);
  CHECK(empty.values().empty());
  CHECK(!empty.clone());
  CHECK(!empty.unique());
  CHECK(Tensor::zeros({0, 3}));
  CHECK(Tensor::zeros({0, 3}).clone().shape() == Shape{0, 3});
}

TEST_CASE("at: one index per axis, row-major, within the shape") {
  const Tensor x = counting({2, 3, 4});
  CHECK(x.at({1, 2, 3}) == 23);
  CHECK(x.at({1, 0, 2}) == 14);
  Tensor y = counting({2, 3});
  y.at({1, 1}) = 100;
  CHECK(y[4] == 100);
  CHECK(contains(message([&] { x.at({0, 3, 0}); }), {"index 3", "axis 1", "[2, 3, 4]"}));
  CHECK(contains(message([&] { x.at({0, -1, 0}); }), {"index -1", "axis 1"}));
  CHECK(contains(message([&] { x.at({0, 0}); }), {"[2, 3, 4]", "needs 3", "got 2"}));
}

TEST_CASE("copies and views share the buffer; clone and gather do not") {
  Tensor x = counting({4, 3});
  CHECK(x.unique());
  Tensor copy = x, flat = x.reshape({12}), rows = x.rows(1, 3), row = x.row(2);
  CHECK(!x.unique());
  Tensor clone = x.clone();
  CHECK(clone.unique());
  x.at({2, 1}) = 50;
  CHECK(copy.at({2, 1}) == 50);
  CHECK(flat[7] == 50);
  CHECK(rows.at({1, 1}) == 50);
  CHECK(row[1] == 50);
  CHECK(clone.at({2, 1}) == 7);
  rows.fill(-1);
  CHECK(numbers(x) == std::vector<Real>{0, 1, 2, -1, -1, -1, -1, -1, -1, 9, 10, 11});
  copy = flat = rows = row = Tensor();
  CHECK(x.unique());
  const Tensor moved = std::move(x);
  CHECK(moved.unique());
}

TEST_CASE("a view keeps the buffer alive") {
  Tensor last;
  {
    const Tensor x = counting({100, 10});
    last = x.rows(99, 100);
  }
  const Tensor other = Tensor::zeros({100, 10});
  CHECK(last.at({0, 9}) == 999);
}

TEST_CASE("rows, row, reshape and gather give the right shapes and numbers") {
  const Tensor x = counting({4, 2, 3});
  CHECK(x.rows(1, 3).shape() == Shape{2, 2, 3});
  CHECK(x.rows(1, 3)[0] == 6);
  CHECK(x.rows(4, 4).size() == 0);
  CHECK(x.row(3).shape() == Shape{2, 3});
  CHECK(x.row(3)[0] == 18);
  CHECK(counting({5}).row(4).shape() == Shape{1});
  CHECK(counting({5}).row(4).item() == 4);
  CHECK(counting({2, 2}).row(1).shape() == Shape{2});
  CHECK(counting({2, 2, 2, 2}).row(1).shape() == Shape{2, 2, 2});
  CHECK(x.reshape({24}).shape() == Shape{24});
  const std::vector<Index> chosen{3, 0, 3};
  const Tensor g = x.gather(chosen);
  CHECK(g.shape() == Shape{3, 2, 3});
  CHECK(g[0] == 18);
  CHECK(g[6] == 0);
  CHECK(g[17] == 23);
  CHECK(x.gather({}).shape() == Shape{0, 2, 3});

  CHECK(contains(message([&] { x.rows(3, 5); }), {"rows", "3 to 5", "[4, 2, 3]"}));
  CHECK(contains(message([&] { x.rows(3, 2); }), {"rows"}));
  CHECK(contains(message([&] { x.rows(-1, 2); }), {"rows"}));
  CHECK(contains(message([&] { x.row(4); }), {"rows", "[4, 2, 3]"}));
  CHECK(contains(message([&] { x.reshape({5, 5}); }), {"reshape", "[4, 2, 3]", "24", "[5, 5]", "25"}));
  const std::vector<Index> outside{0, 4};
  CHECK(contains(message([&] { x.gather(outside); }), {"gather", "4", "[4, 2, 3]"}));
  CHECK(contains(message([&] { Tensor().gather(outside); }), {"gather"}));
  CHECK(contains(message([&] { Tensor().rows(0, 0); }), {"rows"}));
}

TEST_CASE("copy_from writes to the shared buffer") {
  Tensor x = Tensor::zeros({2, 2}), view = x.reshape({4});
  x.copy_from(Tensor::of({2, 2}, {1, 2, 3, 4}));
  CHECK(numbers(view) == std::vector<Real>{1, 2, 3, 4});
  x.copy_from(x);
  CHECK(x[3] == 4);
  CHECK(contains(message([&] { x.copy_from(view); }), {"copy_from", "[2, 2]", "[4]"}));
}

TEST_CASE("buffers of any size are aligned to 64 bytes") {
  std::vector<Tensor> kept;
  bool aligned = true;
  for (Index size = 0; size < 3000; size += 37) {
    kept.push_back(Tensor::zeros({size}));
    aligned = aligned && reinterpret_cast<std::uintptr_t>(kept.back().data()) % 64 == 0;
  }
  CHECK(aligned);
}

TEST_CASE("the pool reuses a freed buffer and counts its operations") {
  pool_trim();
  const PoolStats start = pool_stats();
  CHECK(start.kept_bytes == 0);
  const Real* address = nullptr;
  {
    const Tensor x({1000});
    address = x.data();
    const PoolStats now = pool_stats();
    CHECK(now.fresh == start.fresh + 1);
    CHECK(now.reused == start.reused);
    CHECK(now.live_bytes >= start.live_bytes + x.bytes());
    CHECK(now.live_bytes <= start.live_bytes + x.bytes() * 5 / 4);
    CHECK(now.peak_bytes >= now.live_bytes);
  }
  PoolStats now = pool_stats();
  CHECK(now.live_bytes == start.live_bytes);
  CHECK(now.kept_bytes >= 1000 * sizeof(Real));
  {
    const Tensor y({999});  // the same size class
    CHECK(y.data() == address);
    now = pool_stats();
    CHECK(now.fresh == start.fresh + 1);
    CHECK(now.reused == start.reused + 1);
    CHECK(now.kept_bytes == 0);
    const Tensor z({1000});  // the only free buffer is in use
    CHECK(z.data() != address);
    CHECK(pool_stats().fresh == start.fresh + 2);
  }
  const std::size_t kept = pool_stats().kept_bytes;
  CHECK(pool_trim() == kept);
  CHECK(pool_stats().kept_bytes == 0);
  CHECK(pool_trim() == 0);
}

TEST_CASE("a pool buffer holds at least the requested size and at most a quarter more") {
  bool enough = true, thrifty = true;
  for (Index size = 1; size < 2'000'000; size += 1 + size / 3) {
    pool_trim();
    const std::size_t before = pool_stats().live_bytes;
    Tensor x({size});
    x.fill(1);  // checked by the address sanitizer
    const std::size_t taken = pool_stats().live_bytes - before;
    enough = enough && taken >= x.bytes();
    thrifty = thrifty && (taken <= 256 || taken <= x.bytes() * 5 / 4 + 1);
  }
  CHECK(enough);
  CHECK(thrifty);
}

TEST_CASE("handles may be copied and destroyed on several threads") {
  pool_trim();
  const std::size_t live = pool_stats().live_bytes;
  {
    const Tensor shared = counting({1000});
    std::vector<std::thread> workers;
    for (int w = 0; w < 4; ++w)
      workers.emplace_back([&shared] {
        for (int i = 0; i < 2000; ++i) {
          const Tensor copy = shared, own({64 + i % 100});
          if (copy[999] != 999) std::abort();
        }
      });
    for (std::thread& worker : workers) worker.join();
    CHECK(shared.unique());
  }
  CHECK(pool_stats().live_bytes == live);
}

TEST_CASE("a state shares the buffers and prefixes the names") {
  Tensor x = Tensor::zeros({2});
  std::uint64_t steps = 3;
  State inner, outer;
  inner.tensors.emplace_back("m", x);
  inner.counters.emplace_back("steps", &steps);
  Rng rng(1, 2);
  outer.add("adam", inner);
  outer.add("noise", rng);
  REQUIRE(outer.tensors.size() == 1);
  REQUIRE(outer.counters.size() == 4);
  CHECK(outer.tensors[0].first == "adam.m");
  outer.tensors[0].second[1] = 5;
  CHECK(x[1] == 5);
  CHECK(outer.counters[0].first == "adam.steps");
  *outer.counters[0].second = 4;
  CHECK(steps == 4);
  CHECK(outer.counters[3].first == "noise.position");
  *outer.counters[3].second = 9;
  CHECK(rng.position() == 9);
}

TEST_CASE("tensor: an invalid axis is an error, not a zero") {
  const Tensor x({3, 5});
  CHECK((x.dim(0) == 3 && x.dim(1) == 5));
  CHECK(message([&] { x.dim(2); }) == "Tensor::dim(2): shape [3, 5] has 2 axes, counted from 0");
  CHECK(contains(message([&] { x.dim(-1); }), "dim(-1)"));
  CHECK(contains(message([] { Tensor().dim(0); }), "has 0 axes"));
}
