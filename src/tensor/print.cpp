#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "gradus/base/number.hpp"
#include "gradus/tensor/tensor.hpp"

namespace gradus {
namespace {

constexpr int digits = 5;
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
