#pragma once
// Exercise 10 in two files.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> checks_10_mixtures();  ///< 10.3 to 10.5

}  // namespace gradus::grade
