#pragma once
// Formulas are taken out of a text before Markdown is parsed, which would read their underscores
// and asterisks as emphasis.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/formulas.hpp"

namespace gradus::lecture {

/// The text with formula_mark(i) in the place of its formulas, $...$ and $$...$$, which are appended to the
/// list. An opening dollar sign has no letter before it, and a single one no blank after it; a single closing
/// one has no blank before it and no letter after it. Code has no formulas.
std::string without_formulas(std::string_view text, std::vector<Formula>& formulas);

/// The number of a formula between two private characters of Unicode.
std::string formula_mark(std::size_t index);

/// The text with every formula mark replaced by replacement(index).
std::string with_formulas(std::string_view text, const std::function<std::string(std::size_t)>& replacement);

}  // namespace gradus::lecture
