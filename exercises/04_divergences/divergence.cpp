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
  // TODO(4.1) Return the divergence of every row, [B]:
  //   kl_b = spacing sum_k p_bk log(p_bk / q_bk)        where p_bk = 0 the term is 0, whatever q_bk is
  todo("4.1");
}

Grads<2> KlDivergence::backward(const Tensor& dkl) const {
  // TODO(4.2) Return { dL/dp, dL/dq }, both [B, K], from dkl = dL/dkl [B]. Where p_bk = 0: dq is 0;
  // where both are 0: dp is 0, too.
  todo("4.2", dkl);
}

Tensor JsDivergence::forward(const Tensor& p_in, const Tensor& q_in) {
  check_rank("js_divergence", "p", p_in, 2);
  check_same_shape("js_divergence", p_in, q_in);
  p = p_in, q = q_in;  // backward needs them
  // TODO(4.3) Return the divergence of every row, [B], with m = (p + q) / 2:
  //   js_b = 1/2 KL(p_b || m_b) + 1/2 KL(q_b || m_b)        with the spacing, and 0 log 0 = 0, as above
  todo("4.3");
}

Grads<2> JsDivergence::backward(const Tensor& djs) const {
  // TODO(4.4) Return { dL/dp, dL/dq }, both [B, K]. m depends on p and on q; see what cancels.
  // Where both are 0 the gradients are 0.
  todo("4.4", djs);
}

Var kl_divergence(const Var& p, const Var& q, Real spacing) { return record(KlDivergence{spacing}, p, q); }
Var js_divergence(const Var& p, const Var& q, Real spacing) { return record(JsDivergence{spacing}, p, q); }

}  // namespace gradus
