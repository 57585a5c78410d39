#pragma once
// ImagePool: earlier generated examples, for the discriminator's step.
#include "gradus/base/random.hpp"
#include "gradus/tensor/state.hpp"

namespace gradus {

/// A history of generated examples. A discriminator that is trained on old and new examples cannot follow the
/// latest change of the generator only, which damps the oscillation of both.
///
///     ImagePool pool({32, 32, 3}, rng.split("pool"));
///     const Tensor for_discriminator = pool.draw(fakes);
///
/// Examples have any shape of rank 1 to 3: pictures [H, W, C], spectrograms [T, C].
/// Shrivastava et al. 2017; Zhu, Park, Isola, Efros 2017 with 50 examples.
class ImagePool {
 public:
  /// An empty pool for `capacity` examples of this shape; with capacity 0, draw() returns its argument.
  /// Throws Error when the capacity is negative or the shape has rank 0 or 4 or no values.
  ImagePool(const Shape& example, const Rng& rng, Index capacity = 50);

  /// fakes [B, ..] -> [B, ..], one example after the other. While the pool is not full, an example is stored
  /// and returned. Afterwards, with probability 1/2, a random stored example is returned and replaced by the
  /// new one; otherwise the new one is returned. The result has a buffer of its own.
  /// Throws Error when the examples have another shape.
  Tensor draw(const Tensor& fakes);

  /// Number of stored examples.
  Index size() const { return static_cast<Index>(stored_); }
  /// Maximum number of stored examples.
  Index capacity() const { return capacity_; }
  /// Examples, their number and the generator, for checkpoints: a resumed training draws the same examples.
  State state();

 private:
  Index capacity_;
  Tensor examples_;  // [capacity, ..]
  std::uint64_t stored_ = 0;
  Rng rng_;
};

}  // namespace gradus
