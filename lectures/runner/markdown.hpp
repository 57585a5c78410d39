#pragma once
// Markdown to HTML, in blocks, with links, pictures and inline code as the caller wants them.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/formulas.hpp"

namespace gradus::lecture {

/// A link or picture: its target, its text as HTML, and its text without formatting.
struct Link {
  std::string target{}, html{}, words{};
};

/// How the caller's pages show these: each returns HTML.
struct Writers {
  std::function<std::string(const Link&)> link{};
  std::function<std::string(const Link&)> picture{};      ///< words: the caption
  std::function<std::string(const std::string&)> code{};  ///< inline code; the text, not escaped
  /// A paragraph of links to lines of code; "" keeps the links.
  std::function<std::string(const std::vector<Link>&)> excerpts{};
};

/// A heading, paragraph, list, table or other block at the top level.
struct Block {
  int level = 0;             ///< of a heading, else 0
  bool excerpts = false;     ///< written by Writers::excerpts
  std::string id{}, html{};  ///< id: of a heading, as GitHub makes it
  std::string words{};       ///< without formatting; formulas as TeX
};

/// The blocks of a text. Formulas, $...$ and $$...$$, are appended to `formulas`; the HTML holds
/// formula_mark(i) in the place of formula i. Of HTML in the text, only tags without attributes
/// that fold, break lines or raise letters pass; the rest is shown as text.
std::vector<Block> parse_markdown(std::string_view text, const Writers& writers,
                                  std::vector<Formula>& formulas);

}  // namespace gradus::lecture
