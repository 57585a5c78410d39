#include "gradus/generative/divergence.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
// [4]
namespace {

/// p log(p / q) with 0 log 0 = 0
Real term(Real p, Real q) { return p == 0 ? Real(0) : p * (fast_log(p) - fast_log(q)); }

}  // namespace
// [end]

Tensor KlDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("kl_divergence", "p", p_in, 2);
  check_same_shape("kl_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // [4.1]
  const Index K = p.dim(1);
  const Real *a = p.data(), *b = q.data(), h = spacing;
  Tensor kl({p.dim(0)});
  row_sums(p.dim(0), K, kl.data(),
           [=](Index row, Index k) { return h * term(a[row * K + k], b[row * K + k]); });
  return kl;
  // [end]
}

Grads<2> KlDivergence::backward(const Tensor& dkl) const {
  // [4.2]
  // dp = (log(p / q) + 1) dkl        dq = -p / q dkl
  const Real *a = p.data(), *b = q.data(), h = spacing;
  return {scaled_rows(dkl, p.shape(),
                      [=](Index i) {
                        return a[i] == 0 && b[i] == 0 ? Real(0) : h * (fast_log(a[i]) - fast_log(b[i]) + 1);
                      }),
          scaled_rows(dkl, p.shape(), [=](Index i) { return a[i] == 0 ? Real(0) : -h * a[i] / b[i]; })};
  // [end]
}

Tensor JsDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("js_divergence", "p", p_in, 2);
  check_same_shape("js_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // [4.3]
  const Index K = p.dim(1);
  const Real *a = p.data(), *b = q.data(), h = spacing;
  Tensor js({p.dim(0)});
  row_sums(p.dim(0), K, js.data(), [=](Index row, Index k) {
    const Index i = row * K + k;
    const Real m = Real(0.5) * (a[i] + b[i]);
    return Real(0.5) * h * (term(a[i], m) + term(b[i], m));
  });
  return js;
  // [end]
}

Grads<2> JsDivergence::backward(const Tensor& djs) const {
  // [4.4]
  // dp = 1/2 log(p / m) djs          dq = 1/2 log(q / m) djs         (the terms through m cancel)
  const auto towards_middle = [&](const Tensor& one, const Tensor& other) {
    const Real *a = one.data(), *b = other.data(), h = spacing;
    return scaled_rows(djs, one.shape(), [=](Index i) {
      return a[i] == 0 && b[i] == 0 ? Real(0)
                                    : Real(0.5) * h * (fast_log(a[i]) - fast_log(Real(0.5) * (a[i] + b[i])));
    });
  };
  return {towards_middle(p, q), towards_middle(q, p)};
  // [end]
}

Var kl_divergence(const Var& p, const Var& q, Real spacing) { return record(KlDivergence{spacing}, p, q); }
Var js_divergence(const Var& p, const Var& q, Real spacing) { return record(JsDivergence{spacing}, p, q); }

}  // namespace gradus
