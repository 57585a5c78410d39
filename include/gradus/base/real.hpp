#pragma once
// The floating-point type of the library: float to train, double (-DGRADUS_REAL=double) to
// check gradients to 1e-7.
#include <cstdint>

namespace gradus {

/// The element type of all tensors.
#ifdef GRADUS_DOUBLE
using Real = double;
#else
using Real = float;
#endif

/// Type of sizes, offsets and loop counters: signed, so that differences and descending loops are safe.
using Index = std::int64_t;

}  // namespace gradus
