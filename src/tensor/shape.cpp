#include "gradus/tensor/shape.hpp"

#include <algorithm>
#include <limits>
#include <ostream>
#include <vector>

#include "gradus/base/check.hpp"

namespace gradus {

constexpr Index most = std::numeric_limits<Index>::max() / 64;  // elements of a tensor

Shape::Shape(std::span<const Index> sizes) {
  GRADUS_CHECK(sizes.size() <= max_rank, "Shape: at most ", max_rank, " axes, got ", sizes.size());
  size_ = sizes.size() == 0 ? 0 : 1;
  for (const Index size : sizes) {
    GRADUS_CHECK(size >= 0, "Shape: axis ", rank_, " has the negative size ", size);
    GRADUS_CHECK(size == 0 || size_ <= most / size, "Shape: the number of elements overflows at axis ", rank_,
                 " of size ", size);
    sizes_[static_cast<std::size_t>(rank_++)] = size;
    size_ *= size;
  }
  Index step = 1;  // stride of an axis; it must not overflow even without elements
  for (int axis = rank_ - 1; axis > 0; --axis) {
    const Index size = sizes_[static_cast<std::size_t>(axis)];
    GRADUS_CHECK(size == 0 || step <= most / size, "Shape: the stride overflows at axis ", axis, " of size ",
                 size);
    step *= size;
  }
}

Shape Shape::filled(std::initializer_list<Index> sizes, Index size) {
  const auto open = std::find(sizes.begin(), sizes.end(), -1);
  if (open == sizes.end()) return Shape(sizes);
  std::vector<Index> all(sizes);
  Index& free = all[static_cast<std::size_t>(open - sizes.begin())];
  free = 1;
  GRADUS_CHECK(std::find(all.begin(), all.end(), -1) == all.end(), "reshape: only one size may be -1");
  const Shape others(all);
  GRADUS_CHECK(others.size() > 0 && size % others.size() == 0, "reshape: ", size,
               " elements cannot be divided among ", others, ", where the 1 of axis ", open - sizes.begin(),
               " stands for -1");
  free = size / others.size();
  return Shape(all);
}

Shape Shape::with_axis(int axis, Index size) const {
  GRADUS_CHECK(axis >= 0 && axis < rank_, "Shape::with_axis: ", *this, " has no axis ", axis);
  std::array<Index, max_rank> sizes = sizes_;
  sizes[static_cast<std::size_t>(axis)] = size;
  return Shape(std::span<const Index>(sizes).first(static_cast<std::size_t>(rank_)));
}

Shape Shape::with_rows(Index rows) const {
  GRADUS_CHECK(rank_ > 0, "Shape::with_rows: the shape of an empty tensor has no rows");
  return with_axis(0, rows);
}

Shape Shape::without_axis(int axis) const {
  GRADUS_CHECK(axis >= 0 && axis < rank_, "Shape::without_axis: ", *this, " has no axis ", axis);
  std::vector<Index> sizes(this->sizes().begin(), this->sizes().end());
  sizes.erase(sizes.begin() + axis);
  return sizes.empty() ? Shape{1} : Shape(sizes);
}

std::string Shape::str() const {
  std::string out = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis) out += ", ";
    out += std::to_string((*this)[axis]);
  }
  return out + "]";
}

std::ostream& operator<<(std::ostream& stream, const Shape& shape) { return stream << shape.str(); }

std::ostream& operator<<(std::ostream& stream, const Pair& pair) {
  stream << std::to_string(pair.height);
  return pair.height == pair.width ? stream : stream << " x " << std::to_string(pair.width);
}

}  // namespace gradus
