#pragma once
// Dropout: random elements of a layer are 0 during training.
#include "gradus/autograd/var.hpp"

namespace gradus {

/// dropout: y = x m / (1 - p), where each element of m is 0 with probability p, else 1; the expectation of y
/// is x. Any shape. In evaluation, do not call it. Srivastava et al. 2014. Throws Error unless 0 <= p < 1.
Var dropout(const Var& x, Real p, Rng& rng);

}  // namespace gradus
