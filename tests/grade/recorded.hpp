#pragma once
// Checks as recorded numbers: inputs, right answers and the answers of known mistakes, without the formulas.
#include "course.hpp"

namespace gradus::grade {

/// All checks of these exercises as JSON text, each with `draws` draws.
std::string record_checks(const std::vector<Exercise>& exercises, int draws);
/// Parses such a text into checks by exercise number. Throws Error when it is damaged.
std::map<int, std::vector<Check>> recorded_checks(const std::string& json);

}  // namespace gradus::grade
