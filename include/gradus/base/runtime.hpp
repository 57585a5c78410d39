#pragma once
// Runtime: number of threads, BLAS library and kernel, and the wait policy of idle threads.
#include <string>

#include "gradus/base/real.hpp"

namespace gradus {

/// Bytes of the widest vector register that the compiler may use: 64 with AVX-512, 32 with AVX, otherwise 16
/// (SSE2, NEON).
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// Number of threads that parallel loops use (OpenMP's setting).
int threads();
/// Sets it for this process. Throws Error when count < 1.
void set_threads(int count);

/// One line: precision, threads, vector width, BLAS library with its kernel (and corrections), wait policy.
std::string runtime_banner();

/// Must be the first call in main. Applies the wait policy: OpenMP reads it before main starts, so the
/// program may re-execute itself once (the reasons are in RUNTIME NOTES in runtime.cpp). The user's
/// own settings take priority.
void start_runtime(char** argv);

}  // namespace gradus
