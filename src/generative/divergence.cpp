#include "gradus/generative/divergence.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
// SOLUTION(4)
namespace {

/// p log(p / q) with 0 log 0 = 0
Real term(Real p, Real q) { return p == 0 ? Real(0) : p * (fast_log(p) - fast_log(q)); }

/// out_bk = d_b f(b K + k)
template <class F>
Tensor scaled_rows(const Tensor& d, const Shape& shape, F f) {
  Tensor out(shape);
  const Index K = shape[1];
  const Real* scale = d.data();
  Real* y = out.data();
  for_rows(shape[0], out.size(), [=](Index b) {
    for (Index i = b * K; i < (b + 1) * K; ++i) y[i] = scale[b] * f(i);
  });
  return out;
}

}  // namespace
// END

Tensor KlDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("kl_divergence", "p", p_in, 2);
  check_same_shape("kl_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // SOLUTION(4.1) Return the divergence of every row, [B], in nats:
  //   kl_b = spacing sum_k p_bk log(p_bk / q_bk)
  // Where p_bk = 0 the term is 0, whatever q_bk is; where p_bk > 0 = q_bk the divergence is infinite, and so
  // should your answer be: no small number that keeps the logarithm finite.
  //
  const Index K = p.dim(1);
  const Real *a = p.data(), *b = q.data(), h = spacing;
  Tensor kl({p.dim(0)});
  row_sums(p.dim(0), K, kl.data(),
           [=](Index row, Index k) { return h * term(a[row * K + k], b[row * K + k]); });
  return kl;
  // END
}

Grads<2> KlDivergence::backward(const Tensor& dkl) const {
  // SOLUTION(4.2: dkl) Return { dL/dp, dL/dq }, both [B, K], from dkl = dL/dkl [B]. p and q are independent
  // numbers here: that a law sums to 1 is not used. Where p_bk = 0: dq is 0. Where both are 0: dp is 0, too.
  // Where only p_bk is 0 nothing is special about dp: it is as infinite as its formula says.
  //
  // dp = (log(p / q) + 1) dkl        dq = -p / q dkl
  const Real *a = p.data(), *b = q.data(), h = spacing;
  return {scaled_rows(dkl, p.shape(),
                      [=](Index i) {
                        return a[i] == 0 && b[i] == 0 ? Real(0) : h * (fast_log(a[i]) - fast_log(b[i]) + 1);
                      }),
          scaled_rows(dkl, p.shape(), [=](Index i) { return a[i] == 0 ? Real(0) : -h * a[i] / b[i]; })};
  // END
}

Tensor JsDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("js_divergence", "p", p_in, 2);
  check_same_shape("js_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // SOLUTION(4.3) Return the divergence of every row, [B], in nats, with m = (p + q) / 2:
  //   js_b = 1/2 KL(p_b || m_b) + 1/2 KL(q_b || m_b)
  // KL with the spacing and with 0 log 0 = 0, as in TODO 4.1. m is only 0 where both are, so nothing here is
  // ever infinite.
  //
  const Index K = p.dim(1);
  const Real *a = p.data(), *b = q.data(), h = spacing;
  Tensor js({p.dim(0)});
  row_sums(p.dim(0), K, js.data(), [=](Index row, Index k) {
    const Index i = row * K + k;
    const Real m = Real(0.5) * (a[i] + b[i]);
    return Real(0.5) * h * (term(a[i], m) + term(b[i], m));
  });
  return js;
  // END
}

Grads<2> JsDivergence::backward(const Tensor& djs) const {
  // SOLUTION(4.4: djs) Return { dL/dp, dL/dq }, both [B, K], from djs = dL/djs [B]. p is in both terms, and m
  // depends on it, too: collect all, and see what cancels. Where p_bk and q_bk are both 0 both gradients are
  // 0; where one is 0 its gradient is as infinite as the formula says.
  //
  // dp = 1/2 log(p / m) djs          dq = 1/2 log(q / m) djs         (what m adds to both cancels)
  const auto towards_middle = [&](const Tensor& one, const Tensor& other) {
    const Real *a = one.data(), *b = other.data(), h = spacing;
    return scaled_rows(djs, one.shape(), [=](Index i) {
      return a[i] == 0 && b[i] == 0 ? Real(0)
                                    : Real(0.5) * h * (fast_log(a[i]) - fast_log(Real(0.5) * (a[i] + b[i])));
    });
  };
  return {towards_middle(p, q), towards_middle(q, p)};
  // END
}

Var kl_divergence(const Var& p, const Var& q, Real spacing) { return record(KlDivergence{spacing}, p, q); }
Var js_divergence(const Var& p, const Var& q, Real spacing) { return record(JsDivergence{spacing}, p, q); }

}  // namespace gradus
