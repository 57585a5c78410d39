// Ten lines of somebody else's program.
#include <gradus/gradus.hpp>
#include <gradus/kernels/gemm.hpp>
#include <iostream>

int main() {
  gradus::Tensor a = gradus::Tensor::full({3, 4}, 2), b = gradus::Tensor::full({4, 5}, 3), c({3, 5});
  gradus::gemm(gradus::Transpose::no, gradus::Transpose::no, 3, 5, 4, a.data(), 4, b.data(), 5, c.data(), 5);
  std::cout << gradus::runtime_banner() << "\nproduct " << c[14] << "\n";
}
