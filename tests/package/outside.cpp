// A short program outside this project.
//
//   outside          a product and an image of it; the location of BLAS
//   outside <BLAS>   loads BLAS before Gradus can, with its slowest kernel, as another library may
#include <dlfcn.h>

#include <cstdlib>
#include <gradus/gradus.hpp>
#include <gradus/kernels/gemm.hpp>
#include <iostream>

int main(int argc, char** argv) {
  if (argc > 1) {
    setenv("OPENBLAS_CORETYPE", "PRESCOTT", 1);
    if (!dlopen(argv[1], RTLD_NOW)) return 1;
    unsetenv("OPENBLAS_CORETYPE");
  }
  gradus::Tensor a = gradus::Tensor::full({3, 4}, 2), b = gradus::Tensor::full({4, 5}, 3), c({3, 5});
  gradus::gemm(gradus::Transpose::no, gradus::Transpose::no, 3, 5, 4, a.data(), 4, b.data(), 5, c.data(), 5);
  std::cout << gradus::runtime_banner() << "\nproduct " << c[14] << "\n" << 1 / gradus::Var(c) << "\n";
  std::cout << "blas " << gradus::blas_library().path << "\n";
}
