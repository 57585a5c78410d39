#pragma once
// How much a picture looks like another, where "off by so much a pixel" says too little.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Where structural_similarity looks at a time.
///
///   gaussian   11 x 11 pixels, weights exp(-(u^2 + v^2) / (2 1.5^2)): what is meant by "SSIM" as a rule
///   square     8 x 8 pixels, equal weights: for pictures that are hardly larger than the other one
///
/// Both are in Wang et al. 2004, the second as the older form. Figures from different windows do not compare.
enum class SimilarityWindow { gaussian, square };

/// structural_similarity (SSIM): do a and b have the same light, contrast and structure, place by place?
///
///   a, b  [B, H, W, C] in [0, 1]
///   s     [B]                           mean over all windows that lie inside, and over channels, of
///
///         2 ma mb + C1      2 cov + C2          m, v, cov: mean, variance, covariance under the window,
///       ---------------- x ------------         whose weights sum to 1
///       ma^2 + mb^2 + C1    va + vb + C2        C1 = 0.01^2, C2 = 0.03^2
///
/// 1 for equal pictures, near 0 when they have nothing in common, below 0 when one is bright where the other
/// is dark. Two windows that are both black count as equal, so SSIM of digits rises with the paper round
/// them.
///
/// Wang, Bovik, Sheikh, Simoncelli 2004, with their constants; sums in double. NaN stays in its picture.
/// Throws Error when the shapes differ, the rank is not 4, or the window does not fit.
Tensor structural_similarity(const Tensor& a, const Tensor& b,
                             SimilarityWindow window = SimilarityWindow::gaussian);

/// grey_share: 4 p (1 - p), averaged over all numbers p of x [..] in [0, 1]: 0 when all are 0 or 1, 1 when
/// all are 1/2. The average of several sharp pictures is grey where they differ. Throws Error when x is
/// empty.
double grey_share(const Tensor& x);

}  // namespace gradus
