#include "gradus/train/judge.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "gradus/base/check.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/optim/optimizer.hpp"
#include "gradus/optim/schedule.hpp"
#include "gradus/train/progress.hpp"

namespace gradus {
namespace {

/// Sixteen hexadecimal digits that differ between training sets (FNV-1a over labels and every 97th number).
std::string fingerprint(const Dataset& data) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto add = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3u; };
  add(static_cast<std::uint64_t>(data.images.size()));
  for (const int label : data.labels) add(static_cast<std::uint64_t>(label));
  for (Index i = 0; i < data.images.size(); i += 97)
    add(std::bit_cast<std::uint32_t>(static_cast<float>(data.images[i])));
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace

Judge::Judge(Program& program, const Dataset& train)
    : Judge(program, train, std::make_unique<Rng>(Rng(1).split("judge"))) {}

Judge::Judge(Program& program, const Dataset& train, std::unique_ptr<Rng> chance)
    : Module(*chance),
      chance_(std::move(chance)),
      inputs_(train.images.shape().row_size()),
      classes_(train.classes) {
  GRADUS_CHECK(!train.labels.empty(), "Judge: the training set ", train.name, " has no labels");
  const std::filesystem::path cached =
      program.options.out / "cache" / ("judge_" + fingerprint(train) + ".safetensors");
  if (std::filesystem::exists(cached)) {
    load_checkpoint(cached, state());
  } else {
    fit(program, train);
    save_checkpoint(cached, state(), {{"trained_on", train.name}});
  }
}

void Judge::fit(Program& program, const Dataset& train) {
  const Index epochs = program.pick<Index>(5, 5, 2);
  Loader loader(train, {.batch = 128, .shuffle = true}, rng().split("order"));
  Adam adam(parameters());
  Progress bar("judge", epochs * loader.size());
  for (Index step = 0; step < epochs * loader.size(); ++step) {
    const Batch& batch = loader.next();
    adam.lr =
        Real(1e-3) * linear_decay(static_cast<double>(step) / static_cast<double>(epochs * loader.size()));
    Tape tape;
    const Var logits = out_(relu(features_(relu(hidden_(batch.images)))));
    const Var loss = mean(cross_entropy(logits, batch.labels));
    adam.zero_grad();
    tape.backward(loss);
    adam.step();
    bar.tick({{"loss", loss}});
  }
}

Tensor Judge::features(const Tensor& x) { return relu(features_(relu(hidden_(x)))).value(); }

Tensor Judge::probabilities(const Tensor& x) { return softmax(out_(features(x))).value(); }

std::vector<int> Judge::classify(const Tensor& x) {
  const Tensor p = probabilities(x);
  std::vector<int> classes;
  for (Index b = 0; b < p.dim(0); ++b) {
    const Real* row = p.data() + b * classes_;
    classes.push_back(static_cast<int>(std::max_element(row, row + classes_) - row));
  }
  return classes;
}

double Judge::accuracy(const Tensor& x, const std::vector<int>& labels) {
  return static_cast<double>(agreement(classify(x), labels)) / static_cast<double>(labels.size());
}

Index agreement(const std::vector<int>& a, const std::vector<int>& b) {
  GRADUS_CHECK(a.size() == b.size(), "agreement: ", a.size(), " and ", b.size(), " entries");
  Index equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return equal;
}

}  // namespace gradus
