// The normalisations of generative adversarial networks: pixel_norm, minibatch_deviation.
#include <algorithm>
#include <cmath>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"
#include "gradus/ops/norm.hpp"

namespace gradus {
namespace {

/// y = x r, r = (mean x^2 + epsilon)^-1/2        dx = r dy - r^3 x mean(x dy)
struct PixelNorm {
  Real epsilon;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    const Index C = checked_channels("pixel_norm", x_in);
    x = x_in;
    Tensor y(x.shape());
    for_rows(x.size() / C, x.size(), [&, in = x.data(), out = y.data()](Index p) {
      const Real r = inverse_norm(in + p * C, C);
      for (Index c = 0; c < C; ++c) out[p * C + c] = in[p * C + c] * r;
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index C = x.dim(x.rank() - 1);
    Tensor dx(x.shape());
    for_rows(x.size() / C, x.size(), [&, in = x.data(), d = dy.data(), out = dx.data()](Index p) {
      const Real r = inverse_norm(in + p * C, C);
      const double dot = blocked_sum(p * C, (p + 1) * C, [=](Index i) { return in[i] * d[i]; });
      const Real pull = r * r * r * static_cast<Real>(dot / static_cast<double>(C));
      for (Index c = 0; c < C; ++c) out[p * C + c] = r * d[p * C + c] - pull * in[p * C + c];
    });
    return {dx};
  }
  Real inverse_norm(const Real* at, Index C) const {
    const double mean = blocked_sum(0, C, [=](Index c) { return at[c] * at[c]; }) / static_cast<double>(C);
    return 1 / std::sqrt(static_cast<Real>(mean) + epsilon);
  }
};

/// s_f = sqrt(var_b(x_bf) + epsilon) for every element f of a picture, over the G pictures of a group
/// d = 1/F sum_f s_f                             dx_bf += dd (x_bf - mean_f) / (F G s_f)
struct MinibatchDeviation {
  Index group;
  Real epsilon;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    check_rank("minibatch_deviation", "x", x_in, 4);
    GRADUS_CHECK(group >= 1 && x_in.dim(0) % group == 0, "minibatch_deviation: groups of ", group,
                 " pictures do not divide x ", x_in.shape());
    GRADUS_CHECK(x_in.shape().row_size() > 0, "minibatch_deviation: the pictures of x ", x_in.shape(),
                 " have no numbers");
    x = x_in;
    const Index C = x.dim(3), pixels = x.dim(1) * x.dim(2);
    Tensor y({x.dim(0), x.dim(1), x.dim(2), C + 1});
    for_rows(x.dim(0) / group, x.size(), [&](Index g) {
      const Index first = g * group;
      double sum = 0;
      for (Index f = 0; f < pixels * C; f += together) {
        const Chunk chunk = deviations(first, f);
        for (Index i = 0; i < chunk.count; ++i) sum += chunk.s[i];
      }
      const Real mean = static_cast<Real>(sum / double(pixels * C));
      for (Index p = first * pixels; p < (first + group) * pixels; ++p) {
        std::copy_n(x.data() + p * C, C, y.data() + p * (C + 1));
        y[p * (C + 1) + C] = mean;
      }
    });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index C = x.dim(3), pixels = x.dim(1) * x.dim(2), F = pixels * C;
    Tensor dx(x.shape());
    for_rows(x.dim(0) / group, x.size(), [&](Index g) {
      const Index first = g * group;
      double dd = 0;
      for (Index p = first * pixels; p < (first + group) * pixels; ++p) {
        std::copy_n(dy.data() + p * (C + 1), C, dx.data() + p * C);
        dd += double{dy[p * (C + 1) + C]};
      }
      for (Index f = 0; f < F; f += together) {
        const Chunk chunk = deviations(first, f);
        for (Index b = first; b < first + group; ++b) {
          const Real* in = x.data() + b * F + f;
          Real* out = dx.data() + b * F + f;
#pragma omp simd
          for (Index i = 0; i < chunk.count; ++i)
            out[i] +=
                static_cast<Real>(dd * (double{in[i]} - chunk.mean[i]) / (double(F * group) * chunk.s[i]));
        }
      }
    });
    return {dx};
  }

  static constexpr Index together = 128;
  /// mean_f and s_f of up to 128 elements.
  struct Chunk {
    Index count;
    double mean[together], s[together];
  };
  /// Those of the group that begins with picture `first`, from element f on.
  Chunk deviations(Index first, Index f) const {
    const Index F = x.shape().row_size();
    Chunk chunk{std::min(together, F - f), {}, {}};
    for (Index b = first; b < first + group; ++b)
#pragma omp simd
      for (Index i = 0; i < chunk.count; ++i)
        chunk.mean[i] += double{x.data()[b * F + f + i]} / double(group);
    for (Index b = first; b < first + group; ++b)
#pragma omp simd
      for (Index i = 0; i < chunk.count; ++i) {
        const double difference = double{x.data()[b * F + f + i]} - chunk.mean[i];
        chunk.s[i] += difference * difference / double(group);
      }
#pragma omp simd
    for (Index i = 0; i < chunk.count; ++i) chunk.s[i] = std::sqrt(chunk.s[i] + double{epsilon});
    return chunk;
  }
};

}  // namespace

Var pixel_norm(const Var& x, Real epsilon) { return record(PixelNorm{epsilon}, x); }
Var minibatch_deviation(const Var& x, Index group, Real epsilon) {
  return record(MinibatchDeviation{group, epsilon}, x);
}

}  // namespace gradus
