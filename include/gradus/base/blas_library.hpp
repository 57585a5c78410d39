#pragma once
// The BLAS library, loaded while the program runs, so that its choice of kernel can be looked at and
// repaired.
#include <string>

namespace gradus {

/// What was found and what was done about it. `handle` is dlopen's; null when no library was found.
struct BlasLibrary {
  void* handle = nullptr;
  std::string path{};    ///< what was opened
  std::string kernel{};  ///< OpenBLAS's name of the kernel in use, e.g. SkylakeX
  std::string
      refused{};         ///< the slower kernel that OpenBLAS had chosen first; empty when its choice was good
  std::string better{};  ///< the OPENBLAS_CORETYPE to start the program with, where a slower kernel stayed in
                         ///< use: another library (libtorch) had loaded OpenBLAS before; empty otherwise
  bool fast = false;     ///< the kernel uses the vectors that the processor has
  bool follows_openmp = false;  ///< the OpenMP build: single-threaded by itself inside a parallel region
  bool no_room = false;         ///< not loaded: a limit on memory (ulimit -v) leaves no room for its buffers
  int callers = 1 << 30;        ///< threads that may call it at a time: fewer under such a limit
};

/// The library, loaded at the first call (a few milliseconds); never throws.
const BlasLibrary& blas_library();

/// A function of the library by its C name; null when the library or the function is missing.
void* blas_symbol(const char* name);

}  // namespace gradus
