// Your file for exercise 12. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/image_pool.hpp"

#include "gradus/base/check.hpp"
#include "gradus/base/todo.hpp"

namespace gradus {
namespace {

/// [count, ..] for examples of this shape.
Shape with_count(Index count, const Shape& example) {
  GRADUS_CHECK(example.rank() >= 1 && example.rank() <= 3 && example.size() > 0, "ImagePool: an example ",
               example, " must have rank 1 to 3 and at least one value");
  if (example.rank() == 1) return {count, example[0]};
  if (example.rank() == 2) return {count, example[0], example[1]};
  return {count, example[0], example[1], example[2]};
}

}  // namespace

ImagePool::ImagePool(const Shape& example, const Rng& rng, Index capacity) : capacity_(capacity), rng_(rng) {
  GRADUS_CHECK(capacity >= 0, "ImagePool: the capacity must not be negative, got ", capacity);
  examples_ = Tensor::zeros(with_count(capacity, example));
}

Tensor ImagePool::draw(const Tensor& fakes) {
  bool same = fakes.rank() == examples_.rank();
  for (int axis = 1; same && axis < fakes.rank(); ++axis) same = fakes.dim(axis) == examples_.dim(axis);
  GRADUS_CHECK(same, "ImagePool: fakes ", fakes.shape(), " must have the examples' shape of the pool ",
               examples_.shape());
  // TODO(12.3) Return a new tensor of the shape of fakes [B, ..]. For every example b in order:
  // - capacity_ is 0: the result is the example itself; no random number is drawn.
  // - The pool is not full (size() < capacity_): store a copy in row size() of examples_, add 1 to
  // stored_, return it.
  // - Otherwise draw rng_.bernoulli(Real(0.5)). If true, draw the row rng_.below(stored_): the stored
  // example of this row is the result, and the new example takes its place. If false, the result is the
  // new example; it is not stored.
  // examples_ [capacity, ..] keeps its buffer: write into its rows, row(i).copy_from(..). `fakes` is not
  // changed.
  todo("12.3", fakes);
}

State ImagePool::state() {
  State out;
  out.add("examples", examples_);
  out.counters.emplace_back("stored", &stored_);
  out.add("rng", rng_);
  return out;
}

}  // namespace gradus
