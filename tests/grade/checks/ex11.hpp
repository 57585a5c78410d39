#pragma once
// Exercise 11 in two files: training (11.1, 11.2), and resampling and testing (11.3 - 11.6).
#include "../check.hpp"

namespace gradus::grade {

std::vector<Check> resampling_checks();

}  // namespace gradus::grade
