#include "gradus/tensor/shape.hpp"

#include <limits>
#include <ostream>

#include "gradus/base/check.hpp"

namespace gradus {

Shape::Shape(std::initializer_list<Index> sizes) {
  GRADUS_CHECK(sizes.size() <= max_rank, "Shape: at most ", max_rank, " axes, got ", sizes.size());
  size_ = sizes.size() == 0 ? 0 : 1;
  for (const Index size : sizes) {
    GRADUS_CHECK(size >= 0, "Shape: axis ", rank_, " has the negative size ", size);
    GRADUS_CHECK(size == 0 || size_ <= std::numeric_limits<Index>::max() / 64 / size,
                 "Shape: the number of elements overflows at axis ", rank_, " of size ", size);
    sizes_[static_cast<std::size_t>(rank_++)] = size;
    size_ *= size;
  }
}

Shape Shape::with_rows(Index rows) const {
  switch (rank_) {
    case 1:
      return {rows};
    case 2:
      return {rows, sizes_[1]};
    case 3:
      return {rows, sizes_[1], sizes_[2]};
    case 4:
      return {rows, sizes_[1], sizes_[2], sizes_[3]};
    default:
      throw Error("Shape::with_rows: the shape of an empty tensor has no rows");
  }
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

}  // namespace gradus
