#pragma once
// Principal component analysis: the optimal linear autoencoder, in closed form.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Projection to the K directions of largest variance, and back.
///
///   z = W (x - mean)        x^ = mean + WT z        rows of W: orthonormal eigenvectors of the covariance
///
/// DS542, "Dimensionality reduction with Principal Component Analysis (PCA)".
struct Pca {
  Tensor mean;        ///< [D]
  Tensor components;  ///< [K, D], largest variance first; in every row the entry of largest size is positive
  Tensor variances;   ///< [D], all of them, largest first (divided by N)

  // Throws Error for another shape.
  Tensor encode(const Tensor& x) const;       ///< x [B, D] -> z [B, K]
  Tensor decode(const Tensor& z) const;       ///< z [B, K] -> x^ [B, D]
  Tensor reconstruct(const Tensor& x) const;  ///< decode(encode(x))

  /// The same with the first `count` components only. Throws Error outside 1 .. K.
  Pca first(Index count) const;
};

/// Fits x [N, D], one example per row.
/// Throws Error when the rank is not 2, N < 1, or `components` is outside 1 .. D.
Pca fit_pca(const Tensor& x, Index components);

/// Cosines of the principal angles between the spaces spanned by the rows of a [K, D] and of b [L, D],
/// largest first, min(K, L) of them: all 1 when one space contains the other, all 0 when they are orthogonal.
/// Throws Error when the ranks or D do not fit.
std::vector<double> principal_cosines(const Tensor& a, const Tensor& b);

}  // namespace gradus
