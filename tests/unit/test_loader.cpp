// The loader yields every example once per epoch, in an order that depends only on seed, stream and epoch.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/tensor/storage.hpp"

using namespace gradus;

namespace {

// Example i has label i and the numbers i, -i.
Dataset counting(Index count) {
  Dataset dataset{"counting", Tensor({count, 2}), {}, static_cast<int>(count), {}};
  for (Index i = 0; i < count; ++i) {
    dataset.images[2 * i] = static_cast<Real>(i);
    dataset.images[2 * i + 1] = static_cast<Real>(-i);
    dataset.labels.push_back(static_cast<int>(i));
  }
  return dataset;
}

std::vector<Index> one_pass(Loader& loader) {
  std::vector<Index> seen;
  for (const Batch& batch : loader) seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
  return seen;
}

}  // namespace

TEST_CASE("loader: without shuffling the examples keep their order, and the last batch is short") {
  Loader loader(counting(10), {.batch = 4});
  CHECK(loader.size() == 3);
  std::vector<Index> sizes;
  Index next = 0;
  for (Batch batch : loader) {
    sizes.push_back(batch.size());
    for (Index i = 0; i < batch.size(); ++i, ++next) {
      CHECK(batch.images.at({i, 1}) == static_cast<Real>(-next));
      CHECK(batch.labels[static_cast<std::size_t>(i)] == next);
      CHECK(batch.indices[static_cast<std::size_t>(i)] == next);
    }
  }
  CHECK(sizes == std::vector<Index>{4, 4, 2});
  CHECK(loader.epoch() == 1);
  CHECK(loader.position() == 0);
}

TEST_CASE("loader: drop_last omits the short batch") {
  Loader loader(counting(10), {.batch = 4, .drop_last = true});
  CHECK(loader.size() == 2);
  CHECK(one_pass(loader).size() == 8);
  CHECK_THROWS_AS(Loader(counting(3), {.batch = 4, .drop_last = true}), Error);
}

