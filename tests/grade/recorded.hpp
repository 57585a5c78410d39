#pragma once
// Checks as numbers: inputs, right answers and the answers of known mistakes, without the formulas.
#include "course.hpp"

namespace gradus::grade {

/// All checks of these exercises with `draws` draws each, as JSON text.
std::string record_checks(const std::vector<Exercise>& exercises, int draws);
/// The checks in such a text, by exercise number. Throws Error when it is damaged.
std::map<int, std::vector<Check>> recorded_checks(const std::string& json);

}  // namespace gradus::grade
