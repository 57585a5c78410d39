#pragma once
// Random inputs for checks: sizes that distinguish rows from columns, and numbers that distinguish formulas.
#include <array>
#include <cmath>
#include <functional>

#include "frame.hpp"
#include "gradus/base/random.hpp"

namespace gradus::grade {

/// [1, 4], [67, 71], [3, 5], [5, 1], [7, 3], and so on.
/// No two cases share a size and no case is square. Each axis is 1 in one case.
/// The second case is larger than any hand-unrolled loop and any block of 64 or 4096.
inline Shape sizes(int number) {
  constexpr std::array<std::array<Index, 2>, 5> all = {{{1, 4}, {67, 71}, {3, 5}, {5, 1}, {7, 3}}};
  const auto [rows, columns] = all[static_cast<std::size_t>(number) % all.size()];
  return {rows, columns};
}

/// Normal numbers with a mean slightly off 0, so that sums do not vanish by chance.
inline Tensor numbers(Rng& rng, const Shape& shape) { return Tensor::randn(shape, rng, Real(0.3), 1); }

/// Random sign, magnitude in 0.5 .. 1.5.
inline Tensor away_from_zero(Rng& rng, const Shape& shape) {
  Tensor x = Tensor::uniform(shape, rng, Real(0.5), Real(1.5));
  for (Real& value : x.values())
    if (rng.bernoulli(Real(0.5))) value = -value;
  return x;
}

/// Logits of a discriminator or decoder: a quarter each between 10 and 30 and between -30 and -10,
/// the rest within a few units of 0.
inline Tensor logits(Rng& rng, const Shape& shape) {
  Tensor x = numbers(rng, shape);
  for (Real& value : x.values()) {
    const Real kind = rng.uniform(0, 4), far = rng.uniform(10, 30);
    if (kind < 2) value = kind < 1 ? far : -far;
  }
  return x;
}

/// Rows of positive numbers that sum to 1.
inline Tensor distributions(Rng& rng, const Shape& shape) {
  Tensor p = Tensor::uniform(shape, rng, Real(0.1), 1);
  const Index width = shape.row_size();
  for (Index b = 0; b < shape[0]; ++b) {
    Real sum = 0;
    for (Index k = 0; k < width; ++k) sum += p[b * width + k];
    for (Index k = 0; k < width; ++k) p[b * width + k] /= sum;
  }
  return p;
}

/// Draws the same numbers every time: an example to follow by hand.
inline std::function<Tensors(Rng&, int)> always(const Tensors& inputs) {
  return [inputs](Rng&, int) { return inputs; };
}

}  // namespace gradus::grade
