#pragma once
// Judge: a digit classifier that tells what a generated picture shows, trained once and kept in a cache.
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
/// where "halved" takes the largest of every 2x2 square.
/// Its 64 numbers before the last layer are the features in which distributions are compared
/// (frechet_distance, neighbour_scores). It never sees what it judges: it is trained on the real training set
/// alone.
class Judge : public Module {
 public:
  /// Loads the classifier of this training set from `<out>/cache`, or trains it (some seconds) and puts it
  /// there. train.images [N, H, W, C], or [N, D] with square D taken as grey pictures. Throws Error without
  /// labels, and when D is no square.
  Judge(Program& program, const Dataset& train);

  // x [B, H, W, C] or [B, H W C] in [0, 1], of the training set's size; throw Error otherwise.
  std::vector<int> classify(const Tensor& x);                        ///< B classes
  Tensor probabilities(const Tensor& x);                             ///< [B, classes]
  Tensor features(const Tensor& x);                                  ///< [B, 64]
  double accuracy(const Tensor& x, const std::vector<int>& labels);  ///< share of x judged as labelled

 private:
  Judge(Program& program, const Dataset& train, std::unique_ptr<Rng> chance);
  void fit(const Dataset& train, Index epochs);
  Var features_of(const Tensor& x);

  std::unique_ptr<Rng> chance_;  // of the first weights: always the same, whatever the program's seed
  Index height_, width_, channels_, classes_;
  Conv2d first_{*this, "first", channels_, 16, {.size = 5, .padding = 2}};
  Conv2d second_{*this, "second", 16, 32, {.size = 3, .padding = 1}};
  Linear features_{*this, "features", 32 * (height_ / 4) * (width_ / 4), 64};
  Linear out_{*this, "out", 64, classes_};
};

/// How many of the two lists' entries agree. Throws Error when the lengths differ.
Index agreement(const std::vector<int>& a, const std::vector<int>& b);

}  // namespace gradus::lecture
