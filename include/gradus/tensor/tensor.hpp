#pragma once
// Tensor: numbers. A small handle on a dense row-major buffer; no gradient, no strides, no broadcasting.
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/base/real.hpp"
#include "gradus/tensor/shape.hpp"
#include "gradus/tensor/storage.hpp"

namespace gradus {

/// Copying a Tensor copies the handle: both see the same numbers. `clone` copies the numbers.
/// Views (`reshape`, `rows`) share the buffer as well.
class Tensor {
 public:
  Tensor() = default;                   ///< empty: rank 0, no buffer
  explicit Tensor(const Shape& shape);  ///< uninitialised; throws OutOfMemory
  static Tensor zeros(const Shape& shape);
  static Tensor full(const Shape& shape, Real value);
  /// Throws Error when the number of values is not the shape's size.
  static Tensor of(const Shape& shape, std::span<const Real> values);
  static Tensor of(const Shape& shape, std::initializer_list<Real> values);
  static Tensor randn(const Shape& shape, Rng& rng, Real mean = 0, Real deviation = 1);
  static Tensor uniform(const Shape& shape, Rng& rng, Real low = 0, Real high = 1);
  static Tensor bernoulli(const Shape& shape, Rng& rng, Real probability);

  const Shape& shape() const { return shape_; }
  int rank() const { return shape_.rank(); }
  Index size() const { return shape_.size(); }
  /// Size of an axis. Throws Error for one that is not there.
  Index dim(int axis) const {
    if (axis < 0 || axis >= shape_.rank()) no_such_axis(axis);
    return shape_[axis];
  }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * sizeof(Real); }
  explicit operator bool() const { return static_cast<bool>(storage_); }
  /// True when no other handle sees this buffer, so that it may be written over.
  bool unique() const { return storage_.unique(); }
  /// True when both handles see one buffer.
  bool shares(const Tensor& other) const { return storage_.shares(other.storage_); }
  const Storage& storage() const { return storage_; }
  /// Reports a write to this buffer. An op's backward refuses saved numbers that were touched after its
  /// forward. fill, copy_from, optimizers, Ema and load_checkpoint report their writes; a write through
  /// data(), values(), [] or at() is not seen: call touch() after it where a tape may have kept the numbers.
  void touch() { storage_.touch(); }

  Real* data() { return data_; }
  const Real* data() const { return data_; }
  std::span<Real> values() { return {data_, static_cast<std::size_t>(size())}; }
  std::span<const Real> values() const { return {data_, static_cast<std::size_t>(size())}; }
  Real& operator[](Index i) { return data_[i]; }
  Real operator[](Index i) const { return data_[i]; }

  /// The element at a full index, one number an axis. Throws Error outside the shape.
  Real& at(std::initializer_list<Index> index) { return data_[offset(index)]; }
  Real at(std::initializer_list<Index> index) const { return data_[offset(index)]; }
  /// The only element. Throws Error when there is more than one.
  Real item() const;

  /// The same numbers under another shape of the same size (view). Throws Error when the sizes differ.
  Tensor reshape(const Shape& shape) const;
  /// One of the sizes may be -1: that axis takes what the others leave. [6, 4] under {-1, 8} -> [3, 8]
  Tensor reshape(std::initializer_list<Index> sizes) const { return reshape(Shape::filled(sizes, size())); }
  /// Indices begin .. end-1 of the leading axis (view). Throws Error outside the range.
  Tensor rows(Index begin, Index end) const;
  /// Row `index` without the leading axis (view). Throws Error outside the range.
  Tensor row(Index index) const;
  /// New tensor of the chosen leading indices, in that order. Throws Error outside the range.
  Tensor gather(std::span<const Index> indices) const;

  Tensor clone() const;
  void fill(Real value);
  /// Writes the other tensor's numbers into this buffer. Throws Error when the shapes differ.
  void copy_from(const Tensor& other);

 private:
  Index offset(std::initializer_list<Index> index) const;
  [[noreturn]] void no_such_axis(int axis) const;

  Storage storage_;
  Shape shape_;
  Real* data_ = nullptr;
};

/// The shape and the numbers, to look at: five digits each, of every long axis the first and last three.
/// Always with a decimal point, whatever the locale.
///
///   Tensor [2, 3]
///   [[0.5, -1, 2],
///    [  3,  4, 5]]
std::ostream& operator<<(std::ostream& stream, const Tensor& x);

}  // namespace gradus
