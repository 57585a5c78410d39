#pragma once
// Small symmetric matrices in double, row by row in a vector of n * n numbers.
#include <vector>

#include "gradus/base/real.hpp"

namespace gradus {

/// symmetric_product: a bT, [n, n]. For a symmetric b that is the product a b, with rows that run straight.
/// The product of two symmetric matrices is in general not symmetric itself.
std::vector<double> symmetric_product(const std::vector<double>& a, const std::vector<double>& b, Index n);

/// symmetric_root: the matrix S^1/2 whose square is S, for symmetric S without negative eigenvalues (what
/// rounding makes negative counts as zero). S's lower triangle is read. Throws Error as symmetric_eigen does.
std::vector<double> symmetric_root(std::vector<double> s, Index n);

}  // namespace gradus
