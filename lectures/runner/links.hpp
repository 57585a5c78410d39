#pragma once
// Links of the Markdown pages to pages of the book.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gradus::lecture {

/// Finds the page of the book for a file of the project. Linked sources and texts become pages of their own;
/// linked pictures are copied.
class Links {
 public:
  /// `lessons`: the folder lectures/lecture4 of the project; `out`: the folder of the book.
  Links(const std::filesystem::path& lessons, std::filesystem::path out);

  /// The address of a link's target in a text of the folder `from`, relative to the book's folder. Addresses
  /// of other sites stay as they are; "" when the project has no such file. With `to_results`, a program's
  /// source leads to its section in the book.
  std::string address(const std::filesystem::path& from, const std::string& target, bool to_results);
  /// The address of the copied picture; "" when it does not exist.
  std::string picture(const std::filesystem::path& from, const std::string& target);

  /// A linked file that becomes a page.
  struct Extra {
    std::filesystem::path source{};
    std::string page{};  ///< "code/src.ops.conv.cpp.html"
  };
  /// Linked files in the order of their first link; rendering one may append others.
  const std::vector<Extra>& extras() const { return extras_; }
  const std::filesystem::path& lessons() const { return lessons_; }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::string page_of(const std::filesystem::path& path, bool to_results);
  std::string add(const std::filesystem::path& path, const std::string& folder);

  std::filesystem::path lessons_, root_{}, out_;
  std::vector<Extra> extras_{};
  std::map<std::string, std::string> pages_{};  // of a path below the root
};

}  // namespace gradus::lecture
