#pragma once
// The book of a lecture: its lessons with the results of their programs, as HTML pages that need no server.
#include <filesystem>
#include <string>
#include <vector>

#include "runner/page.hpp"
#include "runner/results.hpp"

namespace gradus::lecture {

struct Book {
  Folders folders{};                ///< the pages are written to folders.out
  std::filesystem::path lessons{};  ///< lectures/lecture4 of the project
  std::string title{}, subtitle{};
  std::vector<page::Part> parts{};  ///< the programs and their results
};

/// Writes index.html (contents), a page per part, the pages of other Markdown files beside the lessons
/// (errata, index of the slides, figures), pages of the linked files, book.html (all in one, for print), and
/// the search index. Throws Error when a file cannot be written.
void write_book(const Book& book);

}  // namespace gradus::lecture
