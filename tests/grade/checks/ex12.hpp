#pragma once
// Exercise 12 in two files, with their shared declarations.
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> cycle_step_checks();  ///< 12.4 and 12.5

}  // namespace gradus::grade
