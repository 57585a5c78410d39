#include "gradus/ops/norm.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/pixel_sums.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

enum class NormOver { batch, instance, group };

/// batch_norm, instance_norm and group_norm. The formulas are those of norm.hpp, and of NaiveNormalize.
struct Normalize {
  static constexpr Needs<3> optional{false, true, true};
  const char* op;  ///< the function's name, for messages
  NormOver over = NormOver::batch;
  Index groups = 1;  ///< of channels; for NormOver::group
  Real epsilon = norm_epsilon;
  /// Running statistics [C]. In training, empty means that none are kept.
  Tensor running_mean{}, running_variance{};
  Real momentum = 0;
  bool use_running = false;  ///< they replace m and v

  Tensor x{}, gamma{};                // kept for backward
  std::vector<Real> mean{}, scale{};  // [sets, C]: m and 1 / sqrt(v + epsilon)

  Tensor forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

/// The number of channels of x, which is the size of gamma and beta.
Index channels_of(const char* op, const Tensor& x, const Tensor& gamma, const Tensor& beta) {
  const Index C = checked_channels(op, x);
  for (const Tensor* each : {&gamma, &beta})
    GRADUS_CHECK(!*each || (each->rank() == 1 && each->size() == C), op, ": gamma and beta must be [", C,
                 "] for x ", x.shape(), ", got ", each->shape());
  return C;
}

void check_numbers_in(const char* op, const Tensor& x) {
  GRADUS_CHECK(x.size() > 0, op, ": x ", x.shape(),
               " has no numbers, so its mean and variance are undefined");
}

void check_normalize(const Normalize& norm, const Tensor& x, const Tensor& gamma, const Tensor& beta) {
  const char* op = norm.op;
  const Index C = channels_of(op, x, gamma, beta);
  GRADUS_CHECK(norm.over != NormOver::group || (norm.groups >= 1 && C % norm.groups == 0), op, ": ", C,
               " channels cannot be divided into ", norm.groups, " groups");
  const Tensor &mean = norm.running_mean, &variance = norm.running_variance;
  if (norm.use_running || mean || variance)
    GRADUS_CHECK(mean.shape() == Shape{C} && variance.shape() == Shape{C}, op,
                 ": the running mean and variance must be [", C, "] for x ", x.shape(), ", got ",
                 mean.shape(), " and ", variance.shape());
  if (norm.use_running) return;
  check_numbers_in(op, x);
  GRADUS_CHECK(norm.over != NormOver::batch || x.size() > C, op, ": x ", x.shape(),
               " has one value per channel, so the variance is undefined; train on larger batches, or use "
               "eval()");
  GRADUS_CHECK(
      norm.over != NormOver::instance || !mean || x.size() > C * x.dim(0), op, ": x ", x.shape(),
      " has one pixel per picture, so the running variance is undefined; train on larger pictures, or "
      "use eval()");
}

/// x as [groups, pixels, C]: all pictures together (batch norm) or each picture separately.
struct Sets {
  Index pictures, pixels, C, channels;  // `channels` adjacent channels share their statistics
  Sets(const Tensor& x, NormOver over, Index groups)
      : pictures(over == NormOver::batch ? 1 : x.dim(0)),
        pixels(x.size() / x.dim(x.rank() - 1) / pictures),
        C(x.dim(x.rank() - 1)),
        channels(over == NormOver::group ? C / groups : 1) {}
  double size() const { return static_cast<double>(pixels * channels); }
  /// Replaces each channel's sum by the mean of its set.
  void average(std::vector<double>& sums) const {
    for (std::size_t first = 0; first < sums.size(); first += static_cast<std::size_t>(channels)) {
      double sum = 0;
      for (std::size_t c = first; c < first + static_cast<std::size_t>(channels); ++c) sum += sums[c];
      std::fill_n(sums.begin() + static_cast<std::ptrdiff_t>(first), channels, sum / size());
    }
  }
};

/// Moves the running mean and variance one step towards the means
/// of the sets' statistics over the pictures.
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

/// [pictures, C] -> [C], summed over the pictures.
Tensor over_pictures(const std::vector<double>& each, Index C) {
  std::vector<double> total(static_cast<std::size_t>(C));
  for (std::size_t c = 0; c < each.size(); ++c) total[c % total.size()] += each[c];
  Tensor sum({C});
  for (Index c = 0; c < C; ++c) sum[c] = static_cast<Real>(total[static_cast<std::size_t>(c)]);
  return sum;
}

/// y = f(index of the number, index of its channel), pixel by pixel.
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
    // relative to the first pixel's value, so that a large mean does not cancel the digits of a
    // small variance
    const Real* in = x.data();
    std::vector<Real> around(places);
    for (std::size_t c = 0; c < places; ++c)
      around[c] = in[static_cast<Index>(c) / sets.channels * sets.channels % C +
                     static_cast<Index>(c) / C * sets.pixels * C];
    PixelSums sums(sets.pictures, sets.pixels, C, [in, shift = around.data()](Index i, Index c, Index) {
      const Real d = in[i] - shift[c];
      return PixelSums::Two{d, d * d};
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
  // subtract the mean first: equal numbers must give exactly 0, because their factor is large
  return by_channel(sets, x.shape(),
                    [in = x.data(), m = mean.data(), a = factor.data(), b = offset.data()](Index i, Index c) {
                      return (in[i] - m[c]) * a[c] + b[c];
                    });
}

Grads<3> Normalize::backward(const Tensor& dy, const Needs<3>& needs) const {
  const Sets sets(x, over, groups);
  const Index C = sets.C;
  const Real *d = dy.data(), *in = x.data(), *m = mean.data(), *s = scale.data();
  PixelSums sums(sets.pictures, sets.pixels, C, [=](Index i, Index c, Index) {
    return PixelSums::Two{d[i], d[i] * (in[i] - m[c]) * s[c]};
  });
  Grads<3> grads;
  if (needs[1]) grads[1] = over_pictures(sums.second, C);
  if (needs[2]) grads[2] = over_pictures(sums.first, C);
  if (!needs[0]) return grads;
  // dx = a dy - e - b (x - mean), with one a, e and b per set
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

/// Evaluation with running statistics, under the function's name.
Var with_running(const char* op, const Var& x, const Var& gamma, const Var& beta,
                 const RunningStatistics& running, Real epsilon) {
  return record(Normalize{.op = op,
                          .epsilon = epsilon,
                          .running_mean = running.mean,
                          .running_variance = running.variance,
                          .use_running = true},
                x, gamma, beta);
}

}  // namespace

Var batch_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running, Real epsilon) {
  Normalize op{.op = "batch_norm",
               .epsilon = epsilon,
               .running_mean = running.mean,
               .running_variance = running.variance,
               .momentum = running.momentum};
  return record(std::move(op), x, gamma, beta);
}
Var batch_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                    Real epsilon) {
  return with_running("batch_norm_eval", x, gamma, beta, running, epsilon);
}
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, Real epsilon) {
  return record(Normalize{.op = "instance_norm", .over = NormOver::instance, .epsilon = epsilon}, x, gamma,
                beta);
}
Var instance_norm(const Var& x, const Var& gamma, const Var& beta, RunningStatistics& running, Real epsilon) {
  Normalize op{.op = "instance_norm",
               .over = NormOver::instance,
               .epsilon = epsilon,
               .running_mean = running.mean,
               .running_variance = running.variance,
               .momentum = running.momentum};
  return record(std::move(op), x, gamma, beta);
}
Var instance_norm_eval(const Var& x, const Var& gamma, const Var& beta, const RunningStatistics& running,
                       Real epsilon) {
  return with_running("instance_norm_eval", x, gamma, beta, running, epsilon);
}
Var group_norm(const Var& x, Index groups, const Var& gamma, const Var& beta, Real epsilon) {
  return record(Normalize{.op = "group_norm", .over = NormOver::group, .groups = groups, .epsilon = epsilon},
                x, gamma, beta);
}

