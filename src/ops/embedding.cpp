#include "gradus/ops/embedding.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/autograd/op.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// y_n = x_index(n)              dx_v = sum over the n with index(n) = v of dy_n
struct Gather {
  std::vector<int> indices;
  Shape from{};
  Tensor forward(const Tensor& x) {
    from = x.shape();
    const Index width = from.row_size(), N = static_cast<Index>(indices.size());
    Tensor y(from.with_axis(0, N));
    for_rows(N, y.size(), [=, in = x.data(), out = y.data(), index = indices.data()](Index n) {
      std::copy_n(in + index[n] * width, width, out + n * width);
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dx = Tensor::zeros(from);
    const Index width = from.row_size();
    const Real* d = dy.data();
    for (const int index : indices) {
      Real* to = dx.data() + index * width;
#pragma omp simd
      for (Index k = 0; k < width; ++k) to[k] += d[k];
      d += width;
    }
    return {dx};
  }
};

/// y = ( sin(t f_k), cos(t f_k) )      dt = sum_k f_k ( dsin_k cos(t f_k) - dcos_k sin(t f_k) )
struct SinusoidalEmbedding {
  Index K;
  Real base;
  Tensor y{};
  Tensor forward(const Tensor& t) {
    check_rank("sinusoidal_embedding", "t", t, 1);
    GRADUS_CHECK(K >= 2 && K % 2 == 0, "sinusoidal_embedding: K must be even and positive, got ", K);
    GRADUS_CHECK(base > 1, "sinusoidal_embedding: the base must be above 1, got ", base);
    y = Tensor({t.dim(0), K});
    for_rows(t.dim(0), y.size(), [=, this, in = t.data(), out = y.data()](Index b) {
      for (Index k = 0; k < K / 2; ++k) {
        const double angle = double{in[b]} * frequency(k);
        out[b * K + k] = static_cast<Real>(std::sin(angle));
        out[b * K + K / 2 + k] = static_cast<Real>(std::cos(angle));
      }
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    Tensor dt({dy.dim(0)});
    for_rows(dy.dim(0), dy.size(), [=, this, d = dy.data(), waves = y.data(), out = dt.data()](Index b) {
      const Real *dsin = d + b * K, *dcos = dsin + K / 2, *sine = waves + b * K, *cosine = sine + K / 2;
      double sum = 0;
      for (Index k = 0; k < K / 2; ++k)
        sum += frequency(k) * (double{dsin[k]} * double{cosine[k]} - double{dcos[k]} * double{sine[k]});
      out[b] = static_cast<Real>(sum);
    });
    return {dt};
  }
  double frequency(Index k) const { return std::pow(double{base}, -2 * double(k) / double(K)); }
};

}  // namespace

Var gather(const Var& table, std::span<const int> indices) {
  check_not_empty("gather", table.value());
  check_labels("gather", indices, table.dim(0), "index");
  return record(Gather{{indices.begin(), indices.end()}}, table);
}

Var sinusoidal_embedding(const Var& t, Index K, Real base) { return record(SinusoidalEmbedding{K, base}, t); }

}  // namespace gradus
