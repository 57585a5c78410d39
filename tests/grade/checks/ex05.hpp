#pragma once
// Exercise 5 in two files.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> likelihood_checks();  ///< 5.1 to 5.5

}  // namespace gradus::grade
