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

}  // namespace gradus
