#pragma once
// The similarity of two images, where a mean error per pixel is not informative enough.
#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// The window of structural_similarity.
///
///   gaussian   11 x 11 pixels, weights exp(-(u^2 + v^2) / (2 1.5^2)): the usual "SSIM"
///   square     8 x 8 pixels, equal weights: for images that are hardly larger than 11 x 11
///
/// Both are in Wang et al. 2004, the second as the older form.
/// Values of different windows are not comparable.
enum class SimilarityWindow { gaussian, square };

/// structural_similarity (SSIM): the local agreement of a and b in luminance, contrast and structure.
///
///   a, b  [B, H, W, C] in [0, 1]
///   s     [B]                           mean over all windows that lie inside, and over channels, of
///
///         2 ma mb + C1      2 cov + C2          m, v, cov: mean, variance, covariance under the window,
///       ---------------- x ------------         whose weights sum to 1
///       ma^2 + mb^2 + C1    va + vb + C2        C1 = 0.01^2, C2 = 0.03^2
///
/// 1 for equal images, near 0 for unrelated ones, below 0 when one is bright where the other is dark.
/// Two windows that are both black count as equal, so the SSIM of digits increases with their background.
///
/// Wang, Bovik, Sheikh, Simoncelli 2004, with their constants; sums in double. NaN affects its own image
/// only. Throws Error when the shapes differ, the rank is not 4, or the window does not fit.
Tensor structural_similarity(const Tensor& a, const Tensor& b,
                             SimilarityWindow window = SimilarityWindow::gaussian);

/// grey_share: the mean of 4 p (1 - p) over all values p of x [..] in [0, 1]: 0 when all are 0 or 1, 1 when
/// all are 1/2. The average of several sharp images is grey where they differ. Throws Error when x is empty.
double grey_share(const Tensor& x);

}  // namespace gradus
