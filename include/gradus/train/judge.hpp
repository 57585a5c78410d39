#pragma once
// Judge: a digit classifier that tells what a generated picture shows, trained once and kept in a cache.
#include <memory>
#include <vector>

#include "gradus/data/dataset.hpp"
#include "gradus/nn/layers.hpp"
#include "gradus/train/program.hpp"

namespace gradus {

/// D - 256 - 64 - classes, relu. Its 64 numbers before the last layer are the features in which distributions
/// are compared (frechet_distance). It never sees what it judges: it is trained on the real training set
/// alone.
class Judge : public Module {
 public:
  /// Loads the classifier of this training set from `<out>/cache`, or trains it (a few seconds) and puts it
  /// there. train.images [N, D] (flat), with labels. Throws Error without labels.
  Judge(Program& program, const Dataset& train);

  std::vector<int> classify(const Tensor& x);                        ///< x [B, D] in [0, 1] -> B classes
  Tensor probabilities(const Tensor& x);                             ///< [B, classes]
  Tensor features(const Tensor& x);                                  ///< [B, 64]
  double accuracy(const Tensor& x, const std::vector<int>& labels);  ///< share of x judged as labelled

 private:
  Judge(Program& program, const Dataset& train, std::unique_ptr<Rng> chance);
  void fit(Program& program, const Dataset& train);

  std::unique_ptr<Rng> chance_;  // of the first weights: always the same, whatever the program's seed
  Index inputs_, classes_;
  Linear hidden_{*this, "hidden", inputs_, 256};
  Linear features_{*this, "features", 256, 64};
  Linear out_{*this, "out", 64, classes_};
};

/// How many of the two lists' entries agree. Throws Error when the lengths differ.
Index agreement(const std::vector<int>& a, const std::vector<int>& b);

}  // namespace gradus
