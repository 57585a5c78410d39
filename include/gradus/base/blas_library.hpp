#pragma once
// The BLAS library, loaded at run time, so that its choice of kernel can be inspected and corrected.
#include <string>

namespace gradus {

/// The library that was found and the corrections made.
struct BlasLibrary {
  void* handle = nullptr;  ///< of dlopen; null when no library was found
  std::string path{};      ///< path of the opened library
  std::string kernel{};    ///< OpenBLAS's name of the kernel in use, e.g. SkylakeX
  std::string refused{};   ///< the slower kernel that OpenBLAS chose first; empty when its choice was good
  std::string better{};    ///< the OPENBLAS_CORETYPE to start the program with when a slower kernel stays in
                           ///< use because another library (libtorch) loaded OpenBLAS first; empty otherwise
  bool fast = false;       ///< the kernel uses the processor's widest vectors
  bool follows_openmp = false;  ///< the OpenMP build: single-threaded inside a parallel region
  bool no_room = false;         ///< not loaded: a memory limit (ulimit -v) leaves no room for its buffers
  int callers = 1 << 30;        ///< threads that may call it at the same time: fewer under such a limit
};

/// The library, loaded by the first call (a few milliseconds). Never throws.
const BlasLibrary& blas_library();

/// A function of the library by its C name; null when the library or the function is missing.
void* blas_symbol(const char* name);

}  // namespace gradus
