#pragma once
// SIMD vectors through the vector extension of GCC and clang: one source for AVX-512, AVX2, SSE2 and NEON.
#include "gradus/base/real.hpp"
#include "gradus/base/runtime.hpp"

namespace gradus {

inline constexpr Index lanes = vector_bytes / sizeof(Real);  ///< elements per vector
/// A register of `lanes` elements; Unaligned is the same type in memory without alignment.
typedef Real Vector __attribute__((vector_size(vector_bytes)));
typedef Real Unaligned __attribute__((vector_size(vector_bytes), aligned(alignof(Real)), may_alias));

// Load and store without alignment.
inline Vector load(const Real* p) { return *reinterpret_cast<const Unaligned*>(p); }
inline void store(Real* p, Vector v) { *reinterpret_cast<Unaligned*>(p) = v; }
/// x in every lane. Not x + Vector{}: that is -0 + 0, an addition that the compiler cannot remove.
inline Vector broadcast(Real x) { return x - Vector{}; }

/// A mask of lanes: keep(first_lanes(count), v) has the first `count` elements of v, then zeros.
using Lanes = decltype(Vector{} < Vector{});
/// A mask of the first `count` lanes.
inline Lanes first_lanes(Index count) {
  Lanes kept;
  for (Index j = 0; j < lanes; ++j) kept[j] = j < count ? -1 : 0;
  return kept;
}
/// v in the lanes of the mask, else 0.
inline Vector keep(Lanes kept, Vector v) { return kept ? v : Vector{}; }

}  // namespace gradus
