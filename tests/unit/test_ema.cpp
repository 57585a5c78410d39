// Averages of a module's weights.
#include <algorithm>
#include <string>
#include <vector>

#include "gradus/base/check.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/nn/ema.hpp"
#include "gradus/nn/layers.hpp"
#include "helpers.hpp"

using namespace gradus;

namespace {

struct Averaged : Module {
  Linear layer{*this, "layer", 3, 2};
  Tensor running = Tensor::of({2}, {1, 2});
  explicit Averaged(Rng& rng) : Module(rng) { add_buffer("running", running); }
};

}  // namespace

TEST_CASE("Ema: decay average + (1 - decay) weights, for weights and buffers") {
  Rng rng(1);
  Averaged model(rng);
  model.layer.b.value.fill(8);
  Ema ema(model, Real(0.75));
  model.layer.b.value.fill(4);
  model.running.fill(9);
  ema.update();  // 0.75 8 + 0.25 4 = 7
  ema.update();  // 0.75 7 + 0.25 4 = 6.25
  const State average = ema.state();
  REQUIRE(average.tensors.size() == model.state().tensors.size());
  for (std::size_t i = 0; i < average.tensors.size(); ++i)
    CHECK(average.tensors[i].first == model.state().tensors[i].first);
  {
    Ema::Applied applied{ema};
    CHECK(model.layer.b.value[0] == Real(6.25));
    CHECK(model.running[0] == Real(4.5));     // 1 -> 3 -> 4.5
    CHECK(model.running[1] == Real(5.0625));  // 2 -> 3.75 -> 5.0625
  }
  CHECK(model.layer.b.value[0] == 4);
  CHECK(model.running[0] == 9);
  for (const Real wrong : {Real(-0.1), Real(1)})
    CHECK(contains(message([&] { Ema(model, wrong); }), "Ema: the decay"));
}

TEST_CASE("Ema::Applied restores the weights bit for bit, also after exceptions") {
  Rng rng(2);
  Averaged model(rng);
  Ema ema(model, Real(0.9));
  std::vector<std::vector<Real>> before, averages;
  for (const auto& [name, tensor] : model.state().tensors) {
    Tensor handle = tensor;
    rng.fill_normal(handle.values());
    before.push_back(numbers(tensor));
  }
  ema.update();
  for (const auto& [name, tensor] : ema.state().tensors) averages.push_back(numbers(tensor));
  const auto check_restored = [&] {
    const State now = model.state(), average = ema.state();
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK(numbers(now.tensors[i].second) == before[i]);
      CHECK(numbers(average.tensors[i].second) == averages[i]);
    }
  };
  for (int round = 0; round < 3; ++round) {
    try {
      Ema::Applied applied{ema};
      for (std::size_t i = 0; i < before.size(); ++i)
        CHECK(numbers(model.state().tensors[i].second) == averages[i]);
      if (round) throw Error("in the middle of sampling");
    } catch (const Error&) {
    }
    check_restored();
  }
}

TEST_CASE("Ema and State follow tensors that a module has replaced, and refuse another shape") {
  Rng rng(1);
  Averaged model(rng);
  const State before = model.state();
  Ema ema(model, 0);
  model.layer.b.value = Tensor::full({2}, 5);
  model.running = Tensor::full({2}, 6);
  ema.update();
  {
    Ema::Applied applied{ema};
    model.layer.b.value.fill(7);
  }
  CHECK(model.layer.b.value[0] == 5);  // the average was in the module's own tensor
  State now = before;
  now.refresh();
  for (const auto& [name, tensor] : now.tensors)
    if (name == "layer.b" || name == "running") CHECK(tensor[0] == (name == "running" ? 6 : 5));
  const Folder folder;
  save_checkpoint(folder / "x.safetensors", before);
  model.running.fill(0);
  load_checkpoint(folder / "x.safetensors", before);
  CHECK(model.running[0] == 6);

  model.running = Tensor::full({3}, 6);
  CHECK(contains(message([&] { ema.update(); }), {"running", "[2]", "[3]"}));
  CHECK(contains(message([&] { save_checkpoint(folder / "y.safetensors", before); }), {"running", "[3]"}));
  model.running = Tensor::full({2}, 6);
  const Linear grown(model, "grown", 2, 2);
  CHECK(contains(message([&] { ema.update(); }), {"Ema: the module has 5 tensors, and had 3"}));
}

TEST_CASE("Ema with a warm-up: step n has the decay n / (n + 9) until the limit, and a checkpoint holds n") {
  Rng rng(4);
  Averaged model(rng);
  model.layer.b.value.fill(0);
  Ema ema(model, Real(0.25), true);
  model.layer.b.value.fill(1);
  const auto average = [&] {
    const Ema::Applied applied(ema);
    return static_cast<double>(model.layer.b.value[0]);
  };
  double expected = 0;
  for (int n = 1; n <= 5; ++n) {
    ema.update();
    const double decay = std::min(0.25, n / (n + 9.0));  // 1/10, 2/11, 3/12 = 1/4, then the limit
    expected = decay * expected + (1 - decay);
    CHECK(average() == doctest::Approx(expected));
  }
  const Folder folder;
  Ema other(model, Real(0.25), true);
  save_checkpoint(folder / "ema.safetensors", ema.state());
  load_checkpoint(folder / "ema.safetensors", other.state());
  REQUIRE(other.state().counters.size() == 1);
  CHECK(*other.state().counters[0].second == 5);
  CHECK(Ema(model, Real(0.5)).state().counters.empty());
}

TEST_CASE("Ema: averages that are in use are not exchanged or updated a second time") {
  Rng rng(1);
  Averaged model(rng);
  Ema ema(model, Real(0.5));
  {
    const Ema::Applied applied(ema);
    CHECK(contains(message([&] { const Ema::Applied again(ema); }), "already"));
    CHECK(contains(message([&] { ema.update(); }), "already"));
  }
  ema.update();
}
