#pragma once
// Least squares: what one list of numbers says of another, in closed form.
//
// Two uses in a latent space. Codes regressed on what is known of the pictures: how does the code change when
// one factor changes and the others stay? What is known regressed on codes: does the code hold it at all?
#include <vector>

#include "gradus/tensor/tensor.hpp"

namespace gradus {

/// Regression of y [N, Q] on x [N, P] and on the products of its columns with up to `degree` factors:
///
///   yhat(x) = c + sum_t w_t phi_t(x)        phi_t = u_a, u_a u_b, u_a u_b u_c ...     u = (x - mean) / sd
///
/// with c and w that make sum_n |y_n - yhat(x_n)|^2 least. All columns are fitted together, so that what one
/// of them explains is not put down to another that happens to go with it.
class Regression {
 public:
  /// Throws Error when the shapes do not fit, degree < 1, there are fewer examples than terms, a column of x
  /// is constant, or one term is a sum of others (then w is not determined).
  Regression(const Tensor& x, const Tensor& y, int degree = 1);

  /// yhat [B, Q] of x [B, P]. Throws Error for another shape.
  Tensor operator()(const Tensor& x) const;

  /// Products in yhat, without the constant.
  Index terms() const { return static_cast<Index>(products_.size()); }

 private:
  std::vector<double> terms_of(const Real* x) const;  // phi(x), and the centres subtracted

  Index P_, Q_;
  std::vector<double> mean_, sd_;              // of x
  std::vector<std::vector<Index>> products_;   // the columns that are multiplied, one list a term
  std::vector<double> centre_, constant_, w_;  // mean of phi [T], mean of y [Q], [T, Q]
};

/// change_factors: z + E[z | to] - E[z | from], the code after its picture's factors went from -> to.
///
///   z [B, K]   from, to [B, F]   code_of: codes regressed on factors
///
/// What the factors do not explain of z, everything that makes this picture this picture, stays. With degree
/// 1 it adds multiples of fixed vectors, one a factor; with products the vectors depend on the picture.
/// DS542, "Resynthesizing real data with changes". Throws Error when the shapes do not fit.
Tensor change_factors(const Regression& code_of, const Tensor& z, const Tensor& from, const Tensor& to);

/// determination: R^2 = 1 - sum (y - yhat)^2 / sum (y - mean)^2, one number a column; y, yhat [N, Q].
/// Of predictions for examples that were not fitted it may be negative. Throws Error when the shapes differ,
/// or a column of y is constant.
std::vector<double> determination(const Tensor& yhat, const Tensor& y);

}  // namespace gradus
