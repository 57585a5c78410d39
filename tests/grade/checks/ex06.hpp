#pragma once
// Exercise 6 in two files, with their shared declarations.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> code_checks();  ///< 6.5 and 6.6

inline Tensor number(double value) { return Tensor::full({1}, static_cast<Real>(value)); }

}  // namespace gradus::grade
