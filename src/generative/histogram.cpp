#include "gradus/generative/histogram.hpp"

#include <algorithm>
#include <cmath>

#include "gradus/base/check.hpp"

namespace gradus {

Histogram::Histogram(const Tensor& x, const HistogramOptions& options)
    : options_(options), D_(x.rank() == 2 ? x.dim(1) : 0) {
  const Index bins = options.bins;
  GRADUS_CHECK(D_ == 1 || D_ == 2, "Histogram: x must be [N, 1] or [N, 2], got ", x.shape());
  GRADUS_CHECK(bins >= 1 && bins <= 4096 && options.low < options.high && options.extra >= 0 &&
                   std::isfinite(options.high - options.low) && std::isfinite(options.extra),
               "Histogram: needs 1 <= bins <= 4096, low < high and extra >= 0, all finite, got ", bins, ", ",
               options.low, ", ", options.high, " and ", options.extra);
  counts_ = D_ == 1 ? Tensor::zeros({bins}) : Tensor::zeros({bins, bins});
  std::vector<double> counts(static_cast<std::size_t>(counts_.size()));
  for (Index n = 0; n < x.dim(0); ++n)
    if (const Index cell = cell_of(x.data() + n * D_); cell >= 0) ++counts[static_cast<std::size_t>(cell)];
  for (Index cell = 0; cell < counts_.size(); ++cell) {
    counts_[cell] = static_cast<Real>(counts[static_cast<std::size_t>(cell)]);
    total_ += counts[static_cast<std::size_t>(cell)] + options.extra;
  }
  GRADUS_CHECK(total_ > 0, "Histogram: no point of x ", x.shape(), " is inside the range");
}

Index Histogram::cell_of(const Real* x) const {
  Index cell = 0;
  for (Index d = 0; d < D_; ++d) {
    if (!(x[d] >= options_.low && x[d] <= options_.high)) return -1;
    const double place = (double{x[d]} - options_.low) / (double{options_.high} - options_.low);
    cell = cell * options_.bins +
           std::min(options_.bins - 1, static_cast<Index>(place * static_cast<double>(options_.bins)));
  }
  return cell;
}

Tensor Histogram::density(const Tensor& places) const {
  GRADUS_CHECK(places.rank() == 2 && places.dim(1) == D_, "Histogram: places must be [M, ", D_, "], got ",
               places.shape());
  const double width = (double{options_.high} - options_.low) / static_cast<double>(options_.bins);
  const double volume = D_ == 1 ? width : width * width;
  Tensor out({places.dim(0)});
  for (Index m = 0; m < places.dim(0); ++m) {
    const Index cell = cell_of(places.data() + m * D_);
    out[m] =
        cell < 0 ? Real(0) : static_cast<Real>((double{counts_[cell]} + options_.extra) / (total_ * volume));
  }
  return out;
}

Tensor Histogram::sample(Index count, Rng& rng) const {
  GRADUS_CHECK(count >= 1, "Histogram: cannot draw ", count, " samples");
  std::vector<double> upto;  // cumulative counts
  double sum = 0;
  for (const Real n : counts_.values()) upto.push_back(sum += double{n} + options_.extra);
  Tensor x({count, D_});
  const Real width = (options_.high - options_.low) / static_cast<Real>(options_.bins);
  for (Index n = 0; n < count; ++n) {
    const auto found = std::upper_bound(upto.begin(), upto.end() - 1, sum * rng.uniform());
    const Index drawn = found - upto.begin();
    int tries = 0;  // a number may be rounded into the next cell; where cells are too narrow, it stays there
    do {
      Index cell = drawn;
      for (Index d = D_ - 1; d >= 0; --d, cell /= options_.bins)
        x[n * D_ + d] = options_.low + width * (static_cast<Real>(cell % options_.bins) + rng.uniform());
    } while (cell_of(x.data() + n * D_) != drawn && ++tries < 10);
  }
  return x;
}

}  // namespace gradus
