#pragma once
// Shape: up to four sizes, row-major, the last axis fastest.
#include <array>
#include <initializer_list>
#include <iosfwd>
#include <string>

#include "gradus/base/real.hpp"

namespace gradus {

class Shape {
 public:
  static constexpr int max_rank = 4;

  Shape() = default;
  /// Throws Error for more than four sizes, a negative size, or a product that overflows.
  Shape(std::initializer_list<Index> sizes);

  int rank() const { return rank_; }
  /// Number of elements; 0 for the shape of an empty tensor (rank 0).
  Index size() const { return size_; }
  Index operator[](int axis) const { return sizes_[static_cast<std::size_t>(axis)]; }
  Index back() const { return sizes_[static_cast<std::size_t>(rank_ - 1)]; }
  /// Elements under one index of the leading axis: the size of a row.
  Index row_size() const {
    Index size = rank_ == 0 ? 0 : 1;
    for (int axis = 1; axis < rank_; ++axis) size *= (*this)[axis];
    return size;
  }
  /// The same shape with another leading size.
  Shape with_rows(Index rows) const;

  /// "[128, 784]"
  std::string str() const;
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<Index, max_rank> sizes_{};
  int rank_ = 0;
  Index size_ = 0;
};

std::ostream& operator<<(std::ostream& stream, const Shape& shape);

}  // namespace gradus
