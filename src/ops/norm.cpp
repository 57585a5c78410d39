#include "gradus/ops/norm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/gemm.hpp"
#include "gradus/kernels/pixel_sums.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

Index channels_of(const char* op, const Tensor& x) {
  GRADUS_CHECK(x.rank() >= 2, op, ": x must be [B, C] or [B, H, W, C], got ", x.shape());
  const Index C = x.dim(x.rank() - 1);
  GRADUS_CHECK(C >= 1, op, ": x ", x.shape(), " has no channel");
  return C;
}

void check_normalize(const Normalize& op, const Tensor& x, const Tensor& gamma, const Tensor& beta) {
  const Index C = channels_of("normalize", x);
  for (const Tensor* each : {&gamma, &beta})
    GRADUS_CHECK(!*each || (each->rank() == 1 && each->size() == C), "normalize: gamma and beta must be [", C,
                 "] for x ", x.shape(), ", got ", each->shape());
  GRADUS_CHECK(op.over != NormOver::group || (op.groups >= 1 && C % op.groups == 0), "group_norm: ", C,
               " channels cannot be divided into ", op.groups, " groups");
  const Tensor &mean = op.running_mean, &variance = op.running_variance;
  if (op.use_running || mean || variance) {
    GRADUS_CHECK(op.over == NormOver::batch || (op.over == NormOver::instance && !op.use_running),
                 "normalize: only batch and instance norm have a running mean and variance");
    GRADUS_CHECK(mean.shape() == Shape{C} && variance.shape() == Shape{C},
                 "batch_norm: the running mean and variance must be [", C, "] for x ", x.shape(), ", got ",
                 mean.shape(), " and ", variance.shape());
  }
  GRADUS_CHECK(op.use_running || x.size() > 0, "normalize: x ", x.shape(),
               " has no numbers, so neither mean nor variance");
  GRADUS_CHECK(op.use_running || op.over != NormOver::batch || x.size() > C, "batch_norm: x ", x.shape(),
               " has one value per channel, which has no variance to learn from; train on more examples at "
               "once, or use eval()");
}

/// x as [groups, pixels, C]: the pictures together (batch norm) or each for itself.
struct Sets {
  Index pictures, pixels, C, channels;  // `channels` in a row share their statistics
  Sets(const Tensor& x, NormOver over, Index groups)
      : pictures(over == NormOver::batch ? 1 : x.dim(0)),
        pixels(x.size() / x.dim(x.rank() - 1) / pictures),
        C(x.dim(x.rank() - 1)),
        channels(over == NormOver::layer   ? C
                 : over == NormOver::group ? C / groups
                                           : 1) {}
  double size() const { return static_cast<double>(pixels * channels); }
  /// Sums a channel become means a set, written to every channel of it.
  void average(std::vector<double>& sums) const {
    for (std::size_t first = 0; first < sums.size(); first += static_cast<std::size_t>(channels)) {
      double sum = 0;
      for (std::size_t c = first; c < first + static_cast<std::size_t>(channels); ++c) sum += sums[c];
      std::fill_n(sums.begin() + static_cast<std::ptrdiff_t>(first), channels, sum / size());
    }
  }
};

/// Moves the running mean and variance a step towards the batch means of those of the sets.
void remember(Normalize& op, const Sets& sets, const std::vector<double>& variances) {
  for (Index c = 0; c < sets.C; ++c) {
    double mean = 0, variance = 0;
    for (Index picture = 0; picture < sets.pictures; ++picture) {
      const auto place = static_cast<std::size_t>(picture * sets.C + c);
      mean += double{op.mean[place]}, variance += variances[place];
    }
    mean /= double(sets.pictures), variance /= double(sets.pictures);
    const double unbiased = variance * sets.size() / std::max(1.0, sets.size() - 1);
    Real &m = op.running_mean[c], &v = op.running_variance[c];
    m += op.momentum * (static_cast<Real>(mean) - m);
    v += op.momentum * (static_cast<Real>(unbiased) - v);
  }
}

/// y = f(x, place of its channel), pixel by pixel.
template <class F>
Tensor by_channel(const Sets& sets, const Shape& shape, F f) {
  Tensor y(shape);
  Real* out = y.data();
  for_rows(sets.pictures * sets.pixels, y.size(), [=, C = sets.C, pixels = sets.pixels](Index pixel) {
    const Index place = pixel / pixels * C;
#pragma omp simd
    for (Index c = 0; c < C; ++c) out[pixel * C + c] = f(pixel * C + c, place + c);
  });
  return y;
}

}  // namespace

