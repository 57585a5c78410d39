#pragma once
// Shape: up to four sizes, row-major, the last axis fastest. Pair: one value per image axis.
#include <array>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>

#include "gradus/base/real.hpp"

namespace gradus {

/// The sizes of a dense row-major tensor, at most four.
class Shape {
 public:
  static constexpr int max_rank = 4;  ///< the largest number of axes

  Shape() = default;
  /// Throws Error for more than four sizes, a negative size, or an overflowing product of the non-zero sizes.
  Shape(std::initializer_list<Index> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  /// The same from a vector or an array.
  explicit Shape(std::span<const Index> sizes);
  /// The shape of `size` elements in which one size may be -1: that axis takes the remaining factor.
  /// Throws Error for a second -1, or when the product of the other sizes does not divide `size`.
  static Shape filled(std::initializer_list<Index> sizes, Index size);

  /// Number of axes; 0 for the shape of an empty tensor.
  int rank() const { return rank_; }
  /// Number of elements; 0 for the shape of an empty tensor (rank 0).
  Index size() const { return size_; }
  /// Size of an axis in 0 .. 3; 0 from the rank on. The range is not checked.
  Index operator[](int axis) const { return sizes_[static_cast<std::size_t>(axis)]; }
  /// All sizes, one per axis.
  std::span<const Index> sizes() const { return {sizes_.data(), static_cast<std::size_t>(rank_)}; }
  /// Size of the last axis. The rank must be at least 1.
  Index back() const { return sizes_[static_cast<std::size_t>(rank_ - 1)]; }
  /// Number of elements per index of the leading axis: the size of a row.
  Index row_size() const {
    Index size = rank_ == 0 ? 0 : 1;
    for (int axis = 1; axis < rank_; ++axis) size *= (*this)[axis];
    return size;
  }
  /// The same shape with another size of one axis. Throws Error when there is no such axis.
  Shape with_axis(int axis, Index size) const;
  /// The same shape with another leading size. Throws Error for the shape of an empty tensor.
  Shape with_rows(Index rows) const;
  /// The shape without one of its axes; [1] when no other axis remains.
  /// Throws Error when there is no such axis.
  Shape without_axis(int axis) const;

  /// The sizes as text: "[128, 784]".
  std::string str() const;
  /// True when rank and sizes are equal.
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<Index, max_rank> sizes_{};
  int rank_ = 0;
  Index size_ = 0;
};

/// Prints shape.str().
std::ostream& operator<<(std::ostream& stream, const Shape& shape);

/// Two values, for the height and the width of an image: the size of a window, a stride, a padding.
/// One number sets both: 3 is {3, 3}.
struct Pair {
  Index height = 0, width = 0;  ///< the values
  // Conversion from one number or two.
  constexpr Pair(Index both) : height(both), width(both) {}  // NOLINT: conversion is the point
  constexpr Pair(Index height_in, Index width_in) : height(height_in), width(width_in) {}

  /// True when both values are equal.
  friend bool operator==(const Pair&, const Pair&) = default;
};
/// Prints "3", or "3 x 1" (height, width) when they differ.
std::ostream& operator<<(std::ostream& stream, const Pair& pair);

}  // namespace gradus
