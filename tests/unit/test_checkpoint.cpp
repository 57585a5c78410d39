#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include "gradus/autograd/tape.hpp"
#include "gradus/base/check.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "helpers.hpp"

using namespace gradus;
namespace fs = std::filesystem;

TEST_CASE("checkpoint: tensors, notes and counters are restored exactly") {
  const Folder folder;
  Rng rng(3);
  rng.normal();
  std::uint64_t steps = 18446744073709551615u;
  const Tensor w = Tensor::randn({3, 5}, rng), b = Tensor::randn({2, 1, 3, 7}, rng),
               none = Tensor::zeros({0, 4});
  State state;
  state.tensors = {{"z.w", w}, {"a.b", b}, {"m.none", none}};
  state.counters = {{"adam.steps", &steps}};
  state.add("rng", rng);
  const Rng before = rng;
  save_checkpoint(folder.path / "deep" / "one.safetensors", state, {{"preset", "quick \"ä\""}});

  const Tensor w_before = w.clone(), b_before = b.clone();
  Tensor(w).fill(0);
  Tensor(b).fill(0);
  steps = 0;
  rng = Rng(99, 5);
  load_checkpoint(folder.path / "deep" / "one.safetensors", state);
  CHECK(same_bits(w, w_before));
  CHECK(same_bits(b, b_before));
  CHECK(steps == 18446744073709551615u);
  CHECK(rng.seed() == before.seed());
  CHECK(rng.position() == before.position());
  CHECK(rng.stream() == before.stream());
  const TensorFile file = read_safetensors(folder.path / "deep" / "one.safetensors");
  CHECK(file.notes.at("preset") == "quick \"ä\"");
  CHECK(file.notes.at("format") == "gradus");
  CHECK(std::distance(fs::directory_iterator(folder.path / "deep"), {}) == 1);  // no temporary file is left
}

TEST_CASE("checkpoint: another network's file is refused and changes nothing") {
  const Folder folder;
  const fs::path path = folder.path / "net.safetensors";
  std::uint64_t steps = 4;
  State made;
  made.tensors = {{"w", Tensor::full({2, 3}, 1)}, {"b", Tensor::full({3}, 1)}, {"old", Tensor::full({1}, 1)}};
  made.counters = {{"steps", &steps}};
  save_checkpoint(path, made);

  std::uint64_t other_steps = 0;
  const auto refused = [&](std::vector<std::pair<std::string, Tensor>> tensors, bool counters) {
    State state;
    state.tensors = std::move(tensors);
    if (counters) state.counters = {{"steps", &other_steps}};
    const std::string words = message([&] { load_checkpoint(path, state); });
    for (const auto& [name, tensor] : state.tensors)
      for (const Real value : tensor.values()) CHECK(value == 0);
    CHECK(other_steps == 0);
    CHECK(contains(words, path.string()));
    return words;
  };
  const Tensor w = Tensor::zeros({2, 3}), b = Tensor::zeros({3}), old = Tensor::zeros({1});
  const std::string names = refused({{"w", w}, {"b", b}, {"young", old}}, true);
  CHECK(contains(names, "missing tensors young"));
  CHECK(contains(names, "unexpected tensors old"));
  CHECK(contains(refused({{"w", w}, {"b", b}, {"old", old}}, false), "unexpected counters steps"));
  CHECK(contains(refused({{"w", w}, {"b", Tensor::zeros({1, 3})}, {"old", old}}, true),
                 "tensor \"b\" is [3] in the file, expected [1, 3]"));
  for (const std::string number : {"", "-1", "1x", "18446744073709551616", " 1"}) {
    write_safetensors(path, made.tensors, {{"counter.steps", number}});
    CHECK(contains(refused({{"w", w}, {"b", b}, {"old", old}}, true), "counter steps"));
  }
}

TEST_CASE("checkpoint: unsaveable content gives an error with the reason") {
  const Folder folder;
  const Tensor one = Tensor::zeros({1});
  const auto saving = [&](const fs::path& path, std::vector<std::pair<std::string, Tensor>> tensors) {
    return message([&] { write_safetensors(path, tensors); });
  };
  CHECK(contains(saving(folder.path / "x", {{"a", Tensor()}}), "\"a\" is empty"));
  CHECK(contains(saving(folder.path / "x", {{"a", one}, {"a", one}}), "\"a\": the name is taken"));
  CHECK(contains(saving(folder.path / "x", {{"__metadata__", one}}), "the name is taken"));
  CHECK(contains(saving(folder.path / "x", {{"\xff", one}}), "UTF-8"));
  CHECK(contains(saving(folder.path / "none" / "x", {{"a", one}}), "cannot write"));
  CHECK(contains(saving(folder.path, {{"a", one}}), "cannot write"));
  CHECK(fs::is_empty(folder.path));
  CHECK(contains(message([&] { read_safetensors(folder.path / "x"); }), "no such file"));
  CHECK(contains(message([&] { read_safetensors(folder.path); }), "is a folder"));
}

