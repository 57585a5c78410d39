#pragma once
// Runtime: threads, the BLAS library and its kernel, and how threads wait for work.
#include <string>

#include "gradus/base/real.hpp"

namespace gradus {

/// Bytes of the widest vector register that the compiler may use: 64 with AVX-512, 32 with AVX, 16 (SSE2,
/// NEON) elsewhere.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// Number of threads that parallel loops use (OpenMP's setting).
int threads();
/// Sets it for this process. Throws Error below 1.
void set_threads(int count);

/// One line: precision, threads, vector width, BLAS library with its kernel (and what was repaired), wait
/// policy.
std::string runtime_banner();

/// First call in main: puts the wait policy in force (OpenMP reads it before main starts, so the program may
/// re-execute itself once; RUNTIME NOTES in runtime.cpp say why), and gives every setting the user made
/// priority.
void start_runtime(char** argv);

}  // namespace gradus