namespace {

/// For x as rows of K numbers: calls use(row, sum of first(i, row), sum of second(i, row)) with the
/// sums over the row's numbers i. Threads share chunks of 4096 numbers, whose sums are added in order.
template <class First, class Second, class Use>
void with_row_sums(Index rows, Index K, First first, Second second, Use use) {
  constexpr Index size = 4096;
  const Index pieces = (K + size - 1) / size;
  static thread_local std::vector<double> partial_sums;
  partial_sums.resize(static_cast<std::size_t>(rows * pieces * 2));
  double* const partial = partial_sums.data();
  for_rows(rows * pieces, rows * K, [=](Index task) {
    const Index row = task / pieces, begin = row * K + task % pieces * size;
    const Index end = std::min(begin + size, (row + 1) * K);
    partial[2 * task] = blocked_sum(begin, end, [=](Index i) { return first(i, row); });
    partial[2 * task + 1] = blocked_sum(begin, end, [=](Index i) { return second(i, row); });
  });
  for_rows(rows, rows * pieces, [=](Index row) {
    double a = 0, b = 0;
    for (Index task = row * pieces; task < (row + 1) * pieces; ++task)
      a += partial[2 * task], b += partial[2 * task + 1];
    use(row, a, b);
  });
}

/// layer_norm: one mean and one variance per example, gamma and beta per channel.
struct LayerNormOp {
  static constexpr Needs<3> optional{false, true, true};
  Real epsilon;

