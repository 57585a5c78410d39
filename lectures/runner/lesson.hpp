#pragma once
// The page of a part: its lesson, with code beside the formulas and the results of the programs.
#include <set>
#include <string>
#include <vector>

#include "runner/book.hpp"
#include "runner/formulas.hpp"
#include "runner/links.hpp"
#include "runner/markdown.hpp"

namespace gradus::lecture {

/// A heading of a page and the text below it, for the search.
struct Topic {
  int level = 1;                            ///< of the heading
  std::string title{}, address{}, words{};  ///< address: relative to the book's folder
};

/// A page: its file, title, and what is between header and footer.
struct Page {
  std::string file{}, title{}, body{};
  std::vector<Topic> topics{};
};

/// Renders Markdown files as pages of the book.
class Renderings {
 public:
  Renderings(const Book& book, Links& links) : book_(book), links_(links) {}

  /// The part's README with the sections of its programs; programs without a section in it follow.
  Page part(const page::Part& part);
  /// Any other Markdown file; `up` is the way from the page to the book's folder: "" or "../".
  Page text(const std::filesystem::path& source, const std::string& file, const std::string& up);
  /// A source with line numbers.
  Page code(const std::filesystem::path& source, const std::string& file) const;
  /// A table of all figures of the run.
  std::string figures() const;

  std::vector<Formula> formulas{};  ///< of all pages

 private:
  struct Place {  // of the text that is rendered
    std::filesystem::path folder{};
    std::string up{};
    bool lesson = false;
  };
  Writers writers(const Place& place);
  std::string link(const Place& place, const Link& link);
  std::string picture(const Place& place, const Link& picture);
  std::string excerpts(const Place& place, const std::vector<Link>& links);
  std::string excerpt(const Place& place, const Link& link);
  std::string section(const page::Section& section, const std::string& file,
                      const std::vector<Block>& blocks);
  std::string section_without_lesson(const page::Section& section) const;
  const page::Section* program(const std::string& name) const;

  const Book& book_;
  Links& links_;
  std::set<std::string> shown_{};  // pictures of runs that a lesson shows in its text
};

}  // namespace gradus::lecture
