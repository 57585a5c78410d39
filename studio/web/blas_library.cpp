// In the page there is no OpenBLAS: gemm.cpp then computes every product with its own tiles
// (gemm_tiles.cpp), and symmetric_eigen throws Error. This file takes the place of
// src/base/blas_library.cpp.
#include "gradus/base/blas_library.hpp"

namespace gradus {

const BlasLibrary& blas_library() {
  static const BlasLibrary none;
  return none;
}

void* blas_symbol(const char*) { return nullptr; }

}  // namespace gradus
