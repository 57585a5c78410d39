#pragma once
// Small symmetric matrices in double, stored by rows in a vector of n * n elements.
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// symmetric_product: a bT, [n, n]. For symmetric b this is the product a b, with contiguous rows.
/// The product of two symmetric matrices is in general not symmetric. The sizes are not checked.
std::vector<double> symmetric_product(const std::vector<double>& a, const std::vector<double>& b, Index n);

/// symmetric_root: the matrix S^1/2 whose square is S, for symmetric S without negative eigenvalues (those
/// that are negative by rounding count as zero). The lower triangle of S is read.
/// Throws Error as symmetric_eigen does.
std::vector<double> symmetric_root(std::vector<double> s, Index n);

/// symmetric_at_least: S with every eigenvalue below `least` replaced by it; S itself, with the same bits,
/// when there is none. An eigenvalue also counts as too small below 8 sqrt(n) epsilon lambda_max with the
/// epsilon of Real: after rounding to Real, the result is positive definite unless S is 0 and `least` as
/// well. The lower triangle of S is read. Throws Error as symmetric_eigen does.
std::vector<double> symmetric_at_least(const std::vector<double>& s, Index n, double least);

}  // namespace gradus
