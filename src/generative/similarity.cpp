#include "gradus/generative/similarity.hpp"

#include <cmath>
#include <vector>

#include "gradus/kernels/elementwise.hpp"
#include "gradus/ops/checks.hpp"

namespace gradus {
namespace {

/// A square of weights with the sum 1.
struct WindowWeights {
  Index size;
  std::vector<double> weights;
};

WindowWeights weights_of(SimilarityWindow window) {
  const bool gaussian = window == SimilarityWindow::gaussian;
  WindowWeights out{gaussian ? 11 : 8, {}};
  double sum = 0;
  const Index middle = out.size / 2;
  for (Index u = 0; u < out.size; ++u)
    for (Index v = 0; v < out.size; ++v) {
      const double du = static_cast<double>(u - middle), dv = static_cast<double>(v - middle);
      out.weights.push_back(gaussian ? std::exp(-(du * du + dv * dv) / (2 * 1.5 * 1.5)) : 1);
      sum += out.weights.back();
    }
  for (double& weight : out.weights) weight /= sum;
  return out;
}

/// The formula at one window. a and b point at its first number; `row` is the stride between lines, `pixel`
/// the stride between pixels.
double similarity_at(const Real* a, const Real* b, Index row, Index pixel, const WindowWeights& window) {
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  const double* weight = window.weights.data();
  for (Index u = 0; u < window.size; ++u)
    for (Index v = 0; v < window.size; ++v) {
      const double w = *weight++;
      const double x = a[u * row + v * pixel], y = b[u * row + v * pixel];
      ma += w * x, mb += w * y, aa += w * x * x, bb += w * y * y, ab += w * x * y;
    }
  constexpr double C1 = 0.01 * 0.01, C2 = 0.03 * 0.03;
  const double va = aa - ma * ma, vb = bb - mb * mb, cov = ab - ma * mb;
  return (2 * ma * mb + C1) / (ma * ma + mb * mb + C1) * ((2 * cov + C2) / (va + vb + C2));
}

}  // namespace

Tensor structural_similarity(const Tensor& a, const Tensor& b, SimilarityWindow window) {
  check_rank("structural_similarity", "a", a, 4);
  check_same_shape("structural_similarity (a, b)", a, b);
  const Index B = a.dim(0), H = a.dim(1), W = a.dim(2), C = a.dim(3);
  const WindowWeights weights = weights_of(window);
  const Index size = weights.size;
  GRADUS_CHECK(H >= size && W >= size && C >= 1, "structural_similarity: the window of ", size, " x ", size,
               " pixels must fit into a ", a.shape());
  const Index I = H - size + 1, J = W - size + 1;
  Tensor s({B});
  const Real *from_a = a.data(), *from_b = b.data();
  Real* to = s.data();
  for_rows(B, a.size() * size * size, [=, &weights](Index n) {
    double sum = 0;
    for (Index i = 0; i < I; ++i)
      for (Index j = 0; j < J; ++j)
        for (Index c = 0; c < C; ++c) {
          const Index first = ((n * H + i) * W + j) * C + c;
          sum += similarity_at(from_a + first, from_b + first, W * C, C, weights);
        }
    to[n] = static_cast<Real>(sum / static_cast<double>(I * J * C));
  });
  return s;
}

double grey_share(const Tensor& x) {
  GRADUS_CHECK(x.size() > 0 && x, "grey_share: the input is an empty tensor");
  const Real* p = x.data();
  return total(x.size(), [p](Index i) { return 4 * p[i] * (1 - p[i]); }) / static_cast<double>(x.size());
}

}  // namespace gradus
