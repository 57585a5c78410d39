#pragma once
// Tensor: a small handle on a dense row-major buffer of values; no gradient, no strides, no broadcasting.
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <vector>

#include "gradus/base/random.hpp"
#include "gradus/base/real.hpp"
#include "gradus/tensor/shape.hpp"
#include "gradus/tensor/storage.hpp"

namespace gradus {

/// A dense array with up to four axes. Copying a Tensor copies the handle: both share the values.
/// `clone` copies the values. Views (`reshape`, `rows`, `row`) share the buffer.
class Tensor {
 public:
  Tensor() = default;                   ///< empty: rank 0, no buffer
  explicit Tensor(const Shape& shape);  ///< uninitialised; throws OutOfMemory
  // New tensors. All throw OutOfMemory.
  static Tensor zeros(const Shape& shape);
  static Tensor full(const Shape& shape, Real value);
  /// The values in row-major order. Throws Error when their number differs from the shape's size.
  static Tensor of(const Shape& shape, std::span<const Real> values);
  /// The same from a list.
  static Tensor of(const Shape& shape, std::initializer_list<Real> values);

  // Independent samples of N(mean, deviation^2), of U(low, high), and of 1 with `probability`, else 0.
  static Tensor randn(const Shape& shape, Rng& rng, Real mean = 0, Real deviation = 1);
  static Tensor uniform(const Shape& shape, Rng& rng, Real low = 0, Real high = 1);
  static Tensor bernoulli(const Shape& shape, Rng& rng, Real probability);

  /// The sizes of all axes.
  const Shape& shape() const { return shape_; }
  /// Number of axes.
  int rank() const { return shape_.rank(); }
  /// Number of elements.
  Index size() const { return shape_.size(); }
  /// Size of an axis. Throws Error when there is no such axis.
  Index dim(int axis) const {
    if (axis < 0 || axis >= shape_.rank()) no_such_axis(axis);
    return shape_[axis];
  }
  /// Size of the values in bytes.
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * sizeof(Real); }
  /// True when the tensor has a buffer.
  explicit operator bool() const { return static_cast<bool>(storage_); }
  /// True when no other handle shares this buffer, so that it may be overwritten.
  bool unique() const { return storage_.unique(); }
  /// True when both handles share one buffer.
  bool shares(const Tensor& other) const { return storage_.shares(other.storage_); }
  /// The buffer.
  const Storage& storage() const { return storage_; }
  /// Reports a write to this buffer. An op's backward throws Error when a buffer that it saved was touched
  /// after its forward pass. fill, copy_from, optimizers, Ema and load_checkpoint report their writes. Writes
  /// through data(), values(), [] and at() are not detected: call touch() after them where a tape may have
  /// saved the buffer.
  void touch() { storage_.touch(); }

  // Row-major access to the values; indices are not checked.
  Real* data() { return data_; }
  const Real* data() const { return data_; }
  std::span<Real> values() { return {data_, static_cast<std::size_t>(size())}; }
  std::span<const Real> values() const { return {data_, static_cast<std::size_t>(size())}; }
  Real& operator[](Index i) { return data_[i]; }
  Real operator[](Index i) const { return data_[i]; }

  // The element at a full index, one number per axis. Throws Error outside the shape.
  Real& at(std::initializer_list<Index> index) { return data_[offset(index)]; }
  Real at(std::initializer_list<Index> index) const { return data_[offset(index)]; }

  /// The only element. Throws Error when there is not exactly one.
  Real item() const;

  /// The same values under another shape (view). Throws Error when the sizes differ.
  Tensor reshape(const Shape& shape) const;
  /// One size may be -1: that axis takes the remaining factor. [6, 4] as {-1, 8} -> [3, 8].
  /// Throws Error as Shape::filled does.
  Tensor reshape(std::initializer_list<Index> sizes) const { return reshape(Shape::filled(sizes, size())); }
  /// Indices begin .. end-1 of the leading axis (view). Throws Error outside the range.
  Tensor rows(Index begin, Index end) const;
  /// Row `index` without the leading axis (view). Throws Error outside the range.
  Tensor row(Index index) const;
  /// A new tensor of the given leading indices, in that order. Throws Error for an index outside the range.
  Tensor gather(std::span<const Index> indices) const;

  /// A copy of the values in a buffer of its own.
  Tensor clone() const;
  /// Sets every element to `value`.
  void fill(Real value);
  /// Copies the other tensor's values into this buffer. Throws Error when the shapes differ.
  void copy_from(const Tensor& other);

 private:
  Index offset(std::initializer_list<Index> index) const;
  [[noreturn]] void no_such_axis(int axis) const;

  Storage storage_;
  Shape shape_;
  Real* data_ = nullptr;
};

/// Prints the shape and the values: five digits each, the first and last three entries of every long axis.
/// The decimal separator is a point in every locale.
///
///   Tensor [2, 3]
///   [[0.5, -1, 2],
///    [  3,  4, 5]]
std::ostream& operator<<(std::ostream& stream, const Tensor& x);

}  // namespace gradus
