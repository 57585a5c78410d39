#include "support/judge.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"
#include "gradus/data/loader.hpp"
#include "gradus/io/checkpoint.hpp"
#include "gradus/ops/activation.hpp"
#include "gradus/ops/losses.hpp"
#include "gradus/ops/reduction.hpp"
#include "gradus/ops/shaping.hpp"
#include "gradus/ops/window.hpp"
#include "gradus/optim/descend.hpp"
#include "gradus/optim/optimizer.hpp"
#include "gradus/optim/schedule.hpp"
#include "gradus/train/progress.hpp"
#include "support/cache.hpp"
#include "support/inference.hpp"

namespace gradus::lecture {
namespace {

/// Size of an axis (0 H, 1 W, 2 C) of the training pictures.
Index size_of(const Tensor& images, int axis) {
  if (images.rank() == 4) return images.dim(axis + 1);
  const Index D = images.shape().row_size();
  const auto side = static_cast<Index>(std::lround(std::sqrt(static_cast<double>(D))));
  GRADUS_CHECK(side * side == D, "Judge: images ", images.shape(),
               " must be [N, H, W, C], or [N, D] with square D");
  return axis == 2 ? 1 : side;
}

}  // namespace

Judge::Judge(Program& program, const Dataset& train)
    : Judge(program, train, std::make_unique<Rng>(Rng(1).split("judge"))) {}

Judge::Judge(Program& program, const Dataset& train, std::unique_ptr<Rng> rng)
    : Module(*rng),
      rng_(std::move(rng)),
      height_(size_of(train.images, 0)),
      width_(size_of(train.images, 1)),
      channels_(size_of(train.images, 2)),
      classes_(train.classes) {
  GRADUS_CHECK(!train.labels.empty(), "Judge: the training set ", train.name, " has no labels");
  // A smaller set gets more epochs, up to four times as many as MNIST.
  const Index passes = std::clamp<Index>(60000 / train.size(), 1, 4);
  const Index epochs = program.pick<Index>(3 * passes, 3 * passes, 2);
  const std::string recipe =
      text("conv 5 16, max 2, conv 3 32, max 2, 64, ", height_, "x", width_, "x", channels_, " to ", classes_,
           ", Adam .001 falling, batch 64, epochs ", epochs);
  const std::filesystem::path cached = cache_place(program, "judge", recipe, train);
  with_cached(cached, [&] {
    if (load_cached(cached, state())) return;
    fit(train, epochs);
    save_checkpoint(cached, state(), {{"trained_on", train.name}, {"recipe", recipe}});
  });
}

Var Judge::features_of(const Tensor& x) {
  const Index B = x.dim(0);
  const Var pixels = x.reshape({B, height_, width_, channels_});
  const Var h = max_pool2d(relu(second_(max_pool2d(relu(first_(pixels)), 2))), 2);
  return relu(features_(reshape(h, {B, features_.w.value.dim(1)})));
}

void Judge::fit(const Dataset& train, Index epochs) {
  Loader loader(train, {.batch = 64, .shuffle = true}, rng().split("order"));
  Adam adam(parameters());
  const Index steps = epochs * loader.size();
  Progress bar("judge", steps);
  for (Index step = 0; step < steps; ++step) {
    const Batch& batch = loader.next();
    adam.lr = Real(1e-3) * linear_decay(static_cast<double>(step) / static_cast<double>(steps));
    const Real loss =
        descend(adam, [&] { return mean(cross_entropy(out_(features_of(batch.images)), batch.labels)); });
    bar.tick({{"loss", loss}});
  }
}

Tensor Judge::features(const Tensor& x) {
  GRADUS_CHECK(x.rank() >= 2 && x.shape().row_size() == height_ * width_ * channels_, "Judge: x ", x.shape(),
               " must be [B, ", height_, ", ", width_, ", ", channels_, "] or [B, ",
               height_ * width_ * channels_, "]");
  return in_pieces(x, [&](const Var& piece) { return features_of(piece.value()); });
}

Tensor Judge::probabilities(const Tensor& x) { return softmax(out_(features(x))).value(); }

std::vector<int> Judge::classify(const Tensor& x) { return argmax(probabilities(x), 1); }

double Judge::accuracy(const Tensor& x, const std::vector<int>& labels) {
  return static_cast<double>(agreement(classify(x), labels)) / static_cast<double>(labels.size());
}

Index agreement(const std::vector<int>& a, const std::vector<int>& b) {
  GRADUS_CHECK(a.size() == b.size(), "agreement: ", a.size(), " and ", b.size(), " entries");
  Index equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
  return equal;
}

}  // namespace gradus::lecture
