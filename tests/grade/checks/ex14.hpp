#pragma once
#include "../check.hpp"

namespace gradus::grade {

/// The checks of flow matching: 14.5, 14.6.
std::vector<Check> checks_14_lines();

}  // namespace gradus::grade
