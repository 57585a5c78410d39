#pragma once
// Histogram: the simplest density, constant inside every cell of a grid.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Options of a Histogram.
struct HistogramOptions {
  Index bins = 10;         ///< per axis
  Real low = 0, high = 1;  ///< of every axis
  Real extra = 0;          ///< observations added to every cell, so that no cell is impossible (Laplace: 1)
};

/// The counts of N points on a line or in the plane, and the density that they give:
///
///   p(x) = (n_cell + extra) / ( (N + cells extra) h^D )        h = (high - low) / bins, cells = bins^D
///
/// Points outside the range are not counted, and the density is 0 there.
class Histogram {
 public:
  /// Counts x [N, 1] or [N, 2]. Throws Error for another shape, unless bins >= 1 (at most 2^12), low < high
  /// and extra >= 0 (with finite high - low and extra), or when the counts and `extra` are all 0.
  Histogram(const Tensor& x, const HistogramOptions& options);

  /// The density at places [M, D]: [M]. Throws Error when D differs.
  Tensor density(const Tensor& places) const;
  /// Samples [count, D], uniform inside a cell. Throws Error when count < 1.
  Tensor sample(Index count, Rng& rng) const;
  /// Points per cell without `extra`, [bins] or [bins, bins]: the first axis is the first coordinate.
  const Tensor& counts() const { return counts_; }

 private:
  Index cell_of(const Real* x) const;  // -1 outside

  HistogramOptions options_;
  Index D_;
  Tensor counts_;
  double total_ = 0;  // with `extra`
};

}  // namespace gradus
