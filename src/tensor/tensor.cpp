#include "gradus/tensor/tensor.hpp"

#include <algorithm>
#include <ostream>
#include <string>

#include "gradus/base/check.hpp"
#include "gradus/base/number.hpp"

namespace gradus {
namespace {

constexpr int digits = 5;  ///< significant digits of a printed number
constexpr Index edge = 3;  ///< an axis longer than twice this is shown by its first and last `edge` indices

/// Calls show(i) for the shown indices of an axis, and skipped() where some are left out.
template <class Show, class Skipped>
void for_shown(Index size, Show show, Skipped skipped) {
  for (Index i = 0; i < size; ++i) {
    if (size > 2 * edge && i == edge) i = size - edge, skipped();
    show(i);
  }
}

/// Brackets, commas and line breaks around the numbers under one index of the axes before `axis`.
struct Printer {
  const Tensor& x;
  std::size_t width = 0;  ///< of the longest shown number

  /// Calls number(place) for every shown number.
  template <class Number>
  void for_numbers(int axis, Index first, Number number) const {
    if (axis == x.rank()) return number(first);
    for_shown(
        x.dim(axis), [&](Index i) { for_numbers(axis + 1, first * x.dim(axis) + i, number); }, [] {});
  }
  void print(std::ostream& out, int axis, Index first) const {
    if (axis == x.rank()) {
      out << significant(double{x[first]}, digits, width);
      return;
    }
    const bool inner = axis + 1 == x.rank();
    const std::string next = inner ? ", " : ",\n" + std::string(static_cast<std::size_t>(axis) + 1, ' ');
    out << '[';
    for_shown(
        x.dim(axis),
        [&](Index i) {
          if (i > 0) out << next;
          print(out, axis + 1, first * x.dim(axis) + i);
        },
        [&] { out << next << "..."; });
    out << ']';
  }
};

}  // namespace

Tensor::Tensor(const Shape& shape)
    : storage_(static_cast<std::size_t>(shape.size()) * sizeof(Real)),
      shape_(shape),
      data_(reinterpret_cast<Real*>(storage_.data())) {}

Tensor Tensor::zeros(const Shape& shape) { return full(shape, 0); }

Tensor Tensor::full(const Shape& shape, Real value) {
  Tensor out(shape);
  out.fill(value);
  return out;
}

Tensor Tensor::of(const Shape& shape, std::span<const Real> values) {
  GRADUS_CHECK(static_cast<Index>(values.size()) == shape.size(), "Tensor::of: shape ", shape, " holds ",
               shape.size(), " numbers, got ", values.size());
  Tensor out(shape);
  std::copy(values.begin(), values.end(), out.data());
  return out;
}

Tensor Tensor::of(const Shape& shape, std::initializer_list<Real> values) {
  return of(shape, std::span<const Real>(values.begin(), values.size()));
}

Tensor Tensor::randn(const Shape& shape, Rng& rng, Real mean, Real deviation) {
  Tensor out(shape);
  rng.fill_normal(out.values(), mean, deviation);
  return out;
}

Tensor Tensor::uniform(const Shape& shape, Rng& rng, Real low, Real high) {
  Tensor out(shape);
  rng.fill_uniform(out.values(), low, high);
  return out;
}

Tensor Tensor::bernoulli(const Shape& shape, Rng& rng, Real probability) {
  Tensor out(shape);
  rng.fill_bernoulli(out.values(), probability);
  return out;
}

Real Tensor::item() const {
  GRADUS_CHECK(size() == 1, "Tensor::item: needs exactly one element, the shape is ", shape_);
  return data_[0];
}

void Tensor::no_such_axis(int axis) const {
  throw Error(text("Tensor::dim(", axis, "): shape ", shape_, " has ", rank(), " axes, counted from 0"));
}

Index Tensor::offset(std::initializer_list<Index> index) const {
  GRADUS_CHECK(static_cast<int>(index.size()) == rank(), "Tensor::at: shape ", shape_, " needs ", rank(),
               " indices, got ", index.size());
  Index offset = 0;
  int axis = 0;
  for (const Index i : index) {
    GRADUS_CHECK(i >= 0 && i < dim(axis), "Tensor::at: index ", i, " is outside axis ", axis, " of ", shape_);
    offset = offset * dim(axis++) + i;
  }
  return offset;
}

Tensor Tensor::reshape(const Shape& shape) const {
  GRADUS_CHECK(shape.size() == size(), "Tensor::reshape: ", shape_, " has ", size(), " elements, ", shape,
               " needs ", shape.size());
  Tensor out = *this;
  out.shape_ = shape;
  return out;
}

Tensor Tensor::rows(Index begin, Index end) const {
  GRADUS_CHECK(rank() > 0 && 0 <= begin && begin <= end && end <= dim(0), "Tensor::rows: rows ", begin,
               " to ", end, " of ", shape_);
  Tensor out = *this;
  out.shape_ = shape_.with_rows(end - begin);
  out.data_ += begin * shape_.row_size();
  return out;
}

Tensor Tensor::row(Index index) const {
  return rows(index, index + 1).reshape(shape_.rank() == 1 ? Shape{1} : shape_.without_axis(0));
}

Tensor Tensor::gather(std::span<const Index> indices) const {
  GRADUS_CHECK(rank() > 0, "Tensor::gather: the tensor is empty");
  const Index count = static_cast<Index>(indices.size()), width = shape_.row_size();
  Tensor out(shape_.with_rows(count));
  for (const Index i : indices)
    GRADUS_CHECK(i >= 0 && i < dim(0), "Tensor::gather: row ", i, " is outside ", shape_);
  for (Index i = 0; i < count; ++i)
    std::copy_n(data_ + indices[static_cast<std::size_t>(i)] * width, width, out.data_ + i * width);
  return out;
}

Tensor Tensor::clone() const {
  if (!storage_) return {};
  Tensor out(shape_);
  std::copy_n(data_, size(), out.data_);
  return out;
}

void Tensor::fill(Real value) {
  std::fill_n(data_, size(), value);
  touch();
}

void Tensor::copy_from(const Tensor& other) {
  GRADUS_CHECK(shape_ == other.shape_, "Tensor::copy_from: this is ", shape_, ", the other ", other.shape_);
  if (data_ == other.data_) return;
  std::copy_n(other.data_, size(), data_);
  touch();
}

std::ostream& operator<<(std::ostream& stream, const Tensor& x) {
  stream << "Tensor " << x.shape();
  if (x.size() == 0) return stream;
  Printer printer{x};
  printer.for_numbers(0, 0, [&](Index i) {
    printer.width = std::max(printer.width, significant(double{x[i]}, digits).size());
  });
  stream << (x.rank() == 1 ? ' ' : '\n');
  printer.print(stream, 0, 0);
  return stream;
}

}  // namespace gradus
