#pragma once
// Loader: a dataset in batches, in a reproducible order.
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/data/dataset.hpp"

namespace gradus {

/// Options of a Loader.
struct LoaderOptions {
  Index batch = 128;       ///< examples per batch
  bool shuffle = false;    ///< a new order in every epoch
  bool drop_last = false;  ///< omit the last batch of an epoch when it is not full
};

/// One pass over a Loader is one epoch:
///
///     Loader loader(digits.train, {.batch = 128, .shuffle = true}, rng);
///     for (Batch batch : loader) { ... batch.images [B, 28, 28, 1], batch.labels ... }
///
/// The order depends only on the generator's seed and stream and on the number of the epoch; the generator is
/// not advanced. Two loaders that must use different orders need streams of their own: rng.split("photos"),
/// rng.split("paintings").
///
/// `epoch` counts complete passes and `position` the batches delivered in the current pass, including the
/// current batch. A pass starts at `position`, so a pass that was left with `break`, or is resumed from a
/// checkpoint with `seek`, continues with the next batch.
///
/// With weights (`weigh`) an epoch has as many examples as without, drawn with replacement in proportion
/// to them: some occur several times, some not at all. The draws depend on seed, stream, epoch and weights
/// only. A checkpoint therefore holds epoch, position and weights; a Trainer stores and restores all three.
class Loader {
 public:
  /// Throws Error when the dataset is empty or inconsistent, the batch size is below 1, or no batch would
  /// be full (with drop_last).
  Loader(Dataset dataset, const LoaderOptions& options, const Rng& rng = Rng());

  /// Number of batches per epoch.
  Index size() const { return batches_; }
  /// The examples, as given to the constructor.
  const Dataset& dataset() const { return dataset_; }

  // The current epoch, from 0, and the number of batches delivered in it.
  Index epoch() const { return epoch_; }
  Index position() const { return position_; }

  /// Continues at the given `epoch` and `position`. Throws Error when there is no such position.
  void seek(Index epoch, Index position);

  /// From the next batch on, draws examples in proportion to `weights` [N] (see weighted_draw), in place of
  /// the order of LoaderOptions; an empty tensor returns to that order. The numbers are copied.
  /// 6.S191 L4, "Mitigating bias through learned latent structure", step 3.
  /// Throws Error when there is not one weight per example, and as weighted_draw does.
  void weigh(const Tensor& weights);
  /// The weights in use, [N]; empty without weights.
  const Tensor& weights() const { return weights_; }

  /// From the next batch on, delivers only rows first .. last-1 of every batch: the examples of one process
  /// of a training on several. The order of the epoch is unchanged, and other examples are not read.
  /// Throws Error when the range is empty or outside the batch, and when an epoch may end with a batch that
  /// is not full.
  void serve_rows(Index first, Index last);

  /// The number of examples per batch, of which serve_rows selects some.
  Index batch() const { return options_.batch; }

  /// The next batch, without end: the last batch of an epoch is followed by the first one of the next epoch
  /// (for GANs, which are trained in steps).
  const Batch& next();

  class Iterator;
  /// The end of a range-for loop.
  struct End {};
  // For range-for loops over the batches.
  Iterator begin();
  End end() const { return {}; }

 private:
  const Batch& serve();  // the batch at position_, which is advanced by one
  void order_epoch();

  Dataset dataset_;
  LoaderOptions options_;
  Rng rng_;
  Index batches_ = 0, epoch_ = 0, position_ = 0;
  Index ordered_ = -1;              // the epoch that order_ belongs to
  Index first_row_ = 0, last_row_;  // of every batch
  std::vector<Index> order_;
  Tensor weights_;  // empty: every example once per epoch
  Batch batch_;
};

/// Yields the loader's batches in a range-for loop.
class Loader::Iterator {
 public:
  // The operations of a range-for loop.
  explicit Iterator(Loader& loader) : loader_(loader) { ++*this; }
  const Batch& operator*() const { return loader_.batch_; }
  Iterator& operator++();
  friend bool operator==(const Iterator& iterator, End) { return iterator.done_; }

 private:
  Loader& loader_;
  bool done_ = false;
};

inline Loader::Iterator Loader::begin() { return Iterator(*this); }

}  // namespace gradus
