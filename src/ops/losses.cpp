#include "gradus/ops/losses.hpp"

#include <numbers>

#include "gradus/autograd/op.hpp"
#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/kernels/row_exps.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// l_b = sum_k f(b K + k)
template <class F>
Tensor summed(const Shape& shape, F f) {
  Tensor l({shape[0]});
  const Index width = shape.row_size();
  row_sums(shape[0], width, l.data(), [=](Index b, Index k) { return f(b * width + k); });
  return l;
}

Tensor negated(const Tensor& x) {
  return mapped(x, [](Real v) { return -v; });
}

/// l = sum |y - t|              dy = sign(y - t) dl        dt = -dy
struct L1Error {
  Tensor y{}, t{};
  Tensor forward(const Tensor& y_in, const Tensor& t_in) {
    check_not_empty("l1_error", y_in);
    check_same_shape("l1_error", y_in, t_in);
    y = y_in, t = t_in;
    const Real *a = y.data(), *b = t.data();
    return summed(y.shape(), [=](Index i) { return a[i] < b[i] ? b[i] - a[i] : a[i] - b[i]; });
  }
  Grads<2> backward(const Tensor& dl, const Needs<2>& needs) const {
    const Real *a = y.data(), *b = t.data();
    Tensor dy = scaled_rows(
        dl, y.shape(), [=](Index i) { return a[i] == b[i] ? Real(0) : (a[i] < b[i] ? Real(-1) : Real(1)); });
    return {dy, needs[1] ? negated(dy) : Tensor()};
  }
};

/// l = log sum_k e^a_k - a_label        da_k = (softmax(a)_k - [k = label]) dl
struct CrossEntropy {
  std::vector<int> labels;
  Tensor p{};  // softmax(a)
  Tensor forward(const Tensor& a) {
    const Index B = a.dim(0), K = a.dim(1);
    p = Tensor(a.shape());
    Tensor l({B});
    const Real* in = a.data();
    const int* label = labels.data();
    Real *probability = p.data(), *loss = l.data();
    for_rows(B, a.size(), [=](Index b) {
      const auto [largest, sum] = row_exps(in + b * K, K, probability + b * K);
      for (Index k = b * K; k < (b + 1) * K; ++k) probability[k] /= sum;
      loss[b] = fast_log(sum) - (in[b * K + label[b]] - largest);
    });
    return l;
  }
  Grads<1> backward(const Tensor& dl) const {
    const Index K = p.dim(1);
    const Real* probability = p.data();
    Tensor da = scaled_rows(dl, p.shape(), [=](Index i) { return probability[i]; });
    for (Index b = 0; b < p.dim(0); ++b) da[b * K + labels[static_cast<std::size_t>(b)]] -= dl[b];
    return {da};
  }
};

/// l = 1/2 sum log 2 pi + v + (t - m)^2 e^-v      dm = (m - t) e^-v dl      dv = 1/2 (1 - (t - m)^2 e^-v) dl
struct GaussianNll {
  Tensor mean{}, logvar{}, t{};
  Tensor forward(const Tensor& mean_in, const Tensor& logvar_in, const Tensor& t_in) {
    check_not_empty("gaussian_nll", mean_in);
    check_same_shape("gaussian_nll (mean, logvar)", mean_in, logvar_in);
    check_same_shape("gaussian_nll (mean, target)", mean_in, t_in);
    mean = mean_in, logvar = logvar_in, t = t_in;
    const Real *m = mean.data(), *v = logvar.data(), *x = t.data();
    const Real log_2pi = std::log(2 * std::numbers::pi_v<Real>);
    return summed(mean.shape(), [=](Index i) {
      const Real difference = x[i] - m[i];
      return Real(0.5) * (log_2pi + v[i] + difference * difference * fast_exp(-v[i]));
    });
  }
  Grads<3> backward(const Tensor& dl, const Needs<3>& needs) const {
    const Tensor precision = mapped(logvar, [](Real v) { return fast_exp(-v); });  // 1 / variance
    const Real *m = mean.data(), *p = precision.data(), *x = t.data();
    Grads<3> grads;
    if (needs[0]) grads[0] = scaled_rows(dl, mean.shape(), [=](Index i) { return (m[i] - x[i]) * p[i]; });
    if (needs[1]) {
      grads[1] = scaled_rows(dl, mean.shape(),
                             [=](Index i) { return Real(0.5) * (1 - (x[i] - m[i]) * (x[i] - m[i]) * p[i]); });
    }
    return grads;
  }
};

}  // namespace

Var l1_error(const Var& y, const Var& target) { return record(L1Error{}, y, target); }

Var cross_entropy(const Var& logits, std::span<const int> labels) {
  check_rank("cross_entropy", "logits", logits.value(), 2);
  GRADUS_CHECK(static_cast<Index>(labels.size()) == logits.dim(0), "cross_entropy: logits ", logits.shape(),
               " need ", logits.dim(0), " labels, got ", labels.size());
  check_labels("cross_entropy", labels, logits.dim(1));
  return record(CrossEntropy{{labels.begin(), labels.end()}}, logits);
}

Var gaussian_nll(const Var& mean, const Var& logvar, const Tensor& target) {
  return record(GaussianNll{}, mean, logvar, Var(target));
}

}  // namespace gradus