Tensor Normalize::forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta) {
  check_normalize(*this, x_in, gamma_in, beta);
  x = x_in, gamma = gamma_in;
  const Sets sets(x, over, groups);
  const Index C = sets.C;
  const auto places = static_cast<std::size_t>(sets.pictures * C);
  mean.resize(places), scale.resize(places);
  if (use_running) {
    for (std::size_t c = 0; c < places; ++c) {
      mean[c] = running_mean[static_cast<Index>(c)];
      scale[c] = 1 / std::sqrt(running_variance[static_cast<Index>(c)] + epsilon);
    }
  } else {
    // around the first pixel's value, so that a large mean does not swallow a small variance
    const Real* in = x.data();
    std::vector<Real> around(places);
    for (std::size_t c = 0; c < places; ++c)
      around[c] = in[static_cast<Index>(c) / sets.channels * sets.channels % C +
                     static_cast<Index>(c) / C * sets.pixels * C];
    PixelSums sums(sets.pictures, sets.pixels, C, [in, shift = around.data()](Index i, Index c) {
      const Real d = in[i] - shift[c];
      return std::pair{d, d * d};
    });
    sets.average(sums.first), sets.average(sums.second);
    std::vector<double> variances(places);
    for (std::size_t c = 0; c < places; ++c) {
      const double variance = variances[c] = std::max(0.0, sums.second[c] - sums.first[c] * sums.first[c]);
      mean[c] = static_cast<Real>(double{around[c]} + sums.first[c]);
      scale[c] = static_cast<Real>(1 / std::sqrt(variance + double{epsilon}));
    }
    if (running_mean) remember(*this, sets, variances);
    running_mean.touch(), running_variance.touch();
  }
  std::vector<Real> factor(places), offset(places);
  for (std::size_t c = 0; c < places; ++c) {
    const Index channel = static_cast<Index>(c) % C;
    factor[c] = scale[c] * (gamma ? gamma[channel] : 1);
    offset[c] = beta ? beta[channel] : 0;
  }
  // subtract the mean first: equal numbers must leave nothing for their factor, which is large
  return by_channel(sets, x.shape(),
                    [in = x.data(), m = mean.data(), a = factor.data(), b = offset.data()](Index i, Index c) {
                      return (in[i] - m[c]) * a[c] + b[c];
                    });
}

Grads<3> Normalize::backward(const Tensor& dy, const Needs<3>& needs) const {
  const Sets sets(x, over, groups);
  const Index C = sets.C;
  const Real *d = dy.data(), *in = x.data(), *m = mean.data(), *s = scale.data();
  PixelSums sums(sets.pictures, sets.pixels, C, [=](Index i, Index c) {
    return std::pair{d[i], d[i] * (in[i] - m[c]) * s[c]};
  });
  Grads<3> grads;
  const auto over_pictures = [&](const std::vector<double>& each) {
    std::vector<double> total(static_cast<std::size_t>(C));
    for (std::size_t c = 0; c < each.size(); ++c) total[c % total.size()] += each[c];
    Tensor sum({C});
    for (Index c = 0; c < C; ++c) sum[c] = static_cast<Real>(total[static_cast<std::size_t>(c)]);
    return sum;
  };
  if (needs[1]) grads[1] = over_pictures(sums.second);
  if (needs[2]) grads[2] = over_pictures(sums.first);
  if (!needs[0]) return grads;
  // dx = a dy - e - b (x - mean), with numbers for every set
  const auto places = sums.first.size();
  std::vector<Real> a(places), b(places), e(places);
  for (std::size_t c = 0; c < places; ++c)
    if (gamma)
      sums.first[c] *= gamma[static_cast<Index>(c) % C], sums.second[c] *= gamma[static_cast<Index>(c) % C];
  sets.average(sums.first), sets.average(sums.second);
  for (std::size_t c = 0; c < places; ++c) {
    a[c] = scale[c] * (gamma ? gamma[static_cast<Index>(c) % C] : 1);
    b[c] = use_running ? 0 : scale[c] * scale[c] * static_cast<Real>(sums.second[c]);
    e[c] = use_running ? 0 : scale[c] * static_cast<Real>(sums.first[c]);
  }
  grads[0] = by_channel(sets, x.shape(), [=, a = a.data(), b = b.data(), e = e.data()](Index i, Index c) {
    return a[c] * d[i] - e[c] - b[c] * (in[i] - m[c]);
  });
  return grads;
}

