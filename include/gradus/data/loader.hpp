#pragma once
// Loader: a dataset in batches, in an order that can be told again.
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/data/dataset.hpp"

namespace gradus {

struct LoaderOptions {
  Index batch = 128;       ///< examples a batch
  bool shuffle = false;    ///< a new order every epoch
  bool drop_last = false;  ///< leave out the last batch of an epoch when it is not full
};

/// One pass over a Loader is one epoch:
///
///     Loader loader(digits.train, {.batch = 128, .shuffle = true}, rng);
///     for (Batch batch : loader) { ... batch.images [B, 28, 28, 1], batch.labels ... }
///
/// The order depends on the generator's seed and stream and on the epoch's number, on nothing else; the
/// generator is not advanced. Two loaders that must not go in step get their own streams:
/// rng.split("photos"), rng.split("paintings").
///
/// `epoch` counts complete passes and `position` the batches handed out in this one, the batch in hand
/// included. A pass starts at `position`, so a pass that was left with `break`, or is resumed from a
/// checkpoint with `seek`, goes on with the batch after the last one.
class Loader {
 public:
  /// Throws Error when the dataset is empty or inconsistent, the batch size is below 1, or no batch would be
  /// full.
  Loader(Dataset dataset, const LoaderOptions& options, const Rng& rng = Rng());

  /// Batches an epoch.
  Index size() const { return batches_; }
  const Dataset& dataset() const { return dataset_; }

  Index epoch() const { return epoch_; }
  Index position() const { return position_; }
  /// Goes to a place told by `epoch` and `position`. Throws Error when there is no such place.
  void seek(Index epoch, Index position);

  /// The next batch without end: after the last one of an epoch comes the first one of the next (GANs count
  /// steps).
  const Batch& next();

  class Iterator;
  struct End {};
  Iterator begin();
  End end() const { return {}; }

 private:
  const Batch& serve();  // the batch at position_, which moves on by one
  void order_epoch();

  Dataset dataset_;
  LoaderOptions options_;
  Rng rng_;
  Index batches_ = 0, epoch_ = 0, position_ = 0;
  Index ordered_ = -1;  // the epoch that order_ belongs to
  std::vector<Index> order_;
  Batch batch_;
};

/// Hands the loader's batches out to a range-for.
class Loader::Iterator {
 public:
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
