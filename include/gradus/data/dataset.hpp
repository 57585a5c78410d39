#pragma once
// Dataset: examples with labels; and the digits that all lecture programs use.
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gradus/base/file.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Examples along the leading axis. Copying a Dataset copies the handle on its images, not the values.
struct Dataset {
  std::string name{};         ///< for messages
  Tensor images{};            ///< [N, H, W, C] or [N, D], values in [0, 1] unless the reader says otherwise
  std::vector<int> labels{};  ///< N labels in 0 .. classes-1, or empty
  int classes = 0;            ///< 0 without labels
  std::vector<std::string> class_names{};  ///< one per class, or empty when the class is just its number

  /// Number of examples N.
  Index size() const { return images.rank() == 0 ? 0 : images.dim(0); }
  /// Examples begin .. end-1 (view). Throws Error outside the range.
  Dataset subset(Index begin, Index end) const;
  /// The first `count` examples, or all when there are fewer (view). Throws Error when count is negative.
  Dataset take(Index count) const;
  /// The examples at the given indices, in that order (copy). Throws Error outside the range.
  Dataset select(std::span<const Index> indices) const;
  /// All examples of one class (copy). Throws Error when there is none.
  Dataset only(int label) const;
  /// The same values with one row per example: images [N, H*W*C] (view).
  Dataset flat() const;
  /// Throws Error when labels and images do not match: different lengths, or a label outside 0 .. classes-1.
  void check() const;
};

/// The batch type of a Loader.
struct Batch {
  Tensor images{};               ///< [B, ...] as in the dataset
  std::vector<int> labels{};     ///< B labels, or empty
  std::vector<Index> indices{};  ///< B indices into the dataset

  /// Number of examples B.
  Index size() const { return images.rank() == 0 ? 0 : images.dim(0); }
};

/// A published data set: one part for training, one for testing.
struct Split {
  Dataset train{}, test{};  ///< the two parts
  std::string note{};       ///< one sentence: the source of the data

  /// Both parts with one row per example (views).
  Split flat() const { return {train.flat(), test.flat(), note}; }
};

/// Options of load_digits.
struct DigitsOptions {
  Index train = 0;  ///< maximum number of training examples; 0: all of MNIST's 60000, or 20000 generated ones
  Index test = 0;   ///< maximum number of test examples; 0: all of MNIST's 10000, or 4000 generated ones
  std::uint64_t seed = 1;  ///< of the generated digits
};

/// load_digits: MNIST when `<root>/mnist`, `<root>/MNIST/raw` or `<root>/MNIST` contains it, else generated
/// digits; `note` states which.
///
///   train.images  [N, 28, 28, 1] in [0, 1]     labels 0 .. 9
///
/// MNIST is four idx files (train-images-idx3-ubyte or train-images.idx3-ubyte, ...), each with or without
/// .gz. Throws Error when a file is broken, and when only some of the four exist: an incomplete data set is
/// never silently replaced.
Split load_digits(const std::filesystem::path& root, const DigitsOptions& options = {});

/// load_fashion: Fashion-MNIST in `<root>/fashion-mnist`, four idx files with MNIST's names and sizes; empty
/// when none of them exists. Xiao, Rasul, Vollgraf 2017. `options.seed` is not used.
/// Throws Error when a file is broken or only some of the four exist.
std::optional<Split> load_fashion(const std::filesystem::path& root, const DigitsOptions& options = {});

}  // namespace gradus
