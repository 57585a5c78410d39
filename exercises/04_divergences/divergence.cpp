// Your file for exercise 4. The lesson is README.md beside it; every TODO is a part of its own.
#include "gradus/generative/divergence.hpp"

#include "gradus/base/fast_math.hpp"
#include "gradus/base/todo.hpp"
#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {

Tensor KlDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("kl_divergence", "p", p_in, 2);
  check_same_shape("kl_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // TODO(4.1) Return the divergence of every row, [B], in nats:
  //   kl_b = spacing sum_k p_bk log(p_bk / q_bk)
  // Where p_bk = 0 the term is 0, whatever q_bk is; where p_bk > 0 = q_bk, the divergence is infinite,
  // and so is the result: do not add a small number to keep the logarithm finite.
  todo("4.1");
}

Grads<2> KlDivergence::backward(const Tensor& dkl) const {
  // TODO(4.2) Return { dL/dp, dL/dq }, both [B, K], from dkl = dL/dkl [B].
  // The elements of p and q are independent here: their sum of 1 is not used. Where p_bk = 0, dq is 0.
  // Where both are 0, dp is 0 too. Where only p_bk is 0, dp follows its formula and is infinite.
  todo("4.2", dkl);
}

Tensor JsDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("js_divergence", "p", p_in, 2);
  check_same_shape("js_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // TODO(4.3) Return the divergence of every row, [B], in nats, with m = (p + q) / 2:
  //   js_b = 1/2 KL(p_b || m_b) + 1/2 KL(q_b || m_b)
  // KL with the spacing and with 0 log 0 = 0, as in TODO 4.1.
  // m is 0 only where both are 0, so the result is always finite.
  todo("4.3");
}

Grads<2> JsDivergence::backward(const Tensor& djs) const {
  // TODO(4.4) Return { dL/dp, dL/dq }, both [B, K], from djs = dL/djs [B]. p occurs in the first term,
  // and m depends on it in both: add all parts and simplify. Where p_bk and q_bk are both 0,
  // both gradients are 0; where one is 0, its gradient follows the formula and is infinite.
  todo("4.4", djs);
}

Var kl_divergence(const Var& p, const Var& q, Real spacing) { return record(KlDivergence{spacing}, p, q); }
Var js_divergence(const Var& p, const Var& q, Real spacing) { return record(JsDivergence{spacing}, p, q); }

}  // namespace gradus
