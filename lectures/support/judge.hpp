#pragma once
// Judge: a digit classifier that measures generated pictures, trained once and kept in the cache.
#include <memory>
#include <vector>

#include "gradus/data/dataset.hpp"
#include "gradus/nn/layers.hpp"
#include "support/program.hpp"

namespace gradus::lecture {

/// A small LeNet (LeCun, Bottou, Bengio, Haffner 1998):
///
///   x [B, H, W, C] - conv 5x5, 16 - halved - conv 3x3, 32 - halved - 64 - classes        relu between
///
/// where "halved" is max pooling over 2x2. The 64 activations before the last layer
/// are the features for comparing distributions (frechet_distance, neighbour_scores).
/// The judge is trained on the real training set only, never on the pictures that it measures.
class Judge : public Module {
 public:
  /// Loads the classifier of this training set from `<out>/cache`, or trains it (some seconds)
  /// and saves it there. train.images is [N, H, W, C], or [N, D] with square D, read as grey pictures.
  /// Throws Error without labels, and when D is not a square.
  Judge(Program& program, const Dataset& train);

  // x [B, H, W, C] or [B, H W C] in [0, 1], of the training set's size; throw Error otherwise.
  std::vector<int> classify(const Tensor& x);                        ///< B classes
  Tensor probabilities(const Tensor& x);                             ///< [B, classes]
  Tensor features(const Tensor& x);                                  ///< [B, 64]
  double accuracy(const Tensor& x, const std::vector<int>& labels);  ///< share of x classified as labelled

 private:
  Judge(Program& program, const Dataset& train, std::unique_ptr<Rng> rng);
  void fit(const Dataset& train, Index epochs);
  Var features_of(const Tensor& x);

  std::unique_ptr<Rng> rng_;  // for the initial weights; does not depend on the program's seed
  Index height_, width_, channels_, classes_;
  Conv2d first_{*this, "first", channels_, 16, {.size = 5, .padding = 2}};
  Conv2d second_{*this, "second", 16, 32, {.size = 3, .padding = 1}};
  Linear features_{*this, "features", 32 * (height_ / 4) * (width_ / 4), 64};
  Linear out_{*this, "out", 64, classes_};
};

/// Number of positions at which the two lists agree. Throws Error when the lengths differ.
Index agreement(const std::vector<int>& a, const std::vector<int>& b);

}  // namespace gradus::lecture
