#include "gradus/generative/image_pool.hpp"

#include "gradus/base/check.hpp"

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
  // [12.3]
  Tensor out = fakes.clone();
  for (Index b = 0; b < fakes.dim(0) && capacity_ > 0; ++b) {
    if (size() < capacity_) {
      examples_.row(size()).copy_from(fakes.row(b));
      ++stored_;
    } else if (rng_.bernoulli(Real(0.5))) {
      const auto place = static_cast<Index>(rng_.below(stored_));
      out.row(b).copy_from(examples_.row(place));  // before it is replaced
      examples_.row(place).copy_from(fakes.row(b));
    }
  }
  return out;
  // [end]
}

State ImagePool::state() {
  State out;
  out.add("examples", examples_);
  out.counters.emplace_back("stored", &stored_);
  out.add("rng", rng_);
  return out;
}

}  // namespace gradus
