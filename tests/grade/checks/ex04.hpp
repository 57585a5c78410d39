#pragma once
// Exercise 4 in two files.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> distribution_checks();  ///< 4.1 to 4.4

}  // namespace gradus::grade
