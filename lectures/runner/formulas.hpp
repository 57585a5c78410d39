#pragma once
// Formulas of the lessons: TeX to MathML.
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::lecture {

/// A formula of a lesson, as it stands between its dollar signs.
struct Formula {
  std::string tex{};
  bool display = false;  ///< on a line of its own: $$...$$
};

/// The formulas as MathML; a formula that cannot be converted is "". One process of Node.js with KaTeX
/// (formulas.js) converts all that `<folder>/.formulas.json` does not have from an earlier run.
std::vector<std::string> as_mathml(const std::vector<Formula>& formulas, const std::filesystem::path& folder);

}  // namespace gradus::lecture
