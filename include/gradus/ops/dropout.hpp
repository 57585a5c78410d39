#pragma once
#include "gradus/autograd/var.hpp"

namespace gradus {

/// y = x m / (1 - p) with m = 0 with probability p, else 1: the expectation stays x. In evaluation, leave it
/// out. Throws Error unless 0 <= p < 1.
Var dropout(const Var& x, Real p, Rng& rng);

}  // namespace gradus
