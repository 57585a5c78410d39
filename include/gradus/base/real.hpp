#pragma once
// One source, two precisions: float to train, double (-DGRADUS_REAL=double) to check gradients to 1e-7.
#include <cstdint>

namespace gradus {

#ifdef GRADUS_DOUBLE
using Real = double;
#else
using Real = float;
#endif

/// Sizes, offsets and loop counters: signed, so that differences and loops downwards are safe.
using Index = std::int64_t;

}  // namespace gradus
