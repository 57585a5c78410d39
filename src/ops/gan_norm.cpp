// The normalisations of generative adversarial networks: pixel_norm, minibatch_deviation.
#include <algorithm>
#include <cmath>
#include <utility>

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
    for (Index first = 0; first < x.dim(0); first += group) {
      double sum = 0;
      for (Index f = 0; f < pixels * C; ++f) sum += deviation(first, f).second;
      const Real mean = static_cast<Real>(sum / double(pixels * C));
      for (Index p = first * pixels; p < (first + group) * pixels; ++p) {
        std::copy_n(x.data() + p * C, C, y.data() + p * (C + 1));
        y[p * (C + 1) + C] = mean;
      }
    }
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index C = x.dim(3), pixels = x.dim(1) * x.dim(2), F = pixels * C;
    Tensor dx(x.shape());
    for (Index first = 0; first < x.dim(0); first += group) {
      double dd = 0;
      for (Index p = first * pixels; p < (first + group) * pixels; ++p) {
        std::copy_n(dy.data() + p * (C + 1), C, dx.data() + p * C);
        dd += double{dy[p * (C + 1) + C]};
      }
      for (Index f = 0; f < F; ++f) {
        const auto [mean, s] = deviation(first, f);
        for (Index b = first; b < first + group; ++b)
          dx[b * F + f] += static_cast<Real>(dd * (double{x[b * F + f]} - mean) / (double(F * group) * s));
      }
    }
    return {dx};
  }
  std::pair<double, double> deviation(Index first, Index f) const {
    const Index F = x.shape().row_size();
    double mean = 0, squares = 0;
    for (Index b = first; b < first + group; ++b) mean += double{x[b * F + f]} / double(group);
    for (Index b = first; b < first + group; ++b)
      squares += std::pow(double{x[b * F + f]} - mean, 2) / double(group);
    return {mean, std::sqrt(squares + double{epsilon})};
  }
};

}  // namespace

Var pixel_norm(const Var& x, Real epsilon) { return record(PixelNorm{epsilon}, x); }
Var minibatch_deviation(const Var& x, Index group, Real epsilon) {
  return record(MinibatchDeviation{group, epsilon}, x);
}

}  // namespace gradus
