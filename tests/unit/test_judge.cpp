#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include "gradus/base/check.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/ops/arithmetic.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "helpers.hpp"
#include "support/cache.hpp"
#include "support/inference.hpp"
#include "support/judge.hpp"

using namespace gradus;
using namespace gradus::lecture;
namespace fs = std::filesystem;

namespace {

/// A tiny program in a separate folder.
struct Bench {
  fs::path folder = fs::temp_directory_path() / text("gradus_judge_", getpid());
  std::string place = folder.string();
  std::vector<const char*> argv{"20_judge", "--data", "/none", "--preset", "tiny", "--out", place.c_str()};
  Program program{
      static_cast<int>(argv.size()), const_cast<char**>(argv.data()), {.name = "20_judge", .title = "t"}};
  ~Bench() { fs::remove_all(folder); }
};

std::size_t cached_files(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder / "cache"))
    count += entry.path().extension() == ".safetensors";
  return count;
}

}  // namespace

TEST_CASE("cache: kind, recipe and training set determine the file; equal ones give the same file") {
  Bench bench;
  Rng rng(1);
  const Dataset a{"a", Tensor::randn({20, 9}, rng), std::vector<int>(20, 1), 3, {}};
  Dataset b = a, c = a;
  b.labels[7] = 2;
  c.images = a.images.clone();
  c.images[98] += Real(0.5);
  const auto place = [&](const char* kind, const char* recipe, const Dataset& data) {
    return cache_place(bench.program, kind, recipe, data).filename().string();
  };
  const std::string here = place("judge", "64 units", a);
  CHECK(here.starts_with("judge_"));
  CHECK(here.ends_with(".safetensors"));
  CHECK(here == place("judge", "64 units", a));
  CHECK(here != place("judge", "65 units", a));
  CHECK(here != place("dcgan", "64 units", a));
  CHECK(here != place("judge", "64 units", b));
  CHECK(here != place("judge", "64 units", c));
  CHECK(here != place("judge", "64 units", a.subset(0, 19)));
}

TEST_CASE("cache: a damaged file or one of another network is not loaded") {
  Bench bench;
  State state;
  state.tensors = {{"w", Tensor::full({3}, 2)}};
  const fs::path file = bench.folder / "cache" / "judge_0.safetensors";
  CHECK_FALSE(load_cached(file, state));
  save_checkpoint(file, state);
  state.tensors[0].second = Tensor::zeros({3});
  CHECK(load_cached(file, state));
  CHECK(same_bits(state.tensors[0].second, Tensor::full({3}, 2)));
  State other;
  other.tensors = {{"w", Tensor::zeros({4})}};
  CHECK_FALSE(load_cached(file, other));
  fs::resize_file(file, fs::file_size(file) - 1);
  CHECK_FALSE(load_cached(file, state));
  fs::resize_file(file, 0);
  CHECK_FALSE(load_cached(file, state));
}

TEST_CASE("cache: a file that another program makes is loaded when it is complete") {
  Bench bench;
  const fs::path file = bench.folder / "cache" / "judge_0.safetensors";
  std::promise<void> begun;
  std::thread other([&] {
    with_cached(file, [&] {
      begun.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      State state;
      state.tensors = {{"w", Tensor::full({3}, 2)}};
      save_checkpoint(file, state);
    });
  });
  begun.get_future().wait();
  State state;
  state.tensors = {{"w", Tensor::zeros({3})}};
  bool loaded = false;
  const std::string said = [&] {
    const Heard heard;
    loaded = with_cached(file, [&] { return load_cached(file, state); });
    return heard.words();
  }();
  other.join();
  CHECK(loaded);
  CHECK(same_bits(state.tensors[0].second, Tensor::full({3}, 2)));
  CHECK(contains(said, {"Waits for another program that loads or makes", "judge_0.safetensors"}));
}

TEST_CASE("cache: of programs that miss a file at the same time, one makes it") {
  Bench bench;
  const fs::path file = bench.folder / "cache" / "judge_0.safetensors";
  std::atomic<int> made = 0, loaded = 0;
  std::vector<std::thread> programs;
  for (int i = 0; i < 4; ++i)
    programs.emplace_back([&] {
      State state;
      state.tensors = {{"w", Tensor::zeros({3})}};
      with_cached(file, [&] {
        if (load_cached(file, state)) {
          ++loaded;
          return;
        }
        ++made;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        save_checkpoint(file, state);
      });
    });
  for (std::thread& program : programs) program.join();
  CHECK(made == 1);
  CHECK(loaded == 3);
}