TEST_CASE("loader: shuffling yields every example once per epoch, in a different order each epoch") {
  Loader loader(counting(100), {.batch = 7, .shuffle = true}, Rng(5));
  const std::vector<Index> first = one_pass(loader), second = one_pass(loader);
  CHECK(first != second);
  for (std::vector<Index> seen : {first, second}) {
    CHECK_FALSE(std::is_sorted(seen.begin(), seen.end()));
    std::sort(seen.begin(), seen.end());
    for (Index i = 0; i < 100; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("loader: images and labels stay together") {
  Loader loader(counting(50), {.batch = 8, .shuffle = true}, Rng(5));
  for (const Batch& batch : loader) {
    for (Index i = 0; i < batch.size(); ++i) {
      const Index index = batch.indices[static_cast<std::size_t>(i)];
      CHECK(batch.images.at({i, 0}) == static_cast<Real>(index));
      CHECK(batch.labels[static_cast<std::size_t>(i)] == index);
    }
  }
}

TEST_CASE("loader: the order depends only on seed, stream and epoch") {
  Rng rng(5);
  Loader loader(counting(64), {.batch = 8, .shuffle = true}, rng);
  const std::vector<Index> first = one_pass(loader), second = one_pass(loader);
  CHECK(rng.position() == 0);
  rng.normal();  // a generator at another position gives the same order
  Loader again(counting(64), {.batch = 16, .shuffle = true}, rng);
  CHECK(one_pass(again) == first);
  again.seek(1, 0);
  CHECK(one_pass(again) == second);
  Loader other_seed(counting(64), {.batch = 8, .shuffle = true}, Rng(6));
  Loader other_stream(counting(64), {.batch = 8, .shuffle = true}, Rng(5).split("photos"));
  CHECK(one_pass(other_seed) != first);
  CHECK(one_pass(other_stream) != first);
}

TEST_CASE("loader: resuming in the middle of an epoch reproduces the uninterrupted order") {
  const LoaderOptions options{.batch = 6, .shuffle = true};
  Loader whole(counting(40), options, Rng(9));
  std::vector<std::vector<Index>> expected;
  for (int epoch = 0; epoch < 3; ++epoch)
    for (const Batch& batch : whole) expected.push_back(batch.indices);

  for (std::size_t stop = 1; stop < expected.size(); ++stop) {
    std::vector<std::vector<Index>> seen;
    Loader before(counting(40), options, Rng(9));
    while (seen.size() < stop)
      for (const Batch& batch : before) {
        seen.push_back(batch.indices);
        if (seen.size() == stop) break;
      }
    Loader after(counting(40), options, Rng(9));
    after.seek(before.epoch(), before.position());
    while (after.epoch() < 3)
      for (const Batch& batch : after) seen.push_back(batch.indices);
    CHECK(seen == expected);
  }
}

TEST_CASE("loader: leaving a pass and returning continues at the same place") {
  Loader loader(counting(12), {.batch = 4});
  for (const Batch& batch : loader) {
    CHECK(batch.indices.front() == 0);
    break;
  }
  CHECK(loader.position() == 1);
  CHECK(one_pass(loader) == std::vector<Index>{4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(one_pass(loader).size() == 12);
}

TEST_CASE("loader: next continues without end, in the order of the passes") {
  const LoaderOptions options{.batch = 5, .shuffle = true};
  Loader passes(counting(20), options, Rng(2)), steps(counting(20), options, Rng(2));
  for (int epoch = 0; epoch < 3; ++epoch)
    for (const Batch& batch : passes) {
      CHECK(steps.next().indices == batch.indices);
      CHECK(steps.epoch() == epoch);
    }
}

TEST_CASE("loader: the rows of several processes are those of the whole batch, in the same order") {
  Loader whole(counting(12), {.batch = 4, .shuffle = true}, Rng(3)),
      first(counting(12), {.batch = 4, .shuffle = true}, Rng(3)),
      last(counting(12), {.batch = 4, .shuffle = true}, Rng(3));
  first.serve_rows(0, 3), last.serve_rows(3, 4);
  for (int batch = 0; batch < 7; ++batch) {
    const Batch all = whole.next(), some = first.next(), one = last.next();
    CHECK(some.size() == 3);
    CHECK(std::equal(some.labels.begin(), some.labels.end(), all.labels.begin()));
    CHECK(some.images.at({2, 1}) == all.images.at({2, 1}));
    CHECK(one.labels == std::vector<int>{all.labels[3]});
    CHECK(one.images.at({0, 0}) == all.images.at({3, 0}));
  }
  Loader uneven(counting(10), {.batch = 4});
  CHECK_THROWS_WITH_AS(
      uneven.serve_rows(0, 2),
      "Loader: dataset 'counting' ends with a batch that is not full; set drop_last to divide "
      "batches",
      Error);
  CHECK_THROWS_AS(whole.serve_rows(2, 5), Error);
  CHECK_THROWS_AS(whole.serve_rows(2, 2), Error);
}

TEST_CASE("loader: a retained batch is not overwritten") {
  Loader loader(counting(8), {.batch = 4});
  const Batch first = loader.next();
  loader.next();
  CHECK(first.images.at({3, 0}) == 3);
}

TEST_CASE("loader: no new memory after warming up") {
  Loader loader(counting(4096), {.batch = 256, .shuffle = true}, Rng(1));
  for (int pass = 0; pass < 2; ++pass) one_pass(loader);
  const auto fresh = pool_stats().fresh;
  for (int pass = 0; pass < 3; ++pass) one_pass(loader);
  CHECK(pool_stats().fresh == fresh);
}

TEST_CASE("loader: misuse gives errors") {
  CHECK_THROWS_WITH_AS(Loader(Dataset{}, {}), "Loader: dataset '' is empty", Error);
  CHECK_THROWS_AS(Loader(counting(4), {.batch = 0}), Error);
  Dataset broken = counting(4);
  broken.labels.pop_back();
  CHECK_THROWS_AS(Loader(broken, {}), Error);
  Loader loader(counting(10), {.batch = 4});
  CHECK_THROWS_AS(loader.seek(0, 4), Error);
  CHECK_THROWS_AS(loader.seek(-1, 0), Error);
}