Var batch_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running, Real epsilon) {
  Normalize op{.epsilon = epsilon,
               .running_mean = running.mean,
               .running_variance = running.variance,
               .momentum = running.momentum};
  return record(std::move(op), x, gamma, beta);
}
Var batch_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                    Real epsilon) {
  Normalize op{.epsilon = epsilon,
               .running_mean = running.mean,
               .running_variance = running.variance,
               .use_running = true};
  return record(std::move(op), x, gamma, beta);
}
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, Real epsilon) {
  return record(Normalize{.over = NormOver::instance, .epsilon = epsilon}, x, gamma, beta);
}
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running, Real epsilon) {
  Normalize op{.over = NormOver::instance,
               .epsilon = epsilon,
               .running_mean = running.mean,
               .running_variance = running.variance,
               .momentum = running.momentum};
  return record(std::move(op), x, gamma, beta);
}
Var layer_norm(const Var& x, const Var& gamma, const Var& beta, Real epsilon) {
  return record(Normalize{.over = NormOver::layer, .epsilon = epsilon}, x, gamma, beta);
}
Var group_norm(const Var& x, Index groups, const Var& gamma, const Var& beta, Real epsilon) {
  return record(Normalize{.over = NormOver::group, .groups = groups, .epsilon = epsilon}, x, gamma, beta);
}

namespace {

/// y = x r, r = (mean x^2 + epsilon)^-1/2        dx = r dy - r^3 x mean(x dy)
struct PixelNorm {
  Real epsilon;
  Tensor x{};
  Tensor forward(const Tensor& x_in) {
    const Index C = channels_of("pixel_norm", x_in);
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

/// s_f = sqrt(var_b(x_bf) + epsilon) for every number f of a picture, over the G pictures of a group
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

/// out = m v for m [K, R], or mT u
void multiply_vector(Transpose transpose, Index K, Index R, const Real* m, const Real* v, Real* out) {
  const Index rows = transpose == Transpose::no ? K : R, inner = transpose == Transpose::no ? R : K;
  gemm(transpose, Transpose::no, rows, 1, inner, m, R, v, 1, out, 1);
}

/// To length 1; returns the length before.
Real to_unit(Tensor& v) {
  double squares = 0;
  for (const Real x : v.values()) squares += double{x} * double{x};
  const Real length = std::max(static_cast<Real>(std::sqrt(squares)), std::numeric_limits<Real>::epsilon());
  for (Real& x : v.values()) x /= length;
  return length;
}

/// y = w / s, s = uT w v, ds/dw = u vT        dw = (dy - (dy . y) u vT) / s
struct SpectralNorm {
  Tensor u;
  bool iterate;
  Tensor v{}, y{};
  Real s = 1;
  Tensor forward(const Tensor& w) {
    check_not_empty("spectral_norm", w);
    const Index K = w.dim(0), R = w.shape().row_size();
    GRADUS_CHECK(u.rank() == 1 && u.size() == K, "spectral_norm: w ", w.shape(), " needs u [", K, "], got ",
                 u.shape());
    v = Tensor({R});
    multiply_vector(Transpose::yes, K, R, w.data(), u.data(), v.data());
    to_unit(v);
    Tensor wv({K});
    multiply_vector(Transpose::no, K, R, w.data(), v.data(), wv.data());
    if (iterate) {
      s = to_unit(wv);
      if (s > std::numeric_limits<Real>::epsilon()) u.copy_from(wv);  // w = 0 must not spoil u for ever
    } else {
      s = static_cast<Real>(blocked_sum(0, K, [&](Index k) { return u[k] * wv[k]; }));
    }
    u = u.clone();  // the next step moves the original
    y = mapped(w, [r = 1 / s](Real x) { return x * r; });
    return y;
  }
  Grads<1> backward(const Tensor& dy) const {
    const Index R = v.size();
    const Real *d = dy.data(), *out = y.data();
    const auto dot = static_cast<Real>(total(dy.size(), [=](Index i) { return d[i] * out[i]; }));
    Tensor dw(dy.shape());
    for_rows(u.size(), dy.size(), [&](Index k) {
      for (Index r = 0; r < R; ++r) dw[k * R + r] = (d[k * R + r] - dot * u[k] * v[r]) / s;
    });
    return {dw};
  }
};

}  // namespace

Var pixel_norm(const Var& x, Real epsilon) { return record(PixelNorm{epsilon}, x); }
Var minibatch_deviation(const Var& x, Index group, Real epsilon) {
  return record(MinibatchDeviation{group, epsilon}, x);
}
Var spectral_norm(const Var& w, Tensor& u, bool iterate) { return record(SpectralNorm{u, iterate}, w); }

}  // namespace gradus