TEST_CASE("checkpoint: kill -9 during a save leaves a complete file") {
  const Folder folder;
  const fs::path path = folder.path / "state.safetensors";
  std::uint64_t count = 0;
  State state;  // large enough that saving takes most of the time
  for (const char* name : {"a", "b", "c"}) state.tensors.emplace_back(name, Tensor::zeros({250000}));
  state.counters = {{"count", &count}};
  save_checkpoint(path, state);
  Rng rng(5);
  int left_over = 0;
  for (int round = 0; round < 25; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // no parallel loops here: the other threads do not exist after fork
      try {
        for (;;) {
          ++count;
          for (auto& [name, tensor] : state.tensors)
            std::fill(tensor.values().begin(), tensor.values().end(), static_cast<Real>(count));
          save_checkpoint(path, state);
        }
      } catch (...) {
      }
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(2000 + rng.below(30000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    const std::uint64_t before = count;
    load_checkpoint(path, state);
    CHECK(count >= before);
    for (const auto& [name, tensor] : state.tensors)
      CHECK(std::all_of(tensor.values().begin(), tensor.values().end(),
                        [&](Real value) { return value == static_cast<Real>(count); }));
    for (const auto& file : fs::directory_iterator(folder.path))
      if (file.path() != path) {
        ++left_over;
        fs::remove(file.path());
      }
  }
  CHECK(count > 0);
  CHECK(left_over > 0);  // otherwise no save was interrupted
}

namespace {

struct Net : Module {
  Linear hidden{*this, "hidden", 6, 16};
  Dropout drop{*this, "drop", Real(0.3)};
  Linear out{*this, "out", 16, 3};
  using Module::Module;
  Var operator()(const Var& x) { return out(drop(relu(hidden(x)))); }
};

/// A training run with everything that has state.
struct Training {
  Rng rng;
  Net net;
  Adam adam;
  std::optional<Loader> loader;
  std::uint64_t epoch = 0, position = 0;

  explicit Training(std::uint64_t seed) : rng(seed), net(rng), adam(net.parameters(), {.lr = Real(0.01)}) {}

  State state() {
    State all;
    all.add("net", net.state());
    all.add("adam", adam.state());
    all.add("rng", rng);
    all.add("noise", net.drop.noise);
    all.counters.emplace_back("loader.epoch", &epoch);
    all.counters.emplace_back("loader.position", &position);
    return all;
  }
  /// After loading: the order of the batches depends on the generator's seed.
  void make_loader() {
    Rng data_rng(1);
    Dataset data{"points", Tensor::randn({50, 6}, data_rng), {}, 0, {}};
    for (int i = 0; i < 50; ++i) data.labels.push_back(i % 3);
    data.classes = 3;
    loader.emplace(data, LoaderOptions{.batch = 8, .shuffle = true}, rng);
    loader->seek(static_cast<Index>(epoch), static_cast<Index>(position));
  }
  void step() {
    const Batch& batch = loader->next();
    Tape tape;
    const Var x(batch.images);
    Var loss = mean(cross_entropy(net(x), batch.labels));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
    epoch = static_cast<std::uint64_t>(loader->epoch());
    position = static_cast<std::uint64_t>(loader->position());
  }
};

}  // namespace

TEST_CASE("checkpoint: a resumed training run equals an uninterrupted one bit for bit") {
  const Folder folder;
  constexpr int steps = 14, stop = 10;  // two epochs of seven batches, stopped within the second
  Training whole(21);
  whole.make_loader();
  for (int i = 0; i < steps; ++i) whole.step();
  {
    Training first(21);
    first.make_loader();
    for (int i = 0; i < stop; ++i) first.step();
    save_checkpoint(folder.path / "half.safetensors", first.state());
  }
  Training second(77);
  load_checkpoint(folder.path / "half.safetensors", second.state());
  second.make_loader();
  CHECK(second.loader->epoch() == 1);
  CHECK(second.loader->position() == 3);
  for (int i = stop; i < steps; ++i) second.step();
  const State a = whole.state(), b = second.state();
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    INFO(a.tensors[i].first);
    CHECK(same_bits(a.tensors[i].second, b.tensors[i].second));
  }
  for (std::size_t i = 0; i < a.counters.size(); ++i) CHECK(*a.counters[i].second == *b.counters[i].second);
}
