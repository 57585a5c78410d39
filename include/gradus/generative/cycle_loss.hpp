#pragma once
// The two losses of a CycleGAN that compare an example with itself.
#include "gradus/autograd/op.hpp"

namespace gradus {

/// cycle_loss: the mean absolute difference between an example and its translation there and back.
///
///   returned, x  [B, ..]    returned = F(G(x)), K values per example
///   l_b          [B]        1/K sum_k |returned_bk - x_bk|        the gradient is 0 where they are equal
///
/// x is data and has no gradient. Zhu, Park, Isola, Efros 2017; 6.S191 L4, "CycleGAN: domain transformation".
/// Throws Error when the shapes differ or an example has no values.
struct CycleLoss {
  const char* op = "cycle_loss";  ///< or "identity_loss"
  Tensor returned{}, x{};         ///< kept for backward
  Tensor forward(const Tensor& returned_in, const Tensor& x_in);
  Grads<2> backward(const Tensor& dl) const;  ///< no gradient for x
};
Var cycle_loss(const Var& returned, const Tensor& x);

/// identity_loss: the same distance between an example of the target domain and its translation into that
/// domain, G(b) and b. A translator that receives an example of its target domain should return it.
/// Throws Error as cycle_loss does.
Var identity_loss(const Var& kept, const Tensor& x);

}  // namespace gradus