  Tensor x{}, gamma{};     // kept for backward
  Tensor mean{}, scale{};  // [B]: m and 1 / sqrt(v + epsilon)

  Tensor forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta);
  Grads<3> backward(const Tensor& dy, const Needs<3>& needs) const;
};

Tensor LayerNormOp::forward(const Tensor& x_in, const Tensor& gamma_in, const Tensor& beta) {
  const Index C = channels_of("layer_norm", x_in, gamma_in, beta);
  check_numbers_in("layer_norm", x_in);
  x = x_in, gamma = gamma_in;
  const Index B = x.dim(0), K = x.shape().row_size(), pixels = K / C;
  mean = Tensor({B}), scale = Tensor({B});
  // relative to the first number, so that a large mean does not cancel the digits of a small variance
  with_row_sums(
      B, K, [in = x.data(), K](Index i, Index b) { return in[i] - in[b * K]; },
      [in = x.data(), K](Index i, Index b) { return (in[i] - in[b * K]) * (in[i] - in[b * K]); },
      [in = x.data(), m = mean.data(), s = scale.data(), K, e = epsilon](Index b, double sum,
                                                                         double squares) {
        const double shift = sum / double(K);
        m[b] = static_cast<Real>(double{in[b * K]} + shift);
        s[b] =
            static_cast<Real>(1 / std::sqrt(std::max(0.0, squares / double(K) - shift * shift) + double{e}));
      });
  const Tensor factor = gamma ? gamma : Tensor::full({C}, 1), offset = beta ? beta : Tensor::zeros({C});
  Tensor y(x.shape());
  for_rows(B * pixels, y.size(),
           [=, in = x.data(), out = y.data(), m = mean.data(), s = scale.data(), g = factor.data(),
            o = offset.data()](Index pixel) {
             const Real centre = m[pixel / pixels], r = s[pixel / pixels];
             for (Index c = 0; c < C; ++c)
               out[pixel * C + c] = (in[pixel * C + c] - centre) * (r * g[c]) + o[c];
           });
  return y;
}

Grads<3> LayerNormOp::backward(const Tensor& dy, const Needs<3>& needs) const {
  const Index C = x.shape().back(), B = x.dim(0), K = x.shape().row_size(), pixels = K / C;
  const Real *d = dy.data(), *in = x.data(), *m = mean.data(), *s = scale.data();
  Grads<3> grads;
  if (needs[1] || needs[2]) {
    const PixelSums sums(1, B * pixels, C, [=](Index i, Index, Index pixel) {
      return PixelSums::Two{d[i], d[i] * (in[i] - m[pixel / pixels]) * s[pixel / pixels]};
    });
    if (needs[1]) grads[1] = over_pictures(sums.second, C);
    if (needs[2]) grads[2] = over_pictures(sums.first, C);
  }
  if (!needs[0]) return grads;
  Tensor dx(x.shape()), dh = dy;
  if (gamma) {  // dh is stored in dx
    for_rows(B * pixels, dx.size(), [=, to = dx.data(), g = gamma.data()](Index pixel) {
      for (Index c = 0; c < C; ++c) to[pixel * C + c] = d[pixel * C + c] * g[c];
    });
    dh = dx;
  }
  // dx = s dh - e - b (x - m), with one s, e, b and m per example
  Tensor e({B}), b({B});
  const Real* h = dh.data();
  with_row_sums(
      B, K, [h](Index i, Index) { return h[i]; },
      [=](Index i, Index row) { return h[i] * (in[i] - m[row]) * s[row]; },
      [=, e = e.data(), b = b.data()](Index row, double sum, double product) {
        e[row] = s[row] * static_cast<Real>(sum / double(K));
        b[row] = s[row] * s[row] * static_cast<Real>(product / double(K));
      });
  for_rows(B * pixels, dx.size(), [=, to = dx.data(), e = e.data(), b = b.data()](Index pixel) {
    const Index row = pixel / pixels;
    for (Index i = pixel * C; i < (pixel + 1) * C; ++i)
      to[i] = s[row] * h[i] - e[row] - b[row] * (in[i] - m[row]);
  });
  grads[0] = dx;
  return grads;
}

}  // namespace

Var layer_norm(const Var& x, const Var& gamma, const Var& beta, Real epsilon) {
  return record(LayerNormOp{epsilon}, x, gamma, beta);
}

}  // namespace gradus
