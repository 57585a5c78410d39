#pragma once
// Least-squares regression in closed form.
//
// It has two uses in a latent space. Regression of codes on known factors of the images shows how the code
// changes when one factor changes and the others stay. Regression of factors on codes shows whether the code
// contains them.
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Regression of y [N, Q] on x [N, P] and on products of its columns with up to `degree` factors:
///
///   yhat(x) = c + sum_t w_t phi_t(x)        phi_t = u_a, u_a u_b, u_a u_b u_c ...     u = (x - mean) / sd
///
/// where c and w minimise sum_n |y_n - yhat(x_n)|^2.
/// All columns are fitted together, so that the effect of one column is not attributed to a correlated one.
class Regression {
 public:
  /// Fits y on x. Throws Error when the shapes do not fit, degree < 1, there are fewer examples than terms, a
  /// column of x is constant, or one term is a linear combination of others (then w is not determined).
  Regression(const Tensor& x, const Tensor& y, int degree = 1);

  /// yhat [B, Q] of x [B, P]. Throws Error for another shape.
  Tensor operator()(const Tensor& x) const;

  /// Number of products in yhat, without the constant.
  Index terms() const { return static_cast<Index>(products_.size()); }

 private:
  std::vector<double> terms_of(const Real* x) const;  // phi(x) minus the centres

  Index P_, Q_;
  std::vector<double> mean_, sd_;              // of x
  std::vector<std::vector<Index>> products_;   // the columns that are multiplied, one list per term
  std::vector<double> centre_, constant_, w_;  // mean of phi [T], mean of y [Q], [T, Q]
};

/// change_factors: z + E[z | to] - E[z | from], the code after changing its image's factors from -> to.
///
///   z [B, K]   from, to [B, F]   code_of: regression of codes on factors
///
/// The part of z that the factors do not explain, which is specific to the image, is kept. With degree 1 it
/// adds multiples of fixed vectors, one per factor; with products the vectors depend on the image.
/// DS542, "Resynthesizing real data with changes". Throws Error when the shapes do not fit.
Tensor change_factors(const Regression& code_of, const Tensor& z, const Tensor& from, const Tensor& to);

/// determination: R^2 = 1 - sum (y - yhat)^2 / sum (y - mean)^2, one value per column; y, yhat [N, Q]. It may
/// be negative for predictions of examples that were not fitted.
/// Throws Error when the shapes differ or a column of y is constant.
std::vector<double> determination(const Tensor& yhat, const Tensor& y);

}  // namespace gradus