TEST_CASE("in_pieces: the network sees 500 rows at a time, and the result is that of all rows") {
  Rng rng(1);
  std::vector<Index> sizes;
  const Network net = [&](const Var& x) {
    sizes.push_back(x.dim(0));
    return reshape(x * Real(2), {x.dim(0), 1, 3});
  };
  for (const Index N : {Index(0), Index(7), Index(500), Index(1203)}) {
    const Tensor x = Tensor::randn({N, 3}, rng);
    CHECK(same_bits(in_pieces(x, net), (Var(x) * Real(2)).value().reshape({N, 1, 3})));
  }
  CHECK(sizes == std::vector<Index>{0, 7, 500, 500, 500, 203});
}

TEST_CASE("judge: reads digits, flat or as images, and is reloaded from the cache with the same bits") {
  Bench bench;
  const Split digits = load_digits("/none", {.train = 4000, .test = 700});
  Judge judge(bench.program, digits.train);
  const double accuracy = judge.accuracy(digits.test.images, digits.test.labels);
  CHECK(accuracy > 0.85);
  CHECK(cached_files(bench.folder) == 1);
  const Tensor features = judge.features(digits.test.images);
  CHECK(features.shape() == Shape{700, 64});
  CHECK(*std::min_element(features.values().begin(), features.values().end()) == 0);  // outputs of relu
  CHECK(same_bits(features, judge.features(digits.test.flat().images)));
  // More than one chunk: the last images alone give the same.
  const Tensor last = judge.features(digits.test.images.rows(695, 700));
  for (Index i = 0; i < last.size(); ++i) CHECK(std::abs(last[i] - features.rows(695, 700)[i]) < 1e-4);

  Judge again(bench.program, digits.flat().train);
  CHECK(cached_files(bench.folder) == 1);
  CHECK(same_bits(features, again.features(digits.test.images)));
  const Tensor p = again.probabilities(digits.test.images.rows(0, 9));
  CHECK(p.shape() == Shape{9, 10});
  for (Index n = 0; n < 9; ++n) {
    double sum = 0;
    for (Index c = 0; c < 10; ++c) sum += p[10 * n + c];
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
  }

  // The file of an older classifier under another name is not used.
  for (const auto& entry : fs::directory_iterator(bench.folder / "cache"))
    fs::rename(entry.path(), bench.folder / "cache" / "judge_0123456789abcdef.safetensors");
  Judge anew(bench.program, digits.train);
  CHECK(cached_files(bench.folder) == 2);
  CHECK(same_bits(features, anew.features(digits.test.images)));  // the same weights every time
}

TEST_CASE("judge: images of another size, and refused inputs") {
  Bench bench;
  const Split digits = load_digits("/none", {.train = 3000, .test = 300});
  const auto halved = [](const Dataset& data) {
    Dataset out = data;
    out.images = average_pool2d(data.images, 2).value();
    return out;
  };
  const Dataset small = halved(digits.train), test = halved(digits.test);
  Judge judge(bench.program, small);
  CHECK(judge.accuracy(test.images, test.labels) > 0.4);  // after two epochs; guessing has 0.1
  CHECK(judge.features(test.images).dim(1) == 64);
  CHECK_THROWS_WITH_AS(judge.classify(digits.test.images), doctest::Contains("must be [B, 14, 14, 1]"),
                       Error);
  Dataset nameless = small;
  nameless.labels.clear();
  nameless.classes = 0;
  CHECK_THROWS_WITH_AS(Judge(bench.program, nameless), doctest::Contains("no labels"), Error);
  const Dataset rows{"rows", Tensor::zeros({10, 10}), std::vector<int>(10, 0), 10, {}};
  CHECK_THROWS_WITH_AS(Judge(bench.program, rows), doctest::Contains("square"), Error);
}

TEST_CASE("a program's own page is written and reported") {
  Bench bench;
  bench.program.page("game", "<!doctype html><p>x", "Play");
  bench.program.finish();
  const auto slurp = [](const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  CHECK(slurp(bench.folder / "20_judge" / "game.html") == "<!doctype html><p>x");
  const std::string summary = slurp(bench.folder / "summary.json");
  CHECK(summary.find("\"20_judge/game.html\": \"Play\"") != summary.npos);
}
